"""What a case of the battery is made of: small arrays, the memory they lie in, and what a call must answer.

Nothing here knows a kernel. A case says with which arrays and keywords a function is called, and whether it must
give a value (the kernel's oracle says which) or raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.battery.request import Request

Array = NDArray[Any]

LAYOUTS = ("f", "sliced", "window", "band-last", "negative", "negative-first", "negative-last", "rolled", "offset")
"""Names that :func:`lay_out` knows, beside ``c``."""
ODD_LAYOUTS = ("odd", "odd-f", "odd-negative", "odd-sliced", "packed", "packed-f", "packed-rows")
"""Those that no aligned view can have: inputs may lie so, outputs may not."""


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
