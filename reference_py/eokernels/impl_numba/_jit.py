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

from eokernels._admit import Array

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "boundscheck": False}
SERIAL_BELOW = 65536  # input values; less is done sooner than a second thread has started


def kernel(function: Callable[..., Any]) -> Any:
    """Compile lazily with the options of this module; without disk cache where no directory can be written."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**OPTIONS)(function)


@kernel
def address(position, lengths, steps):
    """Return the offset of the element at a position in C order; `lengths` and `steps` are per axis."""
    offset = 0
    for k in range(lengths.size - 1, -1, -1):
        offset += position % lengths[k] * steps[k]
        position //= lengths[k]
    return offset


@kernel
def gather(flat, offset, step, block):
    """Fill `block` with elements that are `step` apart. An unsigned index spares the test for negative ones."""
    if step == 1:
        source = flat[offset : offset + block.size]
        for k in range(block.size):
            block[k] = source[k]
    else:
        index = np.uintp(offset)
        for k in range(block.size):
            block[k] = flat[index]
            index += np.uintp(step)


@kernel
def scatter(block, flat, offset, step):
    """Undo :func:`gather`."""
    if step == 1:
        target = flat[offset : offset + block.size]
        for k in range(block.size):
            target[k] = block[k]
    else:
        index = np.uintp(offset)
        for k in range(block.size):
            flat[index] = block[k]
            index += np.uintp(step)


class Span(NamedTuple):
    """An array as flat memory: the element at index i, j, … is ``flat[offset + i * steps[0] + j * steps[1] + …]``."""

    flat: Array
    offset: int
    steps: tuple[int, ...]


NOTHING = np.zeros(1, np.bool_)
NOTHING.flags.writeable = False


def span(array: Array | None, ndim: int = 0, *, written: bool = False) -> Span:
    """Return a non-empty array's span without a copy; for None one False that every index leads to."""
    if array is None:
        return Span(NOTHING, 0, (0,) * ndim)
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
