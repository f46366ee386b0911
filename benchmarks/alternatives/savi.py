"""Other NumPy forms of the soil-adjusted vegetation index, with its usual L."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import parts, put_nan, result_dtype
from benchmarks.kernels._shared import in_counts
from benchmarks.spec import Array


def whole(
    nir: Array, red: Array, *, scale: float | None = None, offset: float | None = None, nodata: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Whole arrays in place, one operation after the other."""
    dtype = result_dtype(nir)
    total = np.add(nir, red, dtype=dtype)
    total += dtype.type(in_counts(0.5, 2.0, scale, offset))
    result = np.subtract(nir, red, dtype=dtype, out=out)
    result *= dtype.type(1.5)
    with np.errstate(all="ignore"):
        np.divide(result, total, out=result)
    np.copyto(result, np.nan, where=total == 0)
    put_nan(result, nodata, None, nir, red)
    return result


def slabs(
    nir: Array, red: Array, *, scale: float | None = None, offset: float | None = None, nodata: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Do the same over slabs of rows that stay in cache."""
    result = np.empty(nir.shape, result_dtype(nir)) if out is None else out
    for rows in parts(nir):
        whole(nir[rows], red[rows], scale=scale, offset=offset, nodata=nodata, out=result[rows])
    return result
