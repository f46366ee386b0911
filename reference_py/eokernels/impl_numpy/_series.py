"""Sums over time of many short series at once, in the order of time and in float64."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from eokernels._admit import FLOAT64, Admitted, Array
from eokernels.impl_numpy import blocks

VALUES, WIDTH = 131072, 16384  # values and pixels at a time; less pays NumPy's call costs more often, more leaves cache


def cleaned(call: Admitted) -> Iterator[tuple[Any, Array, Array, Array]]:
    """Yield blocks of pixels: index into the output (of one axis at least), values, `bits` and counts.

    Values (steps, lanes) are 0 where missing, and `bits` (steps, lanes) are int8 with all bits set where not. There is
    one lane more than the block has pixels, so that no block is a single series, which NumPy would add up in pairs.
    """
    series, steps, shape = call.arrays[0], len(call.arrays[0]), call.shape or (1,)
    arrays = [array.reshape(steps, *shape) for array in (series, call.mask) if array is not None]
    width = max(1, min(VALUES // max(steps, 1), WIDTH))
    clean, bits = np.zeros((steps, width + 16), series.dtype), np.zeros((steps, width + 16), np.int8)
    for index in blocks(shape, width):
        block, *masked = (array[(slice(None), *index)] for array in arrays)
        lanes = prod(block.shape[1:])
        own, present = (scratch[:, :lanes].reshape(block.shape) for scratch in (clean, bits))
        _find(block, call.nodata, masked, present.view(np.bool_))
        counts = present.view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(steps))
        np.negative(present, out=present)
        whole = f"i{series.itemsize}"
        np.bitwise_and(block.view(whole), present, out=own.view(whole))
        yield index, clean[:, : lanes + 1], bits[:, : lanes + 1], counts


def _find(block, nodata, masked, present):
    """Write where values are there."""
    if block.dtype.kind == "f":
        np.equal(block, block, out=present)
    elif nodata is None:
        present[...] = True
    else:
        np.not_equal(block, nodata, out=present)
    for where in masked:
        np.greater(present, where, out=present)


def total(values: Array, like: Array) -> Array:
    """Add rows in float64, first to last, and return the sums of the pixels of `like` in its shape."""
    return np.add.reduce(values, axis=0, dtype=FLOAT64)[:-1].reshape(like.shape)


def filled(call: Admitted) -> Array:
    """Return a float64 copy of the stack, time first, with NaN for whatever is missing, under one more last axis.

    That axis has one element, or two for a single series, which NumPy would otherwise add up in pairs.
    """
    (series,) = call.arrays
    stack = np.empty((*series.shape, 2 if prod(call.shape) == 1 else 1))
    stack[...] = series[..., np.newaxis]
    if call.nodata is not None:
        stack[series == call.nodata] = np.nan
    if call.mask is not None:
        stack[call.mask] = np.nan
    return stack
