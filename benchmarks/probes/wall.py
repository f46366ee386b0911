"""The wall: the least work that any implementation must do, measured as one more interleaved arm.

It reads every input once and writes outputs of the same shape and dtype, on the case's arrays, layout, ``out`` and
threads. Elementwise: the sum of one to three arrays of any dtypes, widened. Temporal: sums over stretches of
dates, over tiles of pixels (the faster of these two on this machine) or over blocks of series, in a type that may wrap,
as only the reading matters, written once per pixel to each output. Series that give series: as elementwise. All pixels
at once: every array is summed, and the results are filled. No missing data, no checks of arguments.
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
from benchmarks.probes import wall_loops as loops
from inputs.cases import Case
from inputs.dimensions import Dimensions

Array = NDArray[Any]
Call = Callable[[], tuple[Array, ...]]
Loop = tuple[Callable[..., None], tuple[Any, ...]]
"""A compiled loop, and what it is given before the outputs and ``start, stop``."""

MOST_INPUTS = 3
MOST_OUTPUTS = 3

TRIALS = 3
"""Calls of each of several loops, of which the fastest is the wall."""


def bind(  # noqa: PLR0917 (what a call is made of)
    dimensions: Dimensions,
    case: Case,
    arrays: tuple[Array, ...],
    outs: tuple[Array, ...] | None,
    shapes: tuple[tuple[int, ...], ...],
    dtypes: tuple[np.dtype[Any], ...],
) -> Call:
    """Return the wall of a case as a call without arguments, which returns the outputs.

    Parameters
    ----------
    dimensions
        What the kernel does with the axes of its arrays.
    case
        For its layout and threads.
    arrays
        Inputs as the arms get them, those handed over by name too.
    outs
        The arrays that the arms write to, or None where each call takes fresh ones.
    shapes, dtypes
        Of the outputs, one each.

    Raises
    ------
    ValueError
        If there is no wall for these arrays, or for so many outputs.
    """
    fresh = partial(_outputs, outs, shapes, dtypes)
    if not dimensions.is_cut:
        return _reading(arrays, fresh, case.thread_count)
    reduces = dimensions.over_time and not dimensions.keeps_time
    if dimensions.keeps_time and case.layout == "time_last":
        arrays = tuple(np.moveaxis(array, -1, 0) for array in arrays)
    most = MOST_OUTPUTS if reduces else 1
    if len(dtypes) > most:
        raise ValueError(f"outputs: this wall writes at most {most}, not {len(dtypes)}")
    kinds = _temporal(arrays, case) if reduces else (_elementwise(arrays),)
    count = int(np.prod(shapes[0]))
    parts = ranges(count, case.thread_count, 64)
    unused = (None,) * (most - len(dtypes))

    def call(loop: Callable[..., None], given: tuple[Any, ...]) -> tuple[Array, ...]:
        results = fresh()
        if len(parts) == 1:
            loop(*given, *results, *unused, 0, count)
        else:
            spread(partial(loop, *given, *results, *unused), parts)
        return results

    return _fastest([partial(call, *loop) for loop in kinds])


def _outputs(
    outs: tuple[Array, ...] | None, shapes: tuple[tuple[int, ...], ...], dtypes: tuple[np.dtype[Any], ...]
) -> tuple[Array, ...]:
    if outs is not None:
        return outs
    return tuple(np.empty(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True))


def _reading(arrays: tuple[Array, ...], fresh: Callable[[], tuple[Array, ...]], threads: int) -> Call:
    """Return the wall of a kernel that takes all pixels at once: they are read, and each result is filled."""
    if not all(array.flags.c_contiguous for array in arrays):
        raise ValueError(f"arrays: there is no wall for strides {[array.strides for array in arrays]}")
    flat = [array.reshape(-1, copy=False) for array in arrays]
    loop, count = compiled(loops.read_all, reassociate=True), flat[0].size
    parts = ranges(count, threads, 64)
    totals = np.zeros((len(parts), 8))

    def read(start: int, stop: int) -> None:
        which = next(k for k, part in enumerate(parts) if part[0] == start)
        totals[which, 0] = sum(loop(array, start, stop) for array in flat)

    def call() -> tuple[Array, ...]:
        results = fresh()
        if len(parts) == 1:
            read(0, count)
        else:
            spread(read, parts)
        for result in results:
            result[...] = totals[0, 0] > 0  # which any dtype holds; the sum itself may be NaN
        return results

    return call


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
        return compiled(loops.add_rows), (arrays[0].size, *rows, *unused)
    stepped = [view for view in map(_stepped, arrays) if view is not None]
    if len(stepped) == len(arrays):
        return compiled(loops.add_stepped), (*stepped, *unused)
    pitched = [view for view in map(_rows, arrays) if view is not None]
    if len(pitched) == len(arrays):
        return compiled(loops.add_rows), (arrays[0].shape[-1], *pitched, *unused)
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
        return (compiled(loops.read_dates, reassociate=True), given), (compiled(loops.sum_tiles), given)
    if time_last and x.flags.c_contiguous:
        return ((compiled(loops.sum_series, reassociate=True), (x.reshape(-1, x.shape[-1], copy=False),)),)
    raise ValueError(f"arrays: there is no wall for strides {x.strides}")
