"""Other NumPy forms of the enhanced vegetation index, with the constants of MODIS."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import parts, put_nan, result_dtype
from benchmarks.spec import Array


def _constant(scale: float | None, offset: float | None) -> float:
    """Return what is added to the denominator in the unit of the bands."""
    if scale is None or offset is None:
        return 1.0
    k = (offset * (1.0 + 6.0 - 7.5) + 1.0) / scale
    return float(np.rint(k)) if abs(k - np.rint(k)) <= 1e-6 else k


def whole(
    nir: Array, red: Array, blue: Array, *, scale: float | None = None, offset: float | None = None,
    nodata: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Whole arrays in place, one operation after the other."""
    dtype = result_dtype(nir)
    total = np.multiply(red, dtype.type(6), dtype=dtype)
    total += nir
    total -= np.multiply(blue, dtype.type(7.5), dtype=dtype)
    total += dtype.type(_constant(scale, offset))
    result = np.subtract(nir, red, dtype=dtype, out=out)
    result *= dtype.type(2.5)
    with np.errstate(all="ignore"):
        np.divide(result, total, out=result)
    np.copyto(result, np.nan, where=total == 0)
    put_nan(result, nodata, None, nir, red, blue)
    return result


def slabs(
    nir: Array, red: Array, blue: Array, *, scale: float | None = None, offset: float | None = None,
    nodata: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Do the same over slabs of rows that stay in cache."""
    result = np.empty(nir.shape, result_dtype(nir)) if out is None else out
    for rows in parts(nir):
        whole(nir[rows], red[rows], blue[rows], scale=scale, offset=offset, nodata=nodata, out=result[rows])
    return result
