"""Whittaker's smoother in NumPy; the contract is that of :func:`eokernels.whittaker_smooth`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array
from eokernels._smoothing import penalty, series, steps
from eokernels.impl_numpy._banded import Factors, by_blocks, width_of
from eokernels.impl_numpy._dense import Dense

BLOCK, VALUES = 4096, 2**20  # pixels, and values of a block at most: its factors are a few times that
DENSE = 2**20  # elements of the matrices of a block


def whittaker_smooth(
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None
) -> Array:  # fmt: skip
    """Factorise blocks of pixels date by date, see ``_banded``; see :func:`eokernels.whittaker_smooth`."""
    given = penalty(lmbda, d)
    smoothing = series(y, weights, times, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    dates, uniform = len(smoothing.call.arrays[0]), smoothing.weights is None
    way, width = steps(given, dates, smoothing.times), width_of(smoothing, min(BLOCK, VALUES // dates))
    own, shared = Factors(way, width), None

    def solve(values: Array, present: Array, count: Array) -> Array:
        nonlocal shared
        if uniform and (count == dates).all():
            shared = shared or Factors(way, 1).of(np.ones((dates, 1)))
            return shared.solve(values)
        smooth = own.of(present).solve(values)
        smooth[:, ~(count >= given.order)] = np.nan
        return smooth

    return by_blocks(smoothing, width, solve, out)


def whittaker_smooth_naive(
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None
) -> Array:  # fmt: skip
    """Solve W + λ·DᵀD by ``np.linalg.solve``, a matrix for each series; see :func:`eokernels.whittaker_smooth`."""
    given = penalty(lmbda, d)
    smoothing = series(y, weights, times, axis, nodata=nodata, mask=mask, dtype=dtype, out=out)
    dates = len(smoothing.call.arrays[0])
    steps(given, dates, smoothing.times)  # refuses times that lmbda does not fit
    dense = Dense(dates, given.order, given.lmbda, smoothing.times)

    def solve(values: Array, present: Array, count: Array) -> Array:
        bad = ~(count >= given.order)
        values[:, bad], present[:, bad] = 0.0, 1.0
        smooth = dense.solve(values, present)
        smooth[:, bad] = np.nan
        return smooth

    return by_blocks(smoothing, width_of(smoothing, DENSE // dates**2), solve, out)
