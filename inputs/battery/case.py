"""What a case of the battery is made of: small arrays, the memory they lie in, and what a call must answer.

Nothing here knows a kernel. A case says with which arrays and keywords a function is called, and whether it must
give a value (the kernel's oracle says which) or raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.dimensions import Dimensions

Array = NDArray[Any]

NUMBERS = ("float32", "float64", "uint8", "int16", "uint16")
LAYOUTS = ("f", "sliced", "window", "band-last", "negative", "negative-first", "negative-last", "rolled", "offset")
"""Names that :func:`lay_out` knows, beside ``c``."""
ODD_LAYOUTS = ("odd", "odd-f", "odd-negative", "odd-sliced", "packed", "packed-f", "packed-rows")
"""Those that no aligned view can have: inputs may lie so, outputs may not."""


@dataclass(frozen=True)
class Shift:
    """A number that a kernel adds to counts, made of scale and offset.

    Attributes
    ----------
    value
        Takes the constants of a call by name and returns the number in float64.
    blames
        The argument that a refusal names where the number is infinite in the output dtype.
    """

    value: Callable[..., float]
    blames: str


@dataclass(frozen=True)
class Request:
    """For whom cases are made.

    Attributes
    ----------
    dimensions
        Core dimensions of its arrays and results.
    dtype, out_dtype
        Of the input, and of what a call computes by default.
    arrays
        Number of array arguments that are handed over by position.
    options
        The choices of the contract that the kernel has (``axis``, ``min_denominator``, ``in_place``, ``broadcasts`` …);
        a case that needs another one is left out.
    accepted
        All input dtypes that the kernel takes; any other must be refused.
    outputs
        The dtype of each output, empty where it is the output dtype of the call.
    required
        Keywords without default, each with the value that a case takes where it says nothing else.
    beside
        Roles of the arrays that are handed over by position after the `arrays`: ``labels``.
    lengths
        Dimensions that no array has, each with the keyword that says how long it is.
    least
        Core dimensions whose length has a lower bound, each with that bound.
    probes
        Numbers that are no constants of a formula, each with values other than its usual one.
    for_integers
        Keywords without which integers are refused, each with the value that leaves counts as they are.
    numbers
        Keywords that are numbers, each with the value from which it is varied.
    shift
        What counts are shifted by inside the kernel; None where nothing is.
    seed
        Of all that is drawn.
    """

    dimensions: Dimensions
    dtype: str
    out_dtype: str
    arrays: int = 1
    options: frozenset[str] = frozenset()
    accepted: tuple[str, ...] = NUMBERS
    outputs: tuple[str, ...] = ("",)
    required: tuple[tuple[str, Any], ...] = ()
    for_integers: tuple[tuple[str, Any], ...] = ()
    numbers: tuple[tuple[str, Any], ...] = ()
    shift: Shift | None = None
    beside: tuple[str, ...] = ()
    lengths: tuple[tuple[str, str], ...] = ()
    least: tuple[tuple[str, int], ...] = ()
    probes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    seed: int = 20250101

    @property
    def over_time(self) -> bool:
        """Whether the arrays are stacks, time first."""
        return self.dimensions.over_time

    @property
    def is_elementwise(self) -> bool:
        """Whether a call works element by element."""
        return self.dimensions.is_elementwise

    @property
    def usual(self) -> tuple[int, ...]:
        """The shape of arrays where nothing depends on it."""
        return (6, 5, 7) if self.over_time else (5, 7)

    def with_dates(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return `shape`, with one date before it where the arrays are stacks."""
        return (1, *shape) if self.over_time else tuple(shape)

    def output_shapes(self, shape: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """Return the time-major shape of each output for arrays of `shape`, with the keywords' usual values."""
        return self.dimensions.output_shapes(tuple(shape), {name: self.filled[said] for name, said in self.lengths})

    def too_short(self, call: Call) -> bool:
        """Tell whether a core dimension of a call is shorter than the kernel takes."""
        shape = np.shape(call.arrays[0])
        axis = call.kwargs.get("axis", 0)
        return any(shape and shape[int(np.ravel(axis)[0])] < bound for _, bound in self.least)

    @property
    def is_float(self) -> bool:
        """Whether missing data is NaN (floats) and not a `nodata` value (integers)."""
        return np.dtype(self.dtype).kind == "f"

    @property
    def constants(self) -> dict[str, float]:
        """The numbers that a formula holds, each with the value from which it is varied."""
        apart = {"min_denominator", *dict(self.probes)}
        return {name: base for name, base in self.numbers if isinstance(base, float) and name not in apart}

    @property
    def filled(self) -> dict[str, Any]:
        """Keywords that a case takes where it says nothing else."""
        return {**dict(self.required), **({} if self.is_float else dict(self.for_integers))}

    def paired(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return keywords with the rest of those that are given together or not at all."""
        together = dict(self.for_integers)
        return {**together, **given} if together.keys() & given.keys() else dict(given)

    @property
    def limits(self) -> tuple[Any, Any]:
        """The least and the greatest finite value of the input dtype."""
        info = np.finfo(self.dtype) if self.is_float else np.iinfo(self.dtype)
        return info.min, info.max

    def rng(self, salt: int = 0) -> np.random.Generator:
        """Return a generator that depends on seed, dtype and `salt` alone."""
        return np.random.default_rng([self.seed, *self.dtype.encode(), salt])

    def sample(self, shape: Sequence[int], salt: int = 0) -> Array:
        """Return ordinary values in C order: reflectance in floats, counts in integers."""
        return _sample(self, tuple(shape), salt).copy()


@lru_cache(maxsize=512)
def _sample(request: Request, shape: tuple[int, ...], salt: int) -> Array:
    rng = request.rng(salt)
    if request.is_float:
        return rng.uniform(0.01, 1.0, shape).astype(request.dtype)
    low, high = max(-2000, request.limits[0]), min(10_000, request.limits[1])
    return rng.integers(low, high, shape, dtype=request.dtype)


@dataclass(frozen=True)
class Call:
    """The arguments of one call, fresh from a builder so that a call that writes to them spoils no other."""

    arrays: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def given(self, **kwargs: Any) -> Call:
        """Return the call with more keywords, or other values of those it has."""
        return Call(self.arrays, {**self.kwargs, **kwargs})


OMITTED = object()
"""As a keyword's value: the call leaves out that keyword, although the kernel requires it."""


@dataclass(frozen=True)
class BatteryCase:
    """One question put to an implementation.

    Attributes
    ----------
    name
        Unique within a request.
    request
        For whom it is made; holds dtype and family.
    build
        Makes the arguments anew.
    raises
        The exception that must come, or None where the oracle's value must.
    blames
        The error's message must name one of these: an ``int`` is the array argument of that number. Empty where
        `mentions` alone decides.
    mentions
        Texts that the error's message must hold as well.
    needs
        Options without which the case makes no sense.
    """

    name: str
    request: Request
    build: Callable[[], Call]
    raises: type[Exception] | None = None
    blames: tuple[int | str, ...] = ()
    mentions: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()

    @property
    def dtype(self) -> str:
        """The input dtype."""
        return self.request.dtype


def labels(shape: Sequence[int], zones: int, dtype: str = "int32") -> Array:
    """Return the zone of each element: runs of all zones, and of the two numbers beside them that are none."""
    size = int(np.prod(shape))
    return ((np.arange(size) * 7 // 3) % (zones + 2) - 1).astype(dtype).reshape(tuple(shape))


def _filler(values: Array) -> Any:
    """Return a value that spoils the result of anybody who reads beside the view."""
    return np.finfo(values.dtype).max / 4 if values.dtype.kind == "f" else 1


def lay_out(values: Array, layout: str) -> Array:
    """Return an array equal to `values` whose memory is laid out otherwise.

    Parameters
    ----------
    values
        Any array of at least one dimension.
    layout
        ``c``; ``f``; ``sliced`` (every second element of every axis); ``window`` (of a larger array); ``band-last``
        (one band of ``(…, 4)``); ``negative``, ``negative-first``, ``negative-last`` (strides below zero on all
        axes, on the first, on the last); ``rolled`` (the first axis is innermost in memory); ``offset`` (one element
        past an aligned address). Of `ODD_LAYOUTS`, ``odd…`` begin one byte past an aligned address, ``packed`` and
        ``packed-f`` are the first field of records one byte longer, and rows of ``packed-rows`` lie an odd number of
        bytes apart.
    """
    if layout in ODD_LAYOUTS:
        return _lay_out_oddly(values, layout)
    pick = tuple(slice(None) for _ in values.shape)
    flips = {"negative": values.ndim * [-1], "negative-first": [-1], "negative-last": (values.ndim - 1) * [1] + [-1]}
    if layout in ("c", "f"):
        return values.copy(order="C" if layout == "c" else "F")
    if layout == "rolled":
        return np.moveaxis(np.moveaxis(values, 0, -1).copy(), -1, 0)
    if layout in flips:
        turn = tuple(slice(None, None, step) for step in flips[layout])
        return values[turn].copy()[turn]
    shape: tuple[int, ...] = values.shape
    if layout == "sliced":
        shape, pick = tuple(2 * n + 1 for n in shape), tuple(slice(1, 2 * n + 1, 2) for n in shape)
    elif layout == "window":
        shape, pick = tuple(n + 5 for n in shape), tuple(slice(2, n + 2) for n in shape)
    elif layout == "band-last":
        shape, pick = (*shape, 4), (..., 1)  # type: ignore[assignment]
    elif layout == "offset":
        view = np.full(values.size + 1, _filler(values), values.dtype)[1:].reshape(shape)
        view[...] = values
        return view
    else:
        raise ValueError(f"layout: {layout!r} is not one of c, {', '.join(LAYOUTS)}")
    view = np.full(shape, _filler(values), values.dtype)[pick]
    view[...] = values
    return view


def _lay_out_oddly(values: Array, layout: str) -> Array:
    if layout.endswith("-f"):
        return _lay_out_oddly(values.T, layout.removesuffix("-f")).T
    size, strides = values.itemsize, []
    step = {"odd-sliced": 2 * size, "packed": size + 1}.get(layout, size)
    for length in values.shape[::-1]:
        strides.append(step)
        step *= max(length, 1)
        step += 1 + step % 2 if layout == "packed-rows" else 0
    memory = np.full(step + size + 16, 0x55, np.uint8)
    at = -memory.ctypes.data % 16 + (not layout.startswith("packed"))
    view: Array = np.ndarray(values.shape, values.dtype, memory, at, tuple(reversed(strides)))
    if layout == "odd-negative":
        turned: tuple[Any, ...] = (..., *[slice(None, None, -1)] * values.ndim)
        view = view[turned]
    view[...] = values
    return view


def frozen(values: Array) -> Array:
    """Return `values`, no longer writeable."""
    values.flags.writeable = False
    return values


def carve(memory: Array, offset: int, shape: Sequence[int], dtype: str, spread: int = 1) -> Array:
    """Return an array cut from the byte array `memory`, from byte `offset` on.

    It is in C order, with every element `spread` elements after the one before it.
    """
    steps = [spread * np.dtype(dtype).itemsize]
    for length in tuple(shape)[:0:-1]:
        steps.insert(0, steps[0] * length)
    return np.ndarray(tuple(shape), np.dtype(dtype), buffer=memory, offset=offset, strides=tuple(steps[: len(shape)]))


def specials(request: Request) -> list[Any]:
    """Return the values at which arithmetic changes its ways, NaN excepted."""
    low, high = request.limits
    if not request.is_float:
        middle = [0, 1, 2, 7, high // 2, high // 2 + 1]
        return sorted({low, low + 1, *middle, high - 1, high, *([-1, -2] if low < 0 else [])})
    info = np.finfo(request.dtype)
    tiny, step = info.tiny, info.smallest_subnormal
    positive = [0.0, step, 3 * step, tiny, tiny * 1.5, 0.1, 1.0, 1 + info.eps, 1e4, high / 2, high, np.inf]
    return [*positive, *(-value for value in positive)]
