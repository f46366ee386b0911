"""Kernels in pure NumPy: one module per kernel with ``<k>``, what an expert writes, and ``<k>_naive``."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Admitted, Array


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
