"""Kernels in pure NumPy: one module per kernel with ``<k>``, what an expert writes, and ``<k>_naive``."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Admitted, Array

BLOCK = 65536  # elements; fastest of 16 Ki to 256 Ki from 512² to 2048²: the arrays of a block stay in L2 and L3


def blocks(shape: tuple[int, ...], limit: int) -> Iterator[tuple[Any, ...]]:
    """Yield indices that cut an array of `shape` into pieces of at most `limit` elements (one at least).

    Trailing axes stay whole as long as they fit, so that pieces of a C-contiguous array are contiguous and all but the
    length of their first axis is the same for all of them.
    """
    inner = prod(shape[1:])
    if inner > limit and len(shape) > 1:
        for i in range(shape[0]):
            for rest in blocks(shape[1:], limit):
                yield (i, *rest)
        return
    step = max(1, limit // max(1, inner))
    for i in range(0, shape[0], step):
        yield (slice(i, i + step),)


def cut(result: Array, *operands: Array | None, spare: int) -> Iterator[tuple[Any, ...]]:
    """Yield a block of the result and of each operand (None stays), then `spare` scratch arrays like the result's.

    Operands have the result's shape. Axes are ordered by the result's strides, for long inner loops. The scratch
    arrays stay in cache, as they are the same for all blocks; those of a single block are None, which ufuncs take as
    `out` and allocate.
    """
    if result.size <= BLOCK:
        yield (result, *operands, *[None] * spare)
        return
    order = sorted(range(result.ndim), key=lambda k: -abs(result.strides[k]))
    arrays = [array if array is None else array.transpose(order) for array in (result, *operands)]
    indices = list(blocks(arrays[0].shape, BLOCK))
    scratch = np.empty((spare, *arrays[0][indices[0]].shape), result.dtype)
    for index in indices:
        parts = [array if array is None else array[index] for array in arrays]
        yield (*parts, *scratch[:, : len(parts[0])])


def wide(values: Array, dtype: np.dtype[Any], scratch: Array | None) -> Array:
    """Return `values` in the output dtype: as they are or copied into `scratch`, which beats ufuncs that cast."""
    if values.dtype == dtype:
        return values
    if scratch is None:
        return values.astype(dtype)
    np.copyto(scratch, values)
    return scratch


def gaps(mask: Array | None, nodata: int | None, *operands: Array) -> Array | None:
    """Return where the mask is True or an operand is `nodata`; None where nothing can be."""
    where = mask
    if nodata is not None:
        for values in operands:
            hit = values == nodata
            where = hit if where is None else np.logical_or(where, hit, out=hit)
    return where


def deliver(result: Array, call: Admitted, out: Array | None) -> Array:
    """Return a result that was computed whole: copied into the caller's `out`, or as it is."""
    if call.out is None:
        return np.asarray(result, call.dtype, order=call.order)
    call.out[...] = result
    return out


def put_nan(values: Array, where: Array) -> None:
    """Write NaN into floats where `where` is True, by setting all bits: on scattered gaps ten times a masked copy."""
    bits = values.view(f"i{values.itemsize}")
    np.bitwise_or(bits, np.negative(where.view(np.int8)), out=bits)
