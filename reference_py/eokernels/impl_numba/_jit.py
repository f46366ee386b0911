"""Everything about Numba but the loops: options, signatures, addresses and threads.

Options: ``error_model="numpy"``, so that division by zero is a value and loops vectorise; no ``fastmath``, which would
fold ``x != x`` to False and allow contraction to fused multiply-add; ``nogil``; a disk cache. Nothing is compiled
before the first call, and then for the one dtype that was asked for. The cache goes by the date of the file that holds
a kernel: a wheel replaces all files at once, but whoever edits this module or ``_lanes`` deletes ``__pycache__``.

Signatures: every array reaches a kernel as a flat C-contiguous span of memory plus an offset and one step per axis, in
elements. So C order, Fortran order, windows, negative steps and broadcasting (step 0) share one signature per dtype.
Inputs are always typed read-only, which arrays of either kind can be passed as. Axes are sorted by the output's steps
and merged where all operands allow it: contiguous arrays of any shape become one axis.

Threads: ``num_threads=1`` runs in the caller. More share ranges of pixels out to a thread pool of Python, which kernels
without the GIL keep busy; Numba's own layers are avoided, as ``workqueue`` aborts when two threads enter it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.lib.stride_tricks import as_strided

from eokernels._admit import Admitted, Array

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "boundscheck": False}
BLOCK = 1984  # elements gathered at a time where memory is not contiguous or values may be missing; in L1 and L2
SERIAL_BELOW = 65536  # input values; less is done sooner than a second thread has started


def kernel(function: Callable[..., Any]) -> Any:
    """Compile lazily with the options of this module; without disk cache where no directory can be written."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**OPTIONS)(function)


@kernel
def locate(position, offsets, lengths, steps, places):
    """Write where in memory each operand's element at a position in C order lies; `lengths` and `steps` are per axis."""
    places[:] = offsets
    for axis in range(lengths.size - 1, -1, -1):
        index = position % lengths[axis]
        position //= lengths[axis]
        for operand in range(places.size):
            places[operand] += index * steps[operand, axis]


@kernel
def gather(flat, offset, step, block):
    """Fill `block` with elements of `flat` that are `step` apart."""
    _move(flat, offset, step, block, 0, 1, block.size)


@kernel
def scatter(block, flat, offset, step):
    """Undo :func:`gather`."""
    _move(block, 0, 1, flat, offset, step, block.size)


@kernel
def _move(source, first, step, target, place, stride, count):
    """Copy elements that are `step` apart to places `stride` apart. Unsigned indices spare the test for negative ones."""
    if step == stride == 1:
        values, block = source[first : first + count], target[place : place + count]
        for k in range(count):
            block[k] = values[k]
    else:
        here, there = np.uintp(first), np.uintp(place)
        for _ in range(count):
            target[there] = source[here]
            here += np.uintp(step)
            there += np.uintp(stride)


class Span(NamedTuple):
    """An array as flat memory: the element at index i, j, … is ``flat[offset + i * steps[0] + j * steps[1] + …]``."""

    flat: Array
    offset: int
    steps: tuple[int, ...]


NOTHING = np.zeros(1, np.bool_)
NOTHING.flags.writeable = False


def span(array: Array | None, ndim: int = 0, *, written: bool = False, absent: Array = NOTHING) -> Span:
    """Return a non-empty array's span without a copy; for None one element of `absent` that every index leads to."""
    if array is None:
        return Span(absent, 0, (0,) * ndim)
    steps = _steps(array.shape, array.strides, array.itemsize)
    if array.flags.c_contiguous:
        flat, offset = array.reshape(-1), 0
    else:
        lowest = array[tuple(slice(None, None, -1 if step < 0 else 1) for step in steps)]
        reach = [step * (n - 1) for step, n in zip(steps, array.shape, strict=True)]
        flat = as_strided(lowest, (1 + sum(map(abs, reach)),), (array.itemsize,))
        offset = -sum(r for r in reach if r < 0)
    if not written:
        flat.flags.writeable = False
    return Span(flat, offset, steps)


@lru_cache(maxsize=256)
def _steps(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    return tuple(stride // itemsize if n > 1 else 0 for stride, n in zip(strides, shape, strict=True))


@lru_cache(maxsize=256)
def merged(shape: tuple[int, ...], *steps: tuple[int, ...]) -> tuple[Array, Array, tuple[int, ...]]:
    """Merge axes, ordered by the last operand's steps: lengths (axes,), steps (operands, axes) and each one's last."""
    order = sorted((k for k, n in enumerate(shape) if n > 1), key=lambda k: -abs(steps[-1][k]))
    axes: list[tuple[int, list[int]]] = []
    for k in order:
        own = [step[k] for step in steps]
        if axes and axes[-1][1] == [step * shape[k] for step in own]:
            axes[-1] = (axes[-1][0] * shape[k], own)
        else:
            axes.append((shape[k], own))
    axes = axes or [(1, [0] * len(steps))]
    return np.array([n for n, _ in axes]), np.array([own for _, own in axes]).T.copy(), tuple(axes[-1][1])


class Walk(NamedTuple):
    """Operands of an elementwise call, the output last, and how to step through them together.

    Attributes
    ----------
    flats, offsets, steps
        Memory, first element and steps (operands, axes) of each operand.
    lengths
        Of the merged axes, the innermost last.
    direct
        Whether inputs and output are contiguous along the innermost axis and apart from each other, so that loops can
        run over memory itself.
    """

    flats: tuple[Array, ...]
    offsets: Array
    lengths: Array
    steps: Array
    direct: bool


def walk(call: Admitted, result: Array, *companions: Span) -> Walk:
    """Return the walk through a call's inputs, its mask, further spans and its output, in this order."""
    inputs = [span(array) for array in call.arrays]
    spans = (*inputs, span(call.mask, result.ndim), *companions, span(result, written=True))
    lengths, steps, last = merged(result.shape, *[one.steps for one in spans])
    direct = last[-1] == 1 and all(step == 1 for step in last[: len(inputs)])
    if direct and call.out is not None:
        direct = not any(np.may_share_memory(result, array) for array in call.arrays)
    return Walk(tuple([one.flat for one in spans]), np.array([one.offset for one in spans]), lengths, steps, direct)


def walk_pixels(call: Admitted, *results: Array) -> tuple[tuple[Array, ...], tuple[Any, ...]]:
    """Return a temporal call's memory (series, mask, outputs), and the way through its pixels.

    The way is offsets, lengths and steps as in :class:`Walk`, and the steps of series and mask from date to date.
    """
    series, gaps = span(call.arrays[0]), span(call.mask, call.arrays[0].ndim)
    spans = (series, gaps, *[span(result, written=True) for result in results])
    pixels = [one.steps[1:] for one in (series, gaps)] + [one.steps for one in spans[2:]]
    lengths, steps, _ = merged(results[0].shape, *pixels)
    way = np.array([one.offset for one in spans]), lengths, steps, (series.steps[0], gaps.steps[0])
    return tuple([one.flat for one in spans]), way


def share(function: Callable[[int, int], None], count: int, threads: int, values: int) -> None:
    """Call ``function(start, stop)`` over ranges that cover `count` items, in `threads` threads."""
    threads = min(threads, max(1, values // SERIAL_BELOW * 2), max(1, count))
    if threads == 1:
        function(0, count)
        return
    bounds: Sequence[int] = [count * k // threads for k in range(threads + 1)]
    pool = _pool(threads, os.getpid())
    for done in [pool.submit(function, a, b) for a, b in pairwise(bounds)]:
        done.result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """One pool per count and process: a forked child must not wait for threads that it has not got."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"eokernels-{threads}-{process}")
