"""Other NumPy forms of the normalised difference of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import parts, put_nan, result_dtype
from benchmarks.kernels._shared import in_counts
from benchmarks.spec import Array


def whole(a: Array, b: Array, *, scale: float, offset: float, nodata: Any, out: Array | None = None) -> Array:
    """Whole arrays in place, in the dtype of the result."""
    dtype = result_dtype(a)
    total = np.add(a, b, dtype=dtype)
    total += dtype.type(in_counts(0.0, 2.0, scale, offset))
    result = np.subtract(a, b, dtype=dtype, out=out)
    with np.errstate(all="ignore"):
        np.divide(result, total, out=result)
    np.copyto(result, np.nan, where=total == 0)
    put_nan(result, nodata, None, a, b)
    return result


def slabs(a: Array, b: Array, *, scale: float, offset: float, nodata: Any, out: Array | None = None) -> Array:
    """Do the same over slabs of rows that stay in cache."""
    result = np.empty(a.shape, result_dtype(a)) if out is None else out
    for rows in parts(a):
        whole(a[rows], b[rows], scale=scale, offset=offset, nodata=nodata, out=result[rows])
    return result


def integers(a: Array, b: Array, *, scale: float, offset: float, nodata: Any, out: Array | None = None) -> Array:
    """Difference and sum as 32-bit integers, slab by slab, which cast once at the division."""
    dtype = result_dtype(a)
    result, k = np.empty(a.shape, dtype) if out is None else out, int(in_counts(0.0, 2.0, scale, offset))
    for rows in parts(a):
        x, y = a[rows], b[rows]
        total = np.add(x, y, dtype=np.int32)
        total += k
        with np.errstate(all="ignore"):
            np.divide(np.subtract(x, y, dtype=np.int32), total, out=result[rows], dtype=dtype, casting="unsafe")
        np.copyto(result[rows], np.nan, where=total == 0)
        put_nan(result[rows], nodata, None, x, y)
    return result
