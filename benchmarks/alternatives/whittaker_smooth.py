"""Other NumPy forms of Whittaker's smoother: dense systems, solved by LAPACK for many series at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import result_dtype
from benchmarks.kernels._whittaker import differences
from benchmarks.spec import Array

SERIES = 256
"""That are solved at once: their matrices stay in cache or near it."""


def dense(
    y: Array, weights: Any = None, times: Any = None, axis: int = 0, *, lmbda: float, d: int = 2, nodata: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """``np.linalg.solve`` of a stack of dense matrices, a block of series at a time."""
    series = np.moveaxis(y, axis, -1)
    dates = series.shape[-1]
    result = np.empty(y.shape, result_dtype(y)) if out is None else out
    target = np.moveaxis(result, axis, -1)
    rows, bent = differences(dates, d, times).astype(np.float64), np.zeros((dates - d, dates))
    for j in range(d + 1):
        bent[np.arange(dates - d), np.arange(dates - d) + j] = rows[:, j]
    penalty = lmbda * bent.T @ bent
    flat, own = (
        series.reshape(-1, dates),
        None if weights is None else np.moveaxis(weights, axis, -1).reshape(-1, dates),
    )
    places = [np.unravel_index(np.arange(k, min(k + SERIES, len(flat))), series.shape[:-1])
              for k in range(0, len(flat), SERIES)]  # fmt: skip
    for k, index in enumerate(places):
        values = flat[k * SERIES : (k + 1) * SERIES].astype(np.float64)
        there = ~np.isnan(values) if nodata is None else flat[k * SERIES : (k + 1) * SERIES] != nodata
        heavy = there.astype(np.float64) if own is None else np.where(there, own[k * SERIES : (k + 1) * SERIES], 0.0)
        matrices = np.repeat(penalty[np.newaxis], len(values), axis=0)
        matrices[:, np.arange(dates), np.arange(dates)] += heavy
        few = there.sum(axis=1) < d
        matrices[few] = np.eye(dates)
        smooth = np.linalg.solve(matrices, np.where(there, values * heavy, 0.0)[..., np.newaxis])[..., 0]
        smooth[few] = np.nan
        target[index] = smooth
    return result
