"""Everything about Numba but the loops and threads: options, signatures and addresses.

Options: ``error_model="numpy"``, so that division by zero is a value and loops vectorise; no ``fastmath``, which would
fold ``x != x`` to False and allow contraction to fused multiply-add; ``nogil``; a disk cache. Nothing is compiled
before the first call, and then for the one dtype that was asked for. The cache goes by the date of the file that holds
a kernel: a wheel replaces all files at once, but whoever edits this module, ``_program`` or ``_sums`` deletes
``__pycache__``.

Forks: whoever compiles holds a lock of Numba's, and whoever calls LLVM one of llvmlite's. A child of a fork that finds
one locked would wait for ever, as the thread that holds it is not in the child. So a fork waits until nobody does.

Signatures: every array reaches a kernel as a flat C-contiguous span of memory plus an offset and one step per axis, in
elements. So C order, Fortran order, windows, negative steps and broadcasting (step 0) share one signature per dtype.
Inputs are always typed read-only, which arrays of either kind can be passed as. Axes are sorted by the output's steps
and merged where all operands allow it: contiguous arrays of any shape become one axis.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite.binding import ffi
from numba.core.compiler_lock import global_compiler_lock
from numpy.lib.stride_tricks import as_strided

from eokernels._admit import Admitted, Array
from eokernels._checks import fresh

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "boundscheck": False}
BLOCK = 1984  # elements gathered at a time where memory is not contiguous or values may be missing; in L1 and L2


def _hold_locks() -> None:
    global_compiler_lock.acquire()  # first, as threads that compile take them in this order
    ffi.lib._lock.__enter__()


def _release_locks() -> None:
    ffi.lib._lock.__exit__()
    global_compiler_lock.release()


os.register_at_fork(before=_hold_locks, after_in_parent=_release_locks, after_in_child=_release_locks)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile lazily with the options of this module; without disk cache where no directory can be written."""
    return _compiled(function, no_cfunc_wrapper=True)


def helper(function: Callable[..., Any]) -> Any:
    """Do the same for what only compiled functions call: it needs no wrapper for Python, which is slow to compile."""
    return _compiled(function, no_cfunc_wrapper=True, no_cpython_wrapper=True)


def _compiled(function: Callable[..., Any], **wrappers: bool) -> Any:
    try:
        return numba.njit(cache=True, **wrappers, **OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**wrappers, **OPTIONS)(function)


@kernel
def locate(position, offsets, lengths, steps, places):
    """Write where in memory each operand's element at a position in C order lies."""
    for operand in range(places.size):
        places[operand] = offsets[operand]
    for axis in range(lengths.size - 1, -1, -1):
        index = position % lengths[axis]
        position //= lengths[axis]
        for operand in range(places.size):
            places[operand] += index * steps[operand, axis]


@helper
def gather(flat, offset, step, block):
    """Fill `block` with elements that are `step` apart. An unsigned index spares the test for negative ones.

    A loop that this and :func:`scatter` call is not inlined, and takes a seventh of a short median's time.
    """
    if step == 1:
        source = flat[offset : offset + block.size]
        for k in range(block.size):
            block[k] = source[k]
    else:
        index = np.uintp(offset)
        for k in range(block.size):
            block[k] = flat[index]
            index += np.uintp(step)


@helper
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


def tile(size: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return new memory for gathered values as it is written and, read-only, as it is read.

    Read so it has the type of the inputs, and one loop serves both: two take longer to compile.
    """
    if size == 0:
        return _no_tile(dtype)
    written = fresh((size,), dtype)
    read = written.view()
    read.flags.writeable = False
    return written, read


@lru_cache(maxsize=64)
def _no_tile(dtype: np.dtype[Any]) -> tuple[Array, Array]:
    read = np.empty(0, dtype)
    read.flags.writeable = False
    return np.empty(0, dtype), read


NOTHING = np.zeros(1, np.uint8)
NOTHING.flags.writeable = False
NO_MASK = NOTHING.view(np.bool_)
NO_WEIGHTS = np.zeros(1, np.float32)
NO_WEIGHTS.flags.writeable = False


def flat(array: Array | None, absent: Array = NOTHING, *, written: bool = False) -> Array:
    """Return the memory that a non-empty array spans, without a copy; `absent` for None."""
    if array is None:
        return absent
    if array.flags.c_contiguous:
        memory = array.reshape(-1)
    else:
        lowest = array[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)]
        reach = sum(abs(stride) * (n - 1) for stride, n in zip(array.strides, array.shape, strict=True))
        memory = as_strided(lowest, (1 + reach // array.itemsize,), (array.itemsize,))
    if not written:
        memory.flags.writeable = False
    return memory


class Way(NamedTuple):
    """How to step through several operands together, in elements of each one's :func:`flat` memory.

    Attributes
    ----------
    offsets
        First element of each operand.
    lengths
        Of the merged axes, ordered by the last operand's steps, the innermost last.
    steps
        Of each operand along each merged axis: (operands, axes).
    leads
        Step of each operand along an axis before these, which is time; else 0.
    """

    offsets: Array
    lengths: Array
    steps: Array
    leads: Array


@lru_cache(maxsize=256)
def way(*layouts: tuple[tuple[int, ...], tuple[int, ...], int] | None) -> tuple[Way, tuple[int, ...]]:
    """Return the way through operands of such (shape, strides, itemsize), and each one's step along the innermost axis.

    The last operand says which axes there are; None is an operand of one element that every index leads to.
    """
    shape, *_ = layouts[-1]  # type: ignore[misc]
    offsets, leads, pixels = [], [], []
    for layout in layouts:
        lengths, strides, size = layout or (shape, (0,) * len(shape), 1)
        steps = [stride // size if n > 1 else 0 for stride, n in zip(strides, lengths, strict=True)]
        offsets.append(sum(-step * (n - 1) for step, n in zip(steps, lengths, strict=True) if step < 0))
        leads.append(steps[0] if len(steps) > len(shape) else 0)
        pixels.append(steps[len(steps) - len(shape) :])
    axes = _merged(shape, pixels)
    lengths, steps = np.array([n for n, _ in axes]), np.array([own for _, own in axes]).T.copy()
    return Way(np.array(offsets), lengths, steps, np.array(leads)), tuple(axes[-1][1])


def _merged(shape: tuple[int, ...], steps: list[list[int]]) -> list[tuple[int, list[int]]]:
    """Return length and steps of axes, those joined along which all operands go on where the next one ends."""
    axes: list[tuple[int, list[int]]] = []
    for k in sorted((k for k, n in enumerate(shape) if n > 1), key=lambda k: -abs(steps[-1][k])):
        own = [step[k] for step in steps]
        if axes and axes[-1][1] == [step * shape[k] for step in own]:
            axes[-1] = (axes[-1][0] * shape[k], own)
        else:
            axes.append((shape[k], own))
    return axes or [(1, [0] * len(steps))]


def _layout(array: Array | None) -> tuple[tuple[int, ...], tuple[int, ...], int] | None:
    return None if array is None else (array.shape, array.strides, array.itemsize)


def walk(call: Admitted, result: Array, *companions: Array | None) -> tuple[list[Array], Way, bool]:
    """Return memory and way of a call's inputs, its mask, further bytes and its output, in this order.

    The third result tells whether inputs and output are contiguous along the innermost axis and apart from each other,
    so that loops can run over memory itself.
    """
    inputs, operands = call.arrays, (*call.arrays, call.mask, *companions, result)
    if _in_one_row(operands, result.shape):
        plan, direct = _row_of(result.size, tuple([array is None for array in operands])), True
    else:
        plan, last = way(*[_layout(array) for array in operands])
        direct = last[-1] == 1 and last[: len(inputs)] == (1,) * len(inputs)
    flats = [flat(array) for array in inputs]
    flats += [flat(call.mask, NO_MASK), *[flat(array) for array in companions], flat(result, written=True)]
    if direct and call.out is not None:
        direct = not any(np.may_share_memory(result, array) for array in inputs)
    return flats, plan, direct


def _in_one_row(operands: tuple[Array | None, ...], shape: tuple[int, ...]) -> bool:
    """Tell whether all operands of that shape lie in C order, as most do; small calls gain from asking this alone."""
    for array in operands:
        if array is not None and not (array.flags.c_contiguous and array.shape == shape):
            return False
    return True


@lru_cache(maxsize=256)
def _row_of(size: int, absent: tuple[bool, ...]) -> Way:
    plan, _ = way(*[None if gone else ((size,), (1,), 1) for gone in absent])
    return plan


def walk_pixels(call: Admitted, *results: Array) -> tuple[list[Array], Way]:
    """Return memory and way of a temporal call's series, its mask and its outputs, in this order."""
    (series,) = call.arrays
    plan, _ = way(*[_layout(array) for array in (series, call.mask, *results)])
    return [flat(series), flat(call.mask, NO_MASK), *[flat(result, written=True) for result in results]], plan


def walk_series(call: Admitted, weights: Array | None, result: Array) -> tuple[list[Array], Way]:
    """Return memory and way of a stack, its mask, its weights and its output, all with time first, in this order."""
    (series,) = call.arrays
    operands = (series, call.mask, weights, result)
    plan, _ = way(*[_layout(array) for array in (*operands, result[0])])
    return [flat(series), flat(call.mask, NO_MASK), flat(weights, NO_WEIGHTS), flat(result, written=True)], plan
