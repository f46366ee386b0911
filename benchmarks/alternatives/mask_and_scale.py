"""Other NumPy forms of masking and scaling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.alternatives._shared import parts, put_nan, result_dtype
from benchmarks.spec import Array


def _hidden(qa: Array | None, keep: Iterable[int] | None, reject_bits: int | None) -> Array | None:
    """Return where a quality band hides: by a table of 256 classes, or by bits."""
    if qa is None:
        return None
    if keep is None:
        return np.asarray((qa & qa.dtype.type(reject_bits or 0)) != 0)
    table = np.ones(256, bool)
    table[list(keep)] = False
    return np.asarray(table[qa])


def table(
    dn: Array, *, scale: float, offset: float, nodata: Any, qa: Array | None = None,
    keep: Iterable[int] | None = None, reject_bits: int | None = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Whole arrays in place; classes by a table of bools."""
    dtype = result_dtype(dn)
    result: Array = np.multiply(dn, dtype.type(scale), dtype=dtype, out=out)
    result += dtype.type(offset)
    put_nan(result, nodata, _hidden(qa, keep, reject_bits), dn)
    return result


def slabs(
    dn: Array, *, scale: float, offset: float, nodata: Any, qa: Array | None = None,
    keep: Iterable[int] | None = None, reject_bits: int | None = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Do the same over slabs of rows that stay in cache."""
    result = np.empty(dn.shape, result_dtype(dn)) if out is None else out
    classes = None if keep is None else tuple(keep)
    for rows in parts(dn):
        band = None if qa is None else qa[rows]
        table(
            dn[rows], scale=scale, offset=offset, nodata=nodata, qa=band, keep=classes, reject_bits=reject_bits,
            out=result[rows],
        )  # fmt: skip
    return result


def nan_table(
    dn: Array, *, scale: float, offset: float, nodata: Any, qa: Array | None = None,
    keep: Iterable[int] | None = None, reject_bits: int | None = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Classes by a table of 1 and NaN that is multiplied in, slab by slab."""
    dtype = result_dtype(dn)
    result = np.empty(dn.shape, dtype) if out is None else out
    factors = np.full(256, np.nan, dtype)
    if keep is not None:
        factors[list(keep)] = 1
    for rows in parts(dn):
        part = np.multiply(dn[rows], dtype.type(scale), dtype=dtype, out=result[rows])
        part += dtype.type(offset)
        bits = None
        if qa is not None and keep is not None:
            part *= factors[qa[rows]]
        elif qa is not None:
            bits = _hidden(qa[rows], None, reject_bits)
        put_nan(part, nodata, bits, dn[rows])
    return result
