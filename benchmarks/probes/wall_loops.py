"""The loops of the wall, compiled by Numba, which drops the branches of arrays that are None.

Outputs are C-contiguous and of any number of dimensions. Loops count from zero over slices: an index that might be
negative keeps Numba from vectorising.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SERIES = 64
"""Series of a block, where a series is contiguous."""
STRETCH = 65536
"""Pixels of a date that are read in one go."""
TILE = 4096
"""Pixels whose sums are kept: 16 KiB of float32, which stay in the first-level cache."""


def add_stepped(  # noqa: PLR0917 (a loop)
    a: Array, b: Array | None, c: Array | None, out: Array, start: int, stop: int
) -> None:
    """Add one to three arrays whose elements lie a step apart."""
    flat, to = out.ravel()[start:stop], out.dtype.type
    first = a[start:stop]
    if b is None:
        for i in range(flat.size):
            flat[i] = to(first[i, 0])
        return
    second = b[start:stop]
    if c is None:
        for i in range(flat.size):
            flat[i] = to(first[i, 0]) + to(second[i, 0])
        return
    third = c[start:stop]
    for i in range(flat.size):
        flat[i] = to(first[i, 0]) + to(second[i, 0]) + to(third[i, 0])


def add_rows(  # noqa: PLR0917 (a loop)
    width: int, a: Array, b: Array | None, c: Array | None, out: Array, start: int, stop: int
) -> None:
    """Add one to three arrays whose rows lie a pitch apart."""
    flat, to = out.ravel(), out.dtype.type
    position = start
    while position < stop:
        row = position // width
        left = position - row * width
        count = min(width - left, stop - position)
        target, first = flat[position : position + count], a[row, left : left + count]
        position += count
        if b is None:
            for j in range(count):
                target[j] = to(first[j])
        elif c is None:
            second = b[row, left : left + count]
            for j in range(count):
                target[j] = to(first[j]) + to(second[j])
        else:
            second, third = b[row, left : left + count], c[row, left : left + count]
            for j in range(count):
                target[j] = to(first[j]) + to(second[j]) + to(third[j])


def read_dates(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
    """Read a stretch of each date after the other, into one sum."""
    # A stretch of each date after the other, into one sum. Which of this and the sums of each pixel reads faster
    # depends on the processor (`docs/decisions/0011`).
    flat, to = out.ravel(), out.dtype.type
    for first in range(start, stop, STRETCH):
        last = min(first + STRETCH, stop)
        total = to(0)
        for t in range(x.shape[0]):
            date = x[t, first:last]
            for i in range(date.size):
                total += to(date[i])
        flat[first:last] = total
        if second is not None:
            second.ravel()[first:last] = second.dtype.type(total)
        if third is not None:
            third.ravel()[first:last] = third.dtype.type(total)


def read_all(x: Array, start: int, stop: int) -> Any:
    """Return the sum of a part of an array, in its own type."""
    values = x[start:stop]
    total = x.dtype.type(0)
    for i in range(values.size):
        total += values[i]
    return total


def sum_tiles(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
    """Sum the dates of a tile of pixels, which stays in cache."""
    # Eight dates a pass, as one would load and store each sum for every value. To add is faster than to compare.
    steps = x.shape[0]
    flat, to = out.ravel(), out.dtype.type
    total = np.empty(TILE, x.dtype)
    for first in range(start, stop, TILE):
        last = min(first + TILE, stop)
        count = last - first
        total[:count] = x[0, first:last]
        t = 1
        while t + 8 <= steps:
            a, b, c, d = x[t, first:last], x[t + 1, first:last], x[t + 2, first:last], x[t + 3, first:last]
            e, f, g, h = x[t + 4, first:last], x[t + 5, first:last], x[t + 6, first:last], x[t + 7, first:last]
            for j in range(count):
                total[j] += ((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]))
            t += 8
        for rest in range(t, steps):
            a = x[rest, first:last]
            for j in range(count):
                total[j] += a[j]
        for j in range(count):
            flat[first + j] = to(total[j])
        if second is not None:
            target = second.ravel()[first:last]
            for j in range(count):
                target[j] = second.dtype.type(total[j])
        if third is not None:
            target = third.ravel()[first:last]
            for j in range(count):
                target[j] = third.dtype.type(total[j])


def sum_series(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
    """Sum blocks of series that lie in memory."""
    # Whole blocks of series are summed as one stretch of memory: a sum per series takes longer (`docs/decisions/0011`).
    flat, to = out.ravel(), out.dtype.type
    steps = x.shape[1]
    values = x.ravel()
    for first in range(start, stop, SERIES):
        last = min(first + SERIES, stop)
        block = values[first * steps : last * steps]
        total = to(0)
        for i in range(block.size):
            total += to(block[i])
        for j in range(first, last):
            flat[j] = total
        if second is not None:
            second.ravel()[first:last] = second.dtype.type(total)
        if third is not None:
            third.ravel()[first:last] = third.dtype.type(total)
