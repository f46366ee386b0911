"""Order statistics of long series, a few at a time: next to no memory beside a copy of one series.

Each function returns for every pixel of a block (steps, pixels) the number of values that are there and the middle two
of them, which are one for an odd number. Where nothing is there, the two mean nothing.

A partition about one rank is the form that NumPy vectorises; about two at once, as ``np.median`` asks for, it does not.
What lies below an upper middle one is then searched for its largest.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Admitted, Array
from eokernels.impl_numpy import gaps as missing_from
from eokernels.impl_numpy import put_largest

VALUES = 131072  # at a time, of what is copied or counted
KEPT_BYTES = 2**24  # of series that are copied together, so that memory is read along its rows; one series at least


def together(series: Array) -> int:
    """Return how many series to take at a time."""
    if series.dtype == np.uint8:
        return 64
    return max(1, KEPT_BYTES // (len(series) * series.itemsize))


def middle(call: Admitted, block: Array, masked: list[Array]) -> tuple[Array, Array, Array]:
    """Return counts and the middle two values of a block of pixels; `masked` has one mask or none."""
    block, *masked = [array.reshape(len(block), prod(block.shape[1:])) for array in (block, *masked)]
    return (_counted if block.dtype == np.uint8 else _partitioned)(call.nodata, block, masked)


def _chunks(block: Array, masked: list[Array]) -> Any:
    """Yield where a chunk of dates lies, its values and its mask or None."""
    step = max(1, VALUES // block.shape[1])
    for first in range(0, len(block), step):
        place = slice(first, min(first + step, len(block)))
        yield place, block[place], masked[0][place] if masked else None


def _partitioned(nodata: Any, block: Array, masked: list[Array]) -> tuple[Array, Array, Array]:
    """Copy series with missing values as the largest, NaN among floats, and partition each copy."""
    steps, pixels = block.shape
    kept, gaps = np.empty((pixels, steps), block.dtype), np.zeros(pixels, np.intp)
    for place, values, where in _chunks(block, masked):
        own = kept[:, place]
        np.copyto(own, values.T)
        missing = missing_from(None if where is None else where.T, nodata, own)
        if missing is not None:
            put_largest(own, missing)
        if block.dtype.kind == "f":
            missing = np.isnan(own)
        if missing is not None:
            gaps += np.count_nonzero(missing, axis=1)
    low, high, valid = np.empty(pixels, block.dtype), np.empty(pixels, block.dtype), steps - gaps
    for pixel, values in enumerate(kept):
        rank = min(int(valid[pixel]) // 2, steps - 1)
        values.partition(rank)
        low[pixel] = high[pixel] = values[rank]
        if valid[pixel] % 2 == 0 and rank:
            low[pixel] = values[:rank].max()
    return valid, low, high


def _counted(nodata: Any, block: Array, masked: list[Array]) -> tuple[Array, Array, Array]:
    """Count how often each pixel has each of 256 values, for all pixels in one histogram."""
    pixels = block.shape[1]
    first = np.arange(pixels, dtype=np.intp) * 256
    seen = np.zeros(256 * pixels + 1, np.intp)
    for _, values, where in _chunks(block, masked):
        bins = np.add(values, first, dtype=np.intp)
        if where is not None:
            np.copyto(bins, len(seen) - 1, where=where)
        seen += np.bincount(bins.reshape(-1), minlength=len(seen))
    table = seen[:-1].reshape(pixels, 256)
    if nodata is not None:
        table[:, nodata] = 0
    below = np.cumsum(table, axis=1)
    valid = below[:, -1]
    low, high = ((below <= rank[:, np.newaxis]).sum(axis=1) for rank in (np.maximum(valid - 1, 0) // 2, valid // 2))
    return valid, np.minimum(low, 255), np.minimum(high, 255)
