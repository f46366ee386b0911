"""Checks of one array each; a refusal says its name, what it was and what is accepted.

The order of tests within a check is that of cost: what nearly every caller hands over is let through first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
_DEFAULT_OUTPUT: dict[np.dtype[Any], np.dtype[Any]] = {
    FLOAT32: FLOAT32,
    FLOAT64: FLOAT64,
    np.dtype(np.uint8): FLOAT32,
    np.dtype(np.int16): FLOAT32,
    np.dtype(np.uint16): FLOAT32,
}
_NAMES = "float32, float64, uint8, int16 or uint16"
_OVERLAP_WORK = 1_000_000  # candidates tried before two arrays that are woven into each other count as overlapping
_MOST_PLACES = 2**20  # elements of an output whose axes do not nest, up to which their places are compared one by one
_TRUE = np.ones((), np.bool_)
_TRUE.flags.writeable = False


def has_own_meaning(kind: type) -> bool:
    """Tell whether a subclass of ndarray redefines what NumPy's functions do with its values, as units and masks do."""
    return kind is not np.ndarray and (
        issubclass(kind, np.ma.MaskedArray)
        or kind.__array_ufunc__ is not np.ndarray.__array_ufunc__
        or kind.__array_function__ is not np.ndarray.__array_function__
    )


def plain(name: str, value: Any, accepted: str) -> Array:
    """Return an ndarray as a base-class view of it, which no code of a subclass is asked about any more.

    Raises
    ------
    TypeError
        For anything else, and for subclasses that give their values a meaning of their own.
    """
    kind = type(value)
    if kind is np.ndarray:
        return value  # type: ignore[no-any-return]
    if not issubclass(kind, np.ndarray):
        raise TypeError(f"{name}: it is of type {kind.__name__}; accepted is {accepted}")
    if issubclass(kind, np.ma.MaskedArray):
        raise TypeError(f"{name}: a numpy.ma.MaskedArray is not accepted; hand over its data, and its mask as mask=")
    if has_own_meaning(kind):
        raise TypeError(
            f"{name}: it is of type {kind.__name__}, which gives its values a meaning of its own; hand over plain "
            f"values by numpy.asarray({name}), and what it masks as mask="
        )
    return np.ndarray.view(value, np.ndarray)


def plain_input(name: str, value: Any) -> Array:
    """Return an input of a kernel as a base-class view."""
    return value if type(value) is np.ndarray else plain(name, value, f"a numpy.ndarray of {_NAMES}")


def plain_out(value: Any, name: str = "out") -> Array:
    """Return an output of a kernel as a base-class view."""
    return plain(name, value, "a numpy.ndarray of the output's dtype")


def plain_mask(value: Any) -> Array | None:
    """Return a mask as a base-class view; None for False, which masks nothing."""
    if type(value) in {bool, np.bool_}:
        return _TRUE if value else None
    return plain("mask", value, "a boolean numpy.ndarray or a bool, True = missing")


def check_array(name: str, value: Array) -> None:
    """Check the dtype of an input."""
    if value.dtype not in _DEFAULT_OUTPUT:
        raise TypeError(f"{name}: its dtype is {value.dtype.str!r}; accepted is {_NAMES} in native byte order")


def read_dtype(asked: Any) -> np.dtype[Any] | None:
    """Return what was asked for as `dtype` as a dtype."""
    if asked is None:
        return None
    try:
        return np.dtype(asked)
    except (TypeError, ValueError):
        raise TypeError(f"dtype: {asked!r} is not a dtype; accepted is float32 or float64") from None


def output_dtype(name: str, given: np.dtype[Any], asked: np.dtype[Any] | None) -> np.dtype[Any]:
    """Return the dtype of the output for the input `name` of dtype `given`."""
    default = _DEFAULT_OUTPUT[given]
    if asked is None:
        return default
    if asked not in (FLOAT32, FLOAT64):
        raise TypeError(f"dtype: it is {asked.str!r}; accepted is float32 or float64 in native byte order")
    if given.kind == "f" and asked != given:
        raise TypeError(f"dtype: it is {asked} and {name} is {given}; for float input only its own dtype is accepted")
    return _DEFAULT_OUTPUT[asked]


def check_mask(value: Array, shape: tuple[int, ...]) -> None:
    """Check a mask against the shape of the input."""
    if value.dtype != np.bool_:
        raise TypeError(f"mask: its dtype is {value.dtype}; accepted is bool, True = missing")
    check_broadcast("mask", value, shape)


def check_broadcast(name: str, given: Array, shape: tuple[int, ...]) -> None:
    """Raise where an array does not broadcast to the shape of the input."""
    lengths = zip(given.shape[::-1], shape[::-1], strict=False)
    if given.ndim > len(shape) or any(m not in (1, n) for m, n in lengths):
        raise ValueError(f"{name}: its shape {given.shape} does not broadcast to the shape {shape} of the input")


def check_out(given: Array, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> None:
    """Check an array that a result is to be written to."""
    if given.dtype != dtype:
        raise TypeError(f"{name}: its dtype is {given.dtype.str!r}; accepted is {dtype} in native byte order")
    if given.shape != shape:
        raise ValueError(f"{name}: its shape is {given.shape}; accepted is {shape}")
    flags = given.flags
    if not flags.writeable:
        raise ValueError(f"{name}: it is read-only; accepted is a writeable array")
    if not flags.aligned:
        raise ValueError(f"{name}: its memory is not aligned for {dtype}; hand over an aligned array")
    if not flags.forc and overlaps_itself(given):
        raise ValueError(f"{name}: some of its elements share memory with others; accepted is one place per element")


def overlaps_itself(given: Array) -> bool:
    """Tell whether elements share memory.

    They do not where the axes nest: strides, sorted, each step over all that the smaller ones span. Other arrays, which
    ``as_strided`` makes, are looked at element by element, and count as overlapping where they are large.
    """
    axes = sorted((abs(s), n) for s, n in zip(given.strides, given.shape, strict=True) if n > 1)
    span, nested = given.itemsize, True
    for stride, length in axes:
        nested = nested and stride >= span
        span += stride * (length - 1)
    if nested or given.size == 0:
        return False
    if given.size > _MOST_PLACES:
        return True
    places = np.zeros(1, np.intp)
    for stride, length in axes:
        places = np.add.outer(np.arange(length) * stride, places).reshape(-1)
    places.sort()
    return bool((np.diff(places) < given.itemsize).any())


def _same_place(target: Array, given: Array) -> bool:
    """Tell whether `target` is exactly `given`: the in-place form. The stride of a lone element means nothing."""
    return target is given or (
        target.dtype == given.dtype
        and target.shape == given.shape
        and all(s == t or n == 1 for s, t, n in zip(target.strides, given.strides, given.shape, strict=True))
        and target.__array_interface__["data"][0] == given.__array_interface__["data"][0]
    )


def refuse_overlap(target: Array, name: str, given: Array, in_place: bool = False, own: str = "out") -> None:
    """Raise where two arrays share an element; bounds that overlap are looked at exactly, within limits."""
    if not np.may_share_memory(target, given) or (in_place and _same_place(target, given)):
        return
    try:
        shared = np.shares_memory(target, given, max_work=_OVERLAP_WORK)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        shared = True
    if shared:
        exactly = f", or exactly {name}" if in_place else ""
        raise ValueError(f"{own}: it overlaps {name}; accepted is memory of its own{exactly}")


def broadcast(given: Array, shape: tuple[int, ...]) -> Array:
    """Return a view of `given` of that shape, which it is known to broadcast to."""
    return given if given.shape == shape else np.broadcast_to(given, shape)


def check_size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise a MemoryError for an output of more bytes than an address can count."""
    size = dtype.itemsize
    for length in shape:
        size *= max(length, 1)
    if size > np.iinfo(np.intp).max:
        raise MemoryError(f"out: {size} bytes for an array of shape {shape} and dtype {dtype} cannot be had")


def fresh(shape: tuple[int, ...], dtype: np.dtype[Any], order: str = "C") -> Array:
    """Return a new array that is not filled; what cannot be had is a MemoryError that says its size."""
    try:
        return np.empty(shape, dtype, order)  # type: ignore[call-overload, no-any-return]
    except ValueError:
        check_size(shape, dtype)
        raise
