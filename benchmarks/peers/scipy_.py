"""SciPy: LAPACK's banded Cholesky factorisation, one series a call; the matrix is made once but for its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers._common import as_floats, few_values, output_dtype, peer
from benchmarks.spec import Array


def bands(dates: int, lmbda: float, d: int, times: Array | None = None) -> Array:
    """Return λ·DᵀD as the bands that `solveh_banded` takes, the diagonal last."""
    if not 1 <= d <= min(3, dates - 1):
        raise ValueError(f"d: it is {d}; accepted is 1 to 3, and less than the {dates} dates")
    rows = np.ones((dates, 1))  # of each difference the factors of the values that it is made of
    for k in range(1, d + 1):
        rows = np.pad(rows[1:], ((0, 0), (1, 0))) - np.pad(rows[:-1], ((0, 0), (0, 1)))
        if times is not None:
            rows /= (times[k:] - times[:-k])[:, np.newaxis]
    found = np.zeros((d + 1, dates))
    for first in range(d + 1):
        for second in range(first, d + 1):
            found[d - second + first, second : len(rows) + second] += rows[:, first] * rows[:, second]
    return lmbda * found


def whittaker_smooth(
    y: Array, weights: Array | None = None, times: Array | None = None, axis: int = 0, *, lmbda: float, d: int = 2,
    nodata: int | None = None, mask: Array | None = None, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Smooth the series along `axis` one by one."""
    from scipy.linalg import LinAlgError, solveh_banded

    doubles = np.moveaxis(as_floats(y, np.float64, nodata, mask), axis, -1)
    own = np.float64(1.0) if weights is None else np.moveaxis(np.broadcast_to(weights, y.shape), axis, -1)
    heavy = np.where(np.isnan(doubles) | ~(own > 0), 0.0, own)
    values = np.where(heavy > 0, doubles * heavy, 0.0)
    result = np.empty(y.shape, output_dtype(y, dtype)) if out is None else out
    target, bent = np.moveaxis(result, axis, -1), None if times is None else np.asarray(times, np.float64)
    matrix = bands(doubles.shape[-1], lmbda, d, bent)
    for pixel in np.ndindex(values.shape[:-1]):
        own_matrix = matrix.copy()
        own_matrix[-1] += heavy[pixel]
        try:
            target[pixel] = solveh_banded(own_matrix, values[pixel], overwrite_ab=True, check_finite=False)
        except LinAlgError:
            target[pixel] = np.nan
    return result


WHITTAKER_SMOOTH = peer(
    "scipy", "scipy.linalg", whittaker_smooth,
    "works in the basis of values: with few values and large lmbda its digits are lost, and fewer values than d may "
    "give a number, not NaN; an infinite value is not kept to its series", few_values,
)  # fmt: skip
