"""Whittaker's smoother in NumPy; the contract is that of :func:`eokernels.whittaker_smooth`."""

from __future__ import annotations

from math import comb, prod

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import penalty, series, steps
from eokernels.impl_numpy import blocks
from eokernels.impl_numpy._banded import Factors, Rows

BLOCK, VALUES = 2048, 2**20  # pixels, and values of a block at most: its factors are a few times that


def whittaker_smooth(
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None
) -> Array:  # fmt: skip
    """Factorise blocks of pixels date by date, see ``_banded``; see :func:`eokernels.whittaker_smooth`."""
    given = penalty(lmbda, d)
    smoothing = series(y, weights, times, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    (stack,), result, dates = smoothing.call.arrays, smoothing.output(), len(smoothing.call.arrays[0])
    way, shape = steps(given, dates, smoothing.times), stack.shape[1:] or (1,)
    given_arrays = [None if array is None else array.reshape(dates, *shape) for array in
                    (stack, smoothing.call.mask, smoothing.weights, result)]  # fmt: skip
    width = max(1, min(BLOCK, VALUES // dates, prod(shape)))
    rows, own, shared = Rows(dates, width), Factors(way, width), None
    with np.errstate(all="ignore"):
        for index in blocks(shape, width):
            block, masked, heavy, target = [
                None if array is None else array[(slice(None), *index)] for array in given_arrays
            ]
            values, present, count = rows.read(block, masked, heavy, smoothing.call.nodata)
            if heavy is None and (count == dates).all():
                shared = shared or Factors(way, 1).of(np.ones((dates, 1)))
                factors = shared
            else:
                factors = own.of(present)
            smooth = factors.solve(values)
            smooth[:, ~(count >= given.order)] = np.nan
            target[...] = smooth.reshape(target.shape)
    return smoothing.answer(result, out)


def whittaker_smooth_naive(
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None
) -> Array:  # fmt: skip
    """Solve W + λ·DᵀD by ``np.linalg.solve``, series by series; see :func:`eokernels.whittaker_smooth`."""
    given = penalty(lmbda, d)
    smoothing = series(y, weights, times, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    (stack,), result, dates = smoothing.call.arrays, smoothing.output(), len(smoothing.call.arrays[0])
    way = steps(given, dates, smoothing.times)
    rough = np.zeros((dates - given.order, dates))
    for j in range(given.order + 1):
        rough[np.arange(len(rough)), np.arange(len(rough)) + j] = (-1) ** (given.order - j) * comb(given.order, j)
    if not way.even:
        rough = np.eye(dates)
        for k in range(1, given.order + 1):
            rough = np.diff(rough, axis=0) / (smoothing.times[k:] - smoothing.times[:-k])[:, np.newaxis]
    bent = given.lmbda * rough.T @ rough
    with np.errstate(all="ignore"):
        for pixel in np.ndindex(stack.shape[1:]):
            place = (slice(None), *pixel)
            values = stack[place].astype(np.float64)
            gone = np.isnan(values)
            if smoothing.call.nodata is not None:
                gone |= stack[place] == smoothing.call.nodata
            if smoothing.call.mask is not None:
                gone |= smoothing.call.mask[place]
            weight = np.ones(dates) if smoothing.weights is None else smoothing.weights[place].astype(np.float64)
            weight = np.where(gone | ~(weight > 0), 0.0, weight)
            values = np.where(weight > 0, values, 0.0)
            if np.count_nonzero(weight) < given.order or not np.isfinite(weight * values).all():
                result[place] = np.nan
            else:
                result[place] = np.linalg.solve(np.diag(weight) + bent, weight * values)
    return smoothing.answer(result, out)
