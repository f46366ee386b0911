"""Other NumPy forms of the normalised difference."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import parts, put_nan, result_dtype
from benchmarks.spec import Array


def whole(a: Array, b: Array, *, nodata: Any = None, out: Array | None = None) -> Array:
    """Whole arrays in place: one temporary, and a masked copy for zero denominators."""
    dtype = result_dtype(a)
    with np.errstate(all="ignore"):
        total = np.add(a, b, dtype=dtype)
        result = np.subtract(a, b, dtype=dtype, out=out)
        np.divide(result, total, out=result)
    np.copyto(result, np.nan, where=total == 0)
    put_nan(result, nodata, None, a, b)
    return result


def slabs(a: Array, b: Array, *, nodata: Any = None, out: Array | None = None) -> Array:
    """Do the same over slabs of rows that stay in cache."""
    result = np.empty(a.shape, result_dtype(a)) if out is None else out
    for rows in parts(a):
        whole(a[rows], b[rows], nodata=nodata, out=result[rows])
    return result


def divided_where(a: Array, b: Array, *, nodata: Any = None, out: Array | None = None) -> Array:
    """``where=`` of the division in place of a repair afterwards."""
    dtype = result_dtype(a)
    total = np.add(a, b, dtype=dtype)
    result = np.empty(a.shape, dtype) if out is None else out
    result.fill(np.nan)
    difference = np.subtract(a, b, dtype=dtype)
    with np.errstate(all="ignore"):
        np.divide(difference, total, out=result, where=total != 0)
    put_nan(result, nodata, None, a, b)
    return result
