"""Checks of one argument each; a refusal says its name, what it was and what is accepted.

The order of tests within a check is that of cost: what nearly every caller hands over is let through first.
"""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import Any, NamedTuple

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
_OVERLAP_WORK = 10_000  # candidates tried before two arrays that are woven into each other count as overlapping


class Kinds(NamedTuple):
    """Input dtypes that a kernel takes, and how a refusal calls them."""

    dtypes: frozenset[np.dtype[Any]]
    names: str


ALL = Kinds(frozenset(_DEFAULT_OUTPUT), "float32, float64, uint8, int16 or uint16")
COUNTS = Kinds(frozenset(dtype for dtype in _DEFAULT_OUTPUT if dtype.kind != "f"), "uint8, int16 or uint16")


def plain(name: str, value: Any, accepted: str) -> Array:
    """Return `value` as a base-class view, or raise a TypeError for anything that is not an ndarray."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: a numpy.ma.MaskedArray is not accepted; hand over its data, and its mask as mask=")
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is {accepted}")
    return value.view(np.ndarray)


def check_array(name: str, value: Any, kinds: Kinds) -> Array:
    """Check an input array of a kernel."""
    if type(value) is not np.ndarray:
        value = plain(name, value, f"a numpy.ndarray of {kinds.names}")
    if value.dtype not in kinds.dtypes:
        raise TypeError(f"{name}: its dtype is {value.dtype.str!r}; accepted is {kinds.names} in native byte order")
    if value.ndim == 0:
        raise ValueError(f"{name}: it has no dimension; accepted is an array of at least one")
    if not value.flags.aligned:
        raise ValueError(f"{name}: its memory is not aligned for {value.dtype}; hand over a copy of it")
    return value


def check_dtype(name: str, given: np.dtype[Any], asked: Any) -> np.dtype[Any]:
    """Return the dtype of the output for the input `name` of dtype `given`."""
    default = _DEFAULT_OUTPUT[given]
    if asked is None:
        return default
    try:
        result = np.dtype(asked)
    except TypeError:
        raise TypeError(f"dtype: {asked!r} is not a dtype; accepted is float32 or float64") from None
    if result not in (FLOAT32, FLOAT64):
        raise TypeError(f"dtype: it is {result.str!r}; accepted is float32 or float64 in native byte order")
    if given.kind == "f" and result != given:
        raise TypeError(f"dtype: it is {result} and {name} is {given}; for float input only its own dtype is accepted")
    return _DEFAULT_OUTPUT[result]


def check_mask(value: Any, shape: tuple[int, ...]) -> Array:
    """Check a mask against the shape of the input."""
    checked = plain("mask", value, "a boolean numpy.ndarray, True = missing")
    if checked.dtype != np.bool_:
        raise TypeError(f"mask: its dtype is {checked.dtype}; accepted is bool, True = missing")
    check_broadcast("mask", checked, shape)
    return checked


def check_broadcast(name: str, given: Array, shape: tuple[int, ...]) -> None:
    """Raise where an array does not broadcast to the shape of the input."""
    lengths = zip(given.shape[::-1], shape[::-1], strict=False)
    if given.ndim > len(shape) or any(m not in (1, n) for m, n in lengths):
        raise ValueError(f"{name}: its shape {given.shape} does not broadcast to the shape {shape} of the input")


def _is_number(value: Any, kind: type) -> bool:
    """Tell whether `value` is a number of that kind; a bool is not, and an int is found without the slow look-up."""
    return type(value) is int or (isinstance(value, kind) and not isinstance(value, bool))


def check_integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Check an int within limits, both included."""
    number = _is_number(value, Integral)
    if number and value >= least and (most is None or value <= most):
        return int(value)
    within = f"an int of at least {least}" if most is None else f"an int of {least} to {most}"
    if not number:
        raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is {within}")
    raise ValueError(f"{name}: it is {value}; accepted is {within}")


def check_real(name: str, value: Any, *, zero: bool = True) -> float:
    """Check a finite real number, that is not zero where `zero` says so."""
    if type(value) is not float:
        if not _is_number(value, Real):
            raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is a finite real number")
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{name}: it is beyond the range of float64; accepted is a finite real number") from None
    if not isfinite(value):
        raise ValueError(f"{name}: it is {value}; accepted is a finite real number")
    if value == 0.0 and not zero:
        raise ValueError(f"{name}: it is {value}; accepted is a finite real number other than 0")
    return value


def check_nodata(name: str, value: Any, dtype: np.dtype[Any]) -> int:
    """Check the integer that means missing against the dtype of the input `name`."""
    if dtype.kind == "f":
        raise ValueError(f"nodata: it is {value!r} and {name} is {dtype}; floats mark missing data by NaN alone")
    if not _is_number(value, Integral):
        raise TypeError(f"nodata: it is of type {type(value).__name__}; accepted is an int, or None for no such value")
    limits = np.iinfo(dtype)
    if not limits.min <= value <= limits.max:
        raise ValueError(f"nodata: {value} is outside the range {limits.min} to {limits.max} of {name}'s {dtype}")
    return int(value)


def check_guard(value: Any) -> float:
    """Check a `min_denominator`."""
    if type(value) is not float and not _is_number(value, Real):
        raise TypeError(f"min_denominator: it is of type {type(value).__name__}; accepted is a real number >= 0")
    if not value >= 0.0:
        raise ValueError(f"min_denominator: it is {value}; accepted is a real number >= 0")
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def check_axis(value: Any, ndim: int) -> int:
    """Check an axis, and count it from the first."""
    if not _is_number(value, Integral):
        raise TypeError(f"axis: it is of type {type(value).__name__}; accepted is an int")
    if not -ndim <= value < ndim:
        raise ValueError(f"axis: it is {value}; accepted is {-ndim} to {ndim - 1} for an array of {ndim} dimensions")
    return int(value) % ndim


def check_out(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> Array:
    """Check an array that a result is to be written to."""
    given = plain(name, value, "a numpy.ndarray of the output's dtype")
    if given.dtype != dtype:
        raise TypeError(f"{name}: its dtype is {given.dtype.str!r}; accepted is {dtype} in native byte order")
    if given.shape != shape:
        raise ValueError(f"{name}: its shape is {given.shape}; accepted is {shape}")
    flags = given.flags
    if not flags.writeable:
        raise ValueError(f"{name}: it is read-only; accepted is a writeable array")
    if not flags.aligned:
        raise ValueError(f"{name}: its memory is not aligned for {dtype}; hand over an aligned array")
    if not flags.forc and _overlaps_itself(given):
        raise ValueError(f"{name}: some of its elements share memory with others; accepted is one place per element")
    return given


def _overlaps_itself(given: Array) -> bool:
    """Tell whether elements may share memory: strides, sorted, must each step over all that the smaller ones span."""
    span = given.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(given.strides, given.shape, strict=True) if n > 1):
        if stride < span:
            return given.size > 0
        span += stride * (length - 1)
    return False


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
