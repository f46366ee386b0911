"""The wall: the least work that any implementation must do, measured as one more interleaved arm.

It reads every input once and writes outputs of the same shape and dtype, on the case's arrays, layout, ``out`` and
threads. Elementwise: the sum of one to three arrays of any dtypes, widened. Temporal: sums over stretches of
dates, over tiles of pixels (the faster of these two on this machine) or over blocks of series, in a type that may wrap,
as only the reading matters, written once per pixel to each output. No missing data, no checks of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from benchmarks.probes import compiled, ranges, spread
from inputs.cases import Case

Array = NDArray[Any]
Call = Callable[[], tuple[Array, ...]]
Loop = tuple[Callable[..., None], tuple[Any, ...]]
"""A compiled loop, and what it is given before the outputs and ``start, stop``."""

MOST_INPUTS = 3
MOST_OUTPUTS = 3

SERIES = 64
"""Series of a block, where a series is contiguous."""
STRETCH = 65536
"""Pixels of a date that are read in one go."""
TILE = 4096
"""Pixels whose sums are kept: 16 KiB of float32, which stay in the first-level cache."""
TRIALS = 3
"""Calls of each of several loops, of which the fastest is the wall."""


def bind(
    case: Case,
    arrays: tuple[Array, ...],
    outs: tuple[Array, ...] | None,
    shape: tuple[int, ...],
    dtypes: tuple[np.dtype[Any], ...],
) -> Call:
    """Return the wall of a case as a call without arguments, which returns the outputs.

    Parameters
    ----------
    case
        For its family and threads.
    arrays
        Inputs as the arms get them, those handed over by name too.
    outs
        The arrays that the arms write to, or None where each call takes fresh ones.
    shape, dtypes
        Of the outputs: one shape, and a dtype for each.

    Raises
    ------
    ValueError
        If there is no wall for these arrays, or for so many outputs.
    """
    count = int(np.prod(shape))
    temporal = case.family == "temporal"
    most = MOST_OUTPUTS if temporal else 1
    if len(dtypes) > most:
        raise ValueError(f"outputs: the {case.family} wall writes at most {most}, not {len(dtypes)}")
    loops = _temporal(arrays, case) if temporal else (_elementwise(arrays),)
    parts = ranges(count, case.thread_count, 64)
    unused = (None,) * (most - len(dtypes))

    def call(loop: Callable[..., None], given: tuple[Any, ...]) -> tuple[Array, ...]:
        results = tuple(np.empty(shape, dtype) for dtype in dtypes) if outs is None else outs
        if len(parts) == 1:
            loop(*given, *results, *unused, 0, count)
        else:
            spread(partial(loop, *given, *results, *unused), parts)
        return results

    return _fastest([partial(call, *loop) for loop in loops])


def _fastest(calls: Sequence[Call]) -> Call:
    if len(calls) == 1:
        return calls[0]
    for call in calls:
        call()  # compiles
    trials = [[_seconds(call) for call in calls] for _ in range(TRIALS)]
    least = [min(times) for times in zip(*trials, strict=True)]
    return calls[least.index(min(least))]


def _seconds(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _elementwise(arrays: tuple[Array, ...]) -> Loop:
    if not 1 <= len(arrays) <= MOST_INPUTS:
        raise ValueError(f"arrays: the elementwise wall takes 1 to {MOST_INPUTS}, not {len(arrays)}")
    if len({array.shape for array in arrays}) > 1:
        raise ValueError(f"arrays: the wall reads arrays of one shape, not {[array.shape for array in arrays]}")
    unused = (None,) * (MOST_INPUTS - len(arrays))
    if all(array.flags.c_contiguous for array in arrays):
        rows = tuple(array.reshape(1, -1, copy=False) for array in arrays)
        return compiled(_add_rows), (arrays[0].size, *rows, *unused)
    stepped = [view for view in map(_stepped, arrays) if view is not None]
    if len(stepped) == len(arrays):
        return compiled(_add_stepped), (*stepped, *unused)
    pitched = [view for view in map(_rows, arrays) if view is not None]
    if len(pitched) == len(arrays):
        return compiled(_add_rows), (arrays[0].shape[-1], *pitched, *unused)
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


def _temporal(arrays: tuple[Array, ...], case: Case) -> tuple[Loop, ...]:
    if len(arrays) != 1:
        raise ValueError(f"arrays: the temporal wall takes 1, not {len(arrays)}")
    (x,) = arrays
    time_last = case.layout in ("pixel_major", "time_last")
    major = np.moveaxis(x, -1, 0) if time_last else x
    if major.flags.c_contiguous:
        given = (major.reshape(major.shape[0], -1, copy=False),)
        return (compiled(_read_dates, reassociate=True), given), (compiled(_sum_tiles), given)
    if time_last and x.flags.c_contiguous:
        return ((compiled(_sum_series, reassociate=True), (x.reshape(-1, x.shape[-1], copy=False),)),)
    raise ValueError(f"arrays: there is no wall for strides {x.strides}")


# The loops. Compiled by Numba, which drops the branches of arrays that are None; outputs are C-contiguous and of any
# number of dimensions. They count from zero over slices: an index that might be negative keeps Numba from vectorising.


def _add_stepped(  # noqa: PLR0917 (a loop)
    a: Array, b: Array | None, c: Array | None, out: Array, start: int, stop: int
) -> None:
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


def _add_rows(  # noqa: PLR0917 (a loop)
    width: int, a: Array, b: Array | None, c: Array | None, out: Array, start: int, stop: int
) -> None:
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


def _read_dates(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
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


def _sum_tiles(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
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


def _sum_series(  # noqa: PLR0917 (a loop)
    x: Array, out: Array, second: Array | None, third: Array | None, start: int, stop: int
) -> None:
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
