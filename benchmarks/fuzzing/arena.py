"""Memory for random calls: small blocks of known bytes, cut into views of any shape, stride and overlap.

All arrays of a call lie in arenas. So whatever a call writes where it must not is seen by comparing bytes, and arrays
overlap as soon as they are cut from one arena.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from random import Random
from typing import Any

import numpy as np

from benchmarks.spec import Array

SMALL_BYTES, LARGE_BYTES = 2**15, 2**22
LAYOUTS = (
    "c", "c", "c", "f", "permuted", "sliced", "negative", "window", "broadcast", "wild", "misaligned", "packed", "torn",
)  # fmt: skip
ODD_LAYOUTS = frozenset({"misaligned", "packed", "torn"})
"""At any address; ``packed`` steps over records one byte longer than an element, ``torn`` by any number of bytes."""


class Arena:
    """A block of memory whose bytes are known, usual values of a dtype with or without specials."""

    def __init__(self, dtype: str, size: int, seed: int, specials: bool = True) -> None:
        self.memory = np.zeros(size + 64, np.uint8)
        self.memory = self.memory[-self.memory.ctypes.data % 64 :][:size]
        self._bytes = _drawn(dtype, size, seed, specials)
        self.pristine = np.frombuffer(self._bytes, np.uint8)
        self.restore()

    def is_pristine(self) -> bool:
        """Tell whether no byte has changed."""
        return self.memory.tobytes() == self._bytes

    def restore(self) -> None:
        """Undo all that was written."""
        self.memory[...] = self.pristine


@lru_cache(maxsize=64)
def _drawn(dtype: str, size: int, seed: int, specials: bool) -> bytes:
    """Return the bytes of an arena; whoever asks several times for the same does not wait for them again."""
    kind = np.dtype(dtype)
    return _values(kind, size // kind.itemsize, np.random.default_rng(seed), specials).tobytes()


def _values(dtype: np.dtype[Any], count: int, rng: np.random.Generator, has_specials: bool) -> Array:
    """Return gaps, ties, specials and ordinary values in a random mixture."""
    if dtype == np.bool_:
        return rng.random(count) < 0.3
    if dtype.kind == "f":
        values = rng.uniform(-1.0, 1.0, count).astype(dtype)
        info = np.finfo(dtype)
        specials = [0.0, -0.0, 1.0, -1.0, info.tiny, info.max, -info.max, np.inf, -np.inf, info.smallest_subnormal]
        gaps = rng.random(count)
        values[gaps < 0.25] = np.nan
        if has_specials:
            values[gaps > 0.9] = rng.choice(np.array(specials, dtype), count)[gaps > 0.9]
        return values
    limits = np.iinfo(dtype)
    values = rng.integers(max(limits.min, -50), 200, count).astype(dtype)
    anything = rng.random(count) < 0.3
    values[anything] = rng.integers(limits.min, limits.max, count, dtype=dtype, endpoint=True)[anything]
    return values


@dataclass(frozen=True)
class Cut:
    """An array that was cut from an arena, and what the arena held there before."""

    array: Array
    arena: Arena
    offset: int

    def put_back(self) -> None:
        """Write what was there before, into the elements of the array and nowhere else."""
        array = self.array
        kept = np.ndarray(array.shape, array.dtype, self.arena.pristine, self.offset, array.strides)
        target = np.ndarray(array.shape, array.dtype, self.arena.memory, self.offset, array.strides)
        target[...] = kept


def cut(rng: Random, arena: Arena, dtype: np.dtype[Any], shape: tuple[int, ...], layout: str) -> Cut:
    """Cut an array out of an arena, anywhere and laid out anyhow.

    Where the arena is too small for the layout it is C order, and where it is too small for that, one element for all.
    """
    strides = _strides(rng, shape, dtype.itemsize, layout)
    low = sum(min(0, s * (n - 1)) for s, n in zip(strides, shape, strict=True))
    span = sum(abs(s) * (n - 1) for s, n in zip(strides, shape, strict=True)) + dtype.itemsize
    size = arena.memory.size
    if 0 in shape or span > size:
        strides, low = _steps(shape, dtype.itemsize), 0
        span = max(1, prod(shape)) * dtype.itemsize
    if span > size:
        strides, span = (0,) * len(shape), dtype.itemsize
    places = (size - span) // dtype.itemsize
    offset = rng.randrange(places + 1) * dtype.itemsize - low
    if layout in ODD_LAYOUTS and offset + span + low < size:
        offset += 1
    return Cut(np.ndarray(shape, dtype, arena.memory, offset, strides), arena, offset)


def _steps(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return strides of C order."""
    steps, step = [], itemsize
    for length in reversed(shape):
        steps.append(step)
        step *= max(1, length)
    return tuple(reversed(steps))


def _strides(rng: Random, shape: tuple[int, ...], itemsize: int, layout: str) -> tuple[int, ...]:
    if layout in ("c", "misaligned") or not shape:
        return _steps(shape, itemsize)
    if layout == "wild":
        return tuple(itemsize * rng.randrange(-9, 10) for _ in shape)
    if layout == "packed":
        return _steps(shape, itemsize + 1)
    if layout == "torn":
        return tuple(rng.randrange(-9 * itemsize, 9 * itemsize) for _ in shape)
    order = list(range(len(shape)))
    if layout == "f":
        order.reverse()
    elif layout == "permuted":
        rng.shuffle(order)
    spread = rng.randrange(2, 4) if layout == "sliced" else 1
    strides, step = [0] * len(shape), itemsize
    for axis in reversed(order):
        strides[axis] = min(step * spread, LARGE_BYTES)
        step *= max(1, shape[axis]) * spread
        if layout == "window":
            step += itemsize * rng.randrange(4)
    if layout == "negative":
        strides = [-s if rng.random() < 0.6 else s for s in strides]
    elif layout == "broadcast":
        strides = [0 if rng.random() < 0.5 else s for s in strides]
    return tuple(strides)
