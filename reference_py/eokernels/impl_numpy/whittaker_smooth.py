"""Whittaker's smoother in NumPy; the contract is that of :func:`eokernels.whittaker_smooth`."""

from __future__ import annotations

from math import prod

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import penalty, series, steps
from eokernels.impl_numpy import blocks
from eokernels.impl_numpy._banded import Factors, Rows
from eokernels.impl_numpy._dense import roughness, solved

BLOCK, VALUES = 4096, 2**20  # pixels, and values of a block at most: its factors are a few times that


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
    steps(given, dates, smoothing.times)  # refuses times that lmbda does not fit
    bent = given.lmbda * roughness(dates, given.order, smoothing.times)
    with np.errstate(all="ignore"):
        for pixel in np.ndindex(stack.shape[1:]):
            place = (slice(None), *pixel)
            result[place] = solved(smoothing, place, bent, given.order)
    return smoothing.answer(result, out)
