"""The wall: the least work that any implementation must do, measured as one more interleaved arm.

It reads every input once and writes an output of the same shape and dtype, on the case's arrays, layout, ``out`` and
threads. Elementwise: ``a + b``, widened. Temporal: sums over tiles of pixels or blocks of series, in a type that may
wrap (only the reading matters), written once per pixel. No missing data, no checks of arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from benchmarks.probes import compiled, ranges, spread
from inputs.cases import Case

Array = NDArray[Any]
Call = Callable[[], Array]
Loop = tuple[Callable[..., None], tuple[Any, ...]]
"""A compiled loop, and what it is given before ``out, start, stop``."""

SERIES = 64
"""Series of a block, where a series is contiguous."""
TILE = 4096
"""Pixels of a temporal tile: 16 KiB of float32 sums, which stay in the first-level cache."""


def bind(
    case: Case, arrays: tuple[Array, ...], out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Call:
    """Return the wall of a case as a call without arguments.

    Parameters
    ----------
    case
        For its family and threads.
    arrays
        Inputs as the arms get them.
    out
        The array that the arms write to, or None where each call takes a fresh one.
    shape, dtype
        Of the output.

    Raises
    ------
    ValueError
        If there is no wall for this number or shape of arrays.
    """
    count = int(np.prod(shape))
    if case.family == "temporal":
        (loop, given), multiple = _temporal(arrays, case), TILE
    else:
        (loop, given), multiple = _elementwise(arrays), 64
    parts = ranges(count, case.thread_count, multiple)

    def call() -> Array:
        result = np.empty(shape, dtype) if out is None else out
        if len(parts) == 1:
            loop(*given, result, 0, count)
        else:
            spread(partial(loop, *given, result), parts)
        return result

    return call


def _elementwise(arrays: tuple[Array, ...]) -> Loop:
    if len(arrays) != 2:
        raise ValueError(f"arrays: the elementwise wall takes 2, not {len(arrays)}")
    width = arrays[0].shape[-1]
    if all(array.flags.c_contiguous for array in arrays):
        return compiled(_add_flat), arrays
    stepped = [view for view in map(_stepped, arrays) if view is not None]
    if len(stepped) == len(arrays):
        return compiled(_add_stepped), tuple(stepped)
    rows = [view for view in map(_rows, arrays) if view is not None]
    if len(rows) == len(arrays):
        return compiled(_add_rows), (width, *rows)
    raise ValueError(f"arrays: there is no wall for strides {[array.strides for array in arrays]}")


def _stepped(array: Array) -> Array | None:
    """Return ``(n, step)`` whose first column is the flat array, C-contiguous so that the loop knows the stride."""
    try:
        flat = array.reshape(-1, copy=False)
    except ValueError:
        return None
    step, rest = divmod(flat.strides[0], flat.itemsize)
    if rest or step < 1:
        return None
    return as_strided(flat, (flat.size, step), (step * flat.itemsize, flat.itemsize), writeable=False)


def _rows(array: Array) -> Array | None:
    """Return ``(rows, pitch)`` of which the first elements of each row are the array's, C-contiguous."""
    try:
        rows = array.reshape(-1, array.shape[-1], copy=False)
    except ValueError:
        return None
    pitch, rest = divmod(rows.strides[0], rows.itemsize)
    if rest or pitch < rows.shape[1] or rows.strides[1] != rows.itemsize:
        return None
    return as_strided(rows, (rows.shape[0], pitch), (pitch * rows.itemsize, rows.itemsize), writeable=False)


def _temporal(arrays: tuple[Array, ...], case: Case) -> Loop:
    if len(arrays) != 1:
        raise ValueError(f"arrays: the temporal wall takes 1, not {len(arrays)}")
    (x,) = arrays
    time_last = case.layout in ("pixel_major", "time_last")
    major = np.moveaxis(x, -1, 0) if time_last else x
    if major.flags.c_contiguous:
        return compiled(_sum_tiles), (major.reshape(major.shape[0], -1, copy=False),)
    if time_last and x.flags.c_contiguous:
        return compiled(_sum_series, reassociate=True), (x.reshape(-1, x.shape[-1], copy=False),)
    raise ValueError(f"arrays: there is no wall for strides {x.strides}")


# The loops. Compiled by Numba; `out` is C-contiguous and of any number of dimensions. They count from zero over slices:
# an index that might be negative keeps Numba from vectorising.


def _add_flat(a: Array, b: Array, out: Array, start: int, stop: int) -> None:
    first, second, flat = a.ravel()[start:stop], b.ravel()[start:stop], out.ravel()[start:stop]
    to = out.dtype.type
    for i in range(flat.size):
        flat[i] = to(first[i]) + to(second[i])


def _add_stepped(a: Array, b: Array, out: Array, start: int, stop: int) -> None:
    first, second, flat = a[start:stop], b[start:stop], out.ravel()[start:stop]
    to = out.dtype.type
    for i in range(flat.size):
        flat[i] = to(first[i, 0]) + to(second[i, 0])


def _add_rows(width: int, a: Array, b: Array, out: Array, start: int, stop: int) -> None:  # noqa: PLR0917 (a loop)
    flat, to = out.ravel(), out.dtype.type
    position = start
    while position < stop:
        row = position // width
        left = position - row * width
        count = min(width - left, stop - position)
        first, second = a[row, left : left + count], b[row, left : left + count]
        target = flat[position : position + count]
        for j in range(count):
            target[j] = to(first[j]) + to(second[j])
        position += count


def _sum_tiles(x: Array, out: Array, start: int, stop: int) -> None:
    # Eight dates a pass reach the bandwidth of a flat sum over the same memory; one date a pass takes 1.3–1.6 times as
    # long, and the largest value instead of the sum 1.1 times in memory and 1.5 times in cache. The tile's size hardly
    # matters between 512 and 65536 pixels.
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


def _sum_series(x: Array, out: Array, start: int, stop: int) -> None:
    # Whole blocks of series are summed as one stretch of memory: a sum per series takes twice as long for 73 dates.
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
