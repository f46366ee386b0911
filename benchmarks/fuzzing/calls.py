"""A random call of a kernel from a number: arrays, mask, companions, out and options, mostly right and often not."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from benchmarks.fuzzing.arena import LARGE_BYTES, LAYOUTS, SMALL_BYTES, Arena, Cut, cut
from benchmarks.fuzzing.options import DTYPES, GOOD_THREADS, ODD, value
from benchmarks.fuzzing.shapes import broadcast, narrowed
from benchmarks.fuzzing.shapes import shape as drawn_shape
from benchmarks.spec import Array, Kernel

WRONG_DTYPES = (">f4", ">i2", "float16", "int8", "int32", "int64", "uint32", "uint64", "complex64", "bool", "M8[D]",
                "S4", "V3", "longdouble", "f4,i2")  # fmt: skip
WORDS = ("uint8", "uint16", "uint8", "uint16", "bool", "int8", "int16", "int32", "uint32", "int64", "uint64")
COMPANION_DTYPES = {"quality": WORDS, "weights": ("float32", "float32", "float64")}
"""Role of an array that goes beside the data by name → its dtypes."""
LABEL_DTYPES = ("int32", "int32", "uint8", "int16", "uint16", "int64", "uint32", "uint64", "int8")
LENGTHS = (0, 1, 5, 12, 12, 40, np.int64(3), np.array(7))
"""Lengths of a dimension that no array has."""
MOST_LENGTH = 10_000
MASKS: Sequence[Any] = (True, False, np.True_, np.False_)
FLOATS = (np.dtype("float32"), np.dtype("float64"))
LARGE_SHARE = 1 / 500
"""Share of calls with arrays so large that several threads take part."""


class Plain(np.ndarray):
    """A subclass, which kernels take as the array that it is."""


class Meaning(np.ndarray):
    """A subclass that says what ufuncs do with it, which kernels refuse."""

    def __array_ufunc__(self, *_inputs: Any, **_kwargs: Any) -> Any:
        return 0.5


@dataclass(frozen=True)
class FuzzCall:
    """One call, and what is known of its memory.

    Attributes
    ----------
    arrays, kwargs
        As they are handed over.
    cuts
        All arrays that lie in an arena.
    outs
        Those of them that were made to be written to.
    large
        Whether it is meant for several threads.
    """

    arrays: tuple[Any, ...]
    kwargs: dict[str, Any]
    cuts: tuple[Cut, ...]
    outs: tuple[Cut, ...]
    large: bool


@dataclass
class _Draft:
    rng: Random
    large: bool
    dtype: np.dtype[Any]
    specials: bool = True
    cuts: list[Cut] = field(default_factory=list)
    outs: list[Cut] = field(default_factory=list)


class Calls:
    """Draws calls of one kernel; the same seed and index give the same call, whatever was called before."""

    def __init__(self, kernel: Kernel, seed: int) -> None:
        self.kernel, self.seed = kernel, seed
        self.reduces = kernel.dimensions.over_time
        words = (*sum(COMPANION_DTYPES.values(), ()), *LABEL_DTYPES)
        names = {*kernel.contract.dtypes, *(dtype.name for dtype in FLOATS), "bool", *words}
        self._arenas = {
            (np.dtype(name).char, size == LARGE_BYTES, specials): Arena(name, size, seed + k, specials)
            for k, name in enumerate(sorted(names))
            for size in (SMALL_BYTES, LARGE_BYTES)
            for specials in ((True,) if kernel.contract.promises is None else (True, False))
        }
        arrays = {*kernel.arguments, *kernel.companions, "mask"}
        self.numbers = {name: (*kernel.probes[name], kernel.required.get(name, 1)) for name in kernel.probes}
        self.numbers |= dict.fromkeys(kernel.lengths.values(), LENGTHS)
        self.options = tuple(name for name in inspect.signature(kernel.oracle).parameters if name not in arrays)
        self._rng = Random()

    def draw(self, index: int) -> FuzzCall:
        """Return the call of that number."""
        rng = self._rng
        rng.seed(self.seed << 40 ^ index)
        draft = _Draft(rng, rng.random() < LARGE_SHARE, np.dtype(rng.choice(tuple(self.kernel.contract.dtypes))))
        # With numbers of all magnitudes side by side, a kernel that promises no digits of them would not be compared.
        draft.specials = self.kernel.contract.promises is None or rng.random() < 0.2
        shapes = self._shapes(draft)
        arrays: list[Any] = [self._array(draft, shape, draft.dtype, spoil=0.03) for shape in shapes]
        shape = broadcast(shapes)
        kwargs = self._options(draft, shape)
        arrays += [self._labels(draft, shape) for name in self.kernel.arguments if name in self.kernel.roles]
        for name in ("mask", *self.kernel.companions):
            if rng.random() < 0.35:
                role = self.kernel.roles.get(name, "quality")
                dtype = np.dtype(rng.choice(("bool",) if name == "mask" else COMPANION_DTYPES[role]))
                kwargs[name] = self._array(draft, narrowed(rng, shape, 0.3), dtype, spoil=0.04)
        if rng.random() < 0.04:
            kwargs["mask"] = rng.choice(MASKS)
        self._pair_scaling(draft, kwargs)
        self._pair_quality(draft, kwargs)
        if rng.random() < 0.45:
            kwargs["out"] = self._out(draft, arrays, shape, kwargs)
        arrays, kwargs = self._spoilt(rng, arrays, kwargs)
        return FuzzCall(tuple(arrays), kwargs, tuple(draft.cuts), tuple(draft.outs), draft.large)

    def _shapes(self, draft: _Draft) -> list[tuple[int, ...]]:
        rng, count = draft.rng, len(self.kernel.data)
        shape = (rng.randrange(2, 5), 173, rng.randrange(300, 500)) if draft.large else drawn_shape(rng, self.reduces)
        if self.kernel.least and len(shape) < 4 and rng.random() < 0.9:
            bound = max(self.kernel.least.values())
            shape = tuple(max(n, bound) for n in shape)
        shapes = [shape]
        for _ in range(1, count):
            chance = rng.random()
            other = narrowed(rng, shape, 1.0) if chance < 0.12 else shape
            shapes.append(drawn_shape(rng, self.reduces) if chance > 0.98 and not draft.large else other)
        rng.shuffle(shapes)
        return shapes

    def _array(self, draft: _Draft, shape: tuple[int, ...], dtype: np.dtype[Any], spoil: float) -> Any:
        """Return an array, or with that probability what is none or has a wrong dtype."""
        rng = draft.rng
        arena = self._arena(draft, dtype)
        if rng.random() < spoil:
            if rng.random() < 0.3:
                return rng.choice((*ODD, np.ma.masked_array([1.0, 2.0], [True, False]), memoryview(b"abcd")))
            dtype = np.dtype(rng.choice((*WRONG_DTYPES, *self.kernel.contract.dtypes)))
        made = cut(rng, arena, dtype, shape, rng.choice(LAYOUTS))
        if rng.random() < 0.025:
            made = replace(made, array=made.array.view(Plain if rng.random() < 0.8 else Meaning))
        if rng.random() < 0.1:
            made.array.flags.writeable = False
        draft.cuts.append(made)
        return made.array

    def _arena(self, draft: _Draft, dtype: np.dtype[Any]) -> Arena:
        return self._arenas[dtype.char, draft.large, draft.specials]

    def _labels(self, draft: _Draft, shape: tuple[int, ...]) -> Any:
        """Return labels for an array of that shape or, now and then, for its last axes alone."""
        rng = draft.rng
        dropped = rng.randrange(len(shape)) if shape and rng.random() < 0.15 else 0
        dtype = np.dtype(rng.choice(LABEL_DTYPES))
        shape = shape[dropped:] if rng.random() > 0.03 else drawn_shape(rng, False)
        return self._array(
            draft, shape[dropped:] if rng.random() > 0.03 else drawn_shape(rng, False), dtype, spoil=0.04
        )

    def _times(self, rng: Random, steps: int) -> Any:
        """Return days that rise, or fall now and then, for about so many dates."""
        if rng.random() < 0.05:
            return rng.choice((*ODD, np.ones(steps)))
        days = np.cumsum([rng.choice((0.25, 1, 5, 5, 12)) for _ in range(steps + (rng.random() < 0.03))])
        return days if rng.random() < 0.95 else days[::-1]

    def _options(self, draft: _Draft, shape: tuple[int, ...]) -> dict[str, Any]:
        rng, chosen = draft.rng, {}
        for name in self.options:
            if rng.random() > (0.985 if name in self.kernel.required else 0.35):
                continue
            if self.kernel.roles.get(name) == "times":
                chosen[name] = self._times(rng, shape[0] if shape else 1)
            elif name in self.numbers:
                chosen[name] = rng.choice(ODD if rng.random() < 0.05 else self.numbers[name])
            else:
                chosen[name] = value(rng, name, draft.dtype, len(shape), odd=0.05)
        if draft.large or rng.random() < 0.2:
            odd = not draft.large and rng.random() < 0.1
            chosen["num_threads"] = rng.choice(ODD) if odd else rng.choice(GOOD_THREADS)
        return chosen

    def _pair_quality(self, draft: _Draft, kwargs: dict[str, Any]) -> None:
        """Make a quality band and what is asked of it fit, most of the time: each needs the other."""
        if "keep" not in self.options or draft.rng.random() < 0.15:
            return
        qa, rng = kwargs.get("qa"), draft.rng
        for name in ("keep", "reject_bits", "reject_fields"):
            kwargs.pop(name, None)
        if isinstance(qa, np.ndarray):
            for name in rng.choice((("keep",), ("reject_bits",), ("reject_fields",), ("reject_bits", "reject_fields"))):
                kwargs[name] = value(rng, name, qa.dtype, qa.ndim, odd=0.05)

    def _pair_scaling(self, draft: _Draft, kwargs: dict[str, Any]) -> None:
        """Give all or none of the keywords that go together, and all of them to integers, most of the time."""
        together = self.kernel.for_integers
        if not together or draft.rng.random() < 0.05:
            return
        wanted = draft.dtype.kind != "f" or draft.rng.random() < 0.4
        for name in together:
            if not wanted:
                kwargs.pop(name, None)
            elif name not in kwargs:
                kwargs[name] = value(draft.rng, name, draft.dtype, 0, odd=0.02)

    def _out(self, draft: _Draft, arrays: Sequence[Any], shape: tuple[int, ...], kwargs: dict[str, Any]) -> Any:
        rng = draft.rng
        shapes = self._out_shapes(arrays, shape, kwargs)
        if rng.random() < 0.03:
            shapes = (drawn_shape(rng, self.reduces),) * len(shapes)
        asked = kwargs.get("dtype")
        known = asked if any(asked is good for good in DTYPES) else self.kernel.contract.dtypes[draft.dtype.name]
        dtypes = self.kernel.output_dtypes(known)
        outs = [self._one_out(draft, arrays, one, dtype) for one, dtype in zip(shapes, dtypes, strict=True)]
        if len(outs) == 1:
            return outs[0] if rng.random() < 0.98 else rng.choice((*ODD, tuple(outs)))
        return self._tuple_out(rng, outs)

    def _out_shapes(
        self, arrays: Sequence[Any], shape: tuple[int, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[int, ...], ...]:
        """Return the shape of each output as far as the arguments are good, else that of the first array."""
        several = len(self.kernel.contract.outputs)
        axis = kwargs.get("axis", 0)
        if self.reduces and shape and isinstance(axis, int) and -len(shape) <= axis < len(shape):
            first = axis % len(shape)
            kept = shape if self.kernel.dimensions.keeps_time else shape[:first] + shape[first + 1 :]
            return (kept,) * several
        labels = arrays[-1] if self.kernel.lengths else None
        lengths = [kwargs.get(name) for name in self.kernel.lengths.values()]
        good = all(isinstance(one, int | np.integer) and 0 <= one < MOST_LENGTH for one in lengths)
        if isinstance(labels, np.ndarray) and good:
            lead = shape[: len(shape) - labels.ndim]
            return ((*lead, *(int(one) for one in lengths)),) * several  # type: ignore[arg-type]
        return (shape,) * several

    def _one_out(self, draft: _Draft, arrays: Sequence[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        rng = draft.rng
        if rng.random() < 0.12:
            same = rng.choice(arrays)
            if isinstance(same, np.ndarray):
                draft.outs += [made for made in draft.cuts if made.array is same]
                return same
        near = rng.choice(draft.cuts).arena if draft.cuts and rng.random() < 0.2 else None
        arena = near or self._arena(draft, rng.choice(FLOATS))
        if rng.random() < 0.03:
            dtype = np.dtype(rng.choice((*WRONG_DTYPES, "float32", "float64", "int16")))
        made = cut(rng, arena, dtype, shape, rng.choice(("c", "c", "c", *LAYOUTS)))
        if rng.random() < 0.03:
            made.array.flags.writeable = False
        draft.cuts.append(made)
        draft.outs.append(made)
        return made.array

    @staticmethod
    def _tuple_out(rng: Random, outs: list[Any]) -> Any:
        chance = rng.random()
        if chance > 0.1:
            return tuple(outs)
        wrong = (outs, tuple(outs[:-1]), (*outs, outs[0]), tuple(outs[:1] * len(outs)), (*outs[:-1], None), outs[0])
        return rng.choice(wrong)

    def _spoilt(self, rng: Random, arrays: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Hand options over by position now and then, forget an argument, or add one that nobody knows."""
        chance = rng.random()
        if chance < 0.1 and "axis" in kwargs:
            return [*arrays, kwargs.pop("axis")], kwargs
        if chance > 0.994:
            kwargs["no_such_argument"] = 1
        elif chance > 0.988:
            return arrays[:-1], kwargs
        elif chance > 0.984:
            return [*arrays, *rng.choices(ODD, k=rng.randrange(1, 5))], kwargs
        return arrays, kwargs


def described(call: FuzzCall) -> str:
    """Return a call in words: dtypes, shapes and strides instead of values."""
    parts = [_described(array) for array in call.arrays]
    parts += [f"{name}={_described(given)}" for name, given in call.kwargs.items()]
    return ", ".join(parts)


def _described(given: Any) -> str:
    if isinstance(given, tuple):
        return f"({', '.join(map(_described, given))})"
    if not isinstance(given, np.ndarray) or isinstance(given, np.ma.MaskedArray):
        return repr(given)
    array: Array = given
    state = "" if array.flags.writeable else ", read-only"
    return f"{array.dtype.str}{list(array.shape)} strides {list(array.strides)}{state}"
