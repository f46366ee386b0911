"""Admission: every check of the contract's arguments, for the NumPy and the Numba side.

A kernel calls :func:`elementwise` or :func:`temporal` first and works on what comes back: plain ``ndarray`` views,
broadcast and time first, that need no further question. The common case (arrays of one shape, no mask) takes a few
microseconds, since at 64 × 64 pixels a kernel itself takes no longer.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
DEFAULT_OUTPUT: dict[np.dtype[Any], np.dtype[Any]] = {
    FLOAT32: FLOAT32,
    FLOAT64: FLOAT64,
    np.dtype(np.uint8): FLOAT32,
    np.dtype(np.int16): FLOAT32,
    np.dtype(np.uint16): FLOAT32,
}
_NAMES = "float32, float64, uint8, int16 or uint16"
_ACCEPTED = f"a numpy.ndarray of {_NAMES}"
_OVERLAP_WORK = 10_000  # candidates tried before two arrays that are woven into each other count as overlapping


class Admitted(NamedTuple):
    """Arguments of one call that keep the contract; a named tuple, as a frozen dataclass takes 2 µs more to fill.

    Attributes
    ----------
    arrays
        Inputs as plain read-only-by-agreement views: broadcast to `shape`, or for a reduction with time first.
    mask
        Boolean view of the same shape as the inputs, True = missing; None without a mask.
    nodata
        Integer that means missing; None where every value is data, and for floats.
    shape, dtype
        Of the output.
    order
        Memory order of a fresh output, ``C`` or ``F``.
    out
        The caller's output as a plain view, or None.
    min_denominator
        Guard in the output dtype's values; 0.0 where nothing is divided.
    threads
        Threads asked for.
    """

    arrays: tuple[Array, ...]
    mask: Array | None
    nodata: int | None
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str
    out: Array | None
    min_denominator: float
    threads: int

    def output(self) -> Array:
        """Return the caller's output, or a fresh uninitialised one."""
        return np.empty(self.shape, self.dtype, self.order) if self.out is None else self.out  # type: ignore[call-overload]


def elementwise(
    a: Array,
    b: Array,
    *,
    nodata: int | None,
    mask: Array | None,
    min_denominator: float,
    dtype: Any,
    out: Array | None,
    num_threads: int = 1,
) -> Admitted:
    """Admit a call on two arrays that broadcast; `out` may be exactly one of them.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    a, b = _array("a", a), _array("b", b)
    if a.dtype != b.dtype:
        raise TypeError(f"b: its dtype is {b.dtype} and that of a is {a.dtype}; both must have the same dtype")
    result = _output_dtype("a", a.dtype, dtype)
    shape = a.shape
    if b.shape != shape:
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            raise ValueError(f"b: its shape {b.shape} does not broadcast with the shape {a.shape} of a") from None
    plain_mask = None if mask is None else _mask(mask, shape)
    missing = None if nodata is None else _nodata("a", nodata, a.dtype)
    guard = 0.0 if type(min_denominator) is float and min_denominator == 0.0 else _guard(min_denominator)
    threads = _threads(num_threads)
    plain_out = None if out is None else _out(out, shape, result)
    if plain_out is not None:
        _refuse_overlap(plain_out, "a", a, in_place=True)
        _refuse_overlap(plain_out, "b", b, in_place=True)
        if plain_mask is not None:
            _refuse_overlap(plain_out, "mask", plain_mask)
    order = "F" if a.flags.fnc and b.flags.fnc else "C"
    arrays = (_broadcast(a, shape), _broadcast(b, shape))
    if plain_mask is not None:
        plain_mask = _broadcast(plain_mask, shape)
    return Admitted(arrays, plain_mask, missing, shape, result, order, plain_out, guard, threads)


def temporal(
    x: Array,
    axis: int,
    *,
    nodata: int | None,
    mask: Array | None,
    dtype: Any,
    out: Array | None,
    num_threads: int = 1,
) -> Admitted:
    """Admit a call that reduces one axis of one array; input and mask come back with that axis first.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    x = _array("x", x)
    result = _output_dtype("x", x.dtype, dtype)
    first = _axis(axis, x.ndim)
    rest = (*range(first), *range(first + 1, x.ndim))
    shape = tuple(x.shape[k] for k in rest)
    plain_mask = None if mask is None else _mask(mask, x.shape)
    missing = None if nodata is None else _nodata("x", nodata, x.dtype)
    threads = _threads(num_threads)
    plain_out = None if out is None else _out(out, shape, result)
    if plain_out is not None:
        _refuse_overlap(plain_out, "x", x)
        if plain_mask is not None:
            _refuse_overlap(plain_out, "mask", plain_mask)
    if plain_mask is not None:
        plain_mask = _broadcast(plain_mask, x.shape).transpose(first, *rest)
    arrays = (x.transpose(first, *rest),)
    return Admitted(arrays, plain_mask, missing, shape, result, "C", plain_out, 0.0, threads)


def _plain(name: str, value: Any, accepted: str) -> Array:
    """Return `value` as a base-class view, or raise a TypeError for anything that is not an ndarray."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: a numpy.ma.MaskedArray is not accepted; hand over its data, and its mask as mask=")
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: it is of type {type(value).__name__}; accepted is {accepted}")
    return value.view(np.ndarray)


def _array(name: str, value: Any) -> Array:
    array = _plain(name, value, _ACCEPTED)
    if array.dtype not in DEFAULT_OUTPUT:
        raise TypeError(f"{name}: its dtype is {array.dtype.str!r}; accepted is {_NAMES} in native byte order")
    if array.ndim == 0:
        raise ValueError(f"{name}: it has no dimension; accepted is an array of at least one")
    if not array.flags.aligned:
        raise ValueError(f"{name}: its memory is not aligned for {array.dtype}; hand over a copy of it")
    return array


def _output_dtype(name: str, given: np.dtype[Any], asked: Any) -> np.dtype[Any]:
    default = DEFAULT_OUTPUT[given]
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
    return DEFAULT_OUTPUT[result]


def _mask(mask: Any, shape: tuple[int, ...]) -> Array:
    plain = _plain("mask", mask, "a boolean numpy.ndarray, True = missing")
    if plain.dtype != np.bool_:
        raise TypeError(f"mask: its dtype is {plain.dtype}; accepted is bool, True = missing")
    lengths = zip(plain.shape[::-1], shape[::-1], strict=False)
    if plain.ndim > len(shape) or any(m not in (1, n) for m, n in lengths):
        raise ValueError(f"mask: its shape {plain.shape} does not broadcast to the shape {shape} of the input")
    return plain


def _is_number(value: Any, kind: type) -> bool:
    """Tell whether `value` is a number of that kind; a bool is not, and an int is found without the slow look-up."""
    return type(value) is int or (isinstance(value, kind) and not isinstance(value, bool))


def _nodata(name: str, nodata: Any, dtype: np.dtype[Any]) -> int:
    if dtype.kind == "f":
        raise ValueError(f"nodata: it is {nodata!r} and {name} is {dtype}; floats mark missing data by NaN alone")
    if not _is_number(nodata, Integral):
        raise TypeError(f"nodata: it is of type {type(nodata).__name__}; accepted is an int, or None for no such value")
    limits = np.iinfo(dtype)
    if not limits.min <= nodata <= limits.max:
        raise ValueError(f"nodata: {nodata} is outside the range {limits.min} to {limits.max} of {name}'s {dtype}")
    return int(nodata)


def _guard(value: Any) -> float:
    if not _is_number(value, Real):
        raise TypeError(f"min_denominator: it is of type {type(value).__name__}; accepted is a real number >= 0")
    guard = float(value)
    if not guard >= 0.0:
        raise ValueError(f"min_denominator: it is {value}; accepted is a real number >= 0")
    return guard


def _axis(axis: Any, ndim: int) -> int:
    if not _is_number(axis, Integral):
        raise TypeError(f"axis: it is of type {type(axis).__name__}; accepted is an int")
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis: it is {axis}; accepted is {-ndim} to {ndim - 1} for an array of {ndim} dimensions")
    return int(axis) % ndim


def _threads(value: Any) -> int:
    if not _is_number(value, Integral):
        raise TypeError(f"num_threads: it is of type {type(value).__name__}; accepted is an int of at least 1")
    if value < 1:
        raise ValueError(f"num_threads: it is {value}; accepted is an int of at least 1")
    return int(value)


def _out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    plain = _plain("out", out, "a numpy.ndarray of the output's dtype")
    if plain.dtype != dtype:
        raise TypeError(f"out: its dtype is {plain.dtype.str!r}; accepted is {dtype} in native byte order")
    if plain.shape != shape:
        raise ValueError(f"out: its shape is {plain.shape}; accepted is {shape}")
    if not plain.flags.writeable:
        raise ValueError("out: it is read-only; accepted is a writeable array")
    if not plain.flags.aligned:
        raise ValueError(f"out: its memory is not aligned for {dtype}; hand over an aligned array")
    if not plain.flags.forc and _overlaps_itself(plain):
        raise ValueError("out: some of its elements share memory with others; accepted is one place per element")
    return plain


def _overlaps_itself(array: Array) -> bool:
    """Tell whether elements may share memory: strides, sorted, must each step over all that the smaller ones span."""
    span = array.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < span:
            return array.size > 0
        span += stride * (length - 1)
    return False


def _same_place(out: Array, given: Array) -> bool:
    """Tell whether `out` is exactly `given`: the in-place form."""
    return out is given or (
        out.dtype == given.dtype
        and out.shape == given.shape
        and out.strides == given.strides
        and out.__array_interface__["data"][0] == given.__array_interface__["data"][0]
    )


def _refuse_overlap(out: Array, name: str, given: Array, *, in_place: bool = False) -> None:
    """Raise where two arrays share an element; bounds that overlap are looked at exactly, within limits."""
    if not np.may_share_memory(out, given) or (in_place and _same_place(out, given)):
        return
    try:
        shared = np.shares_memory(out, given, max_work=_OVERLAP_WORK)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        shared = True
    if shared:
        exactly = f", or exactly {name}" if in_place else ""
        raise ValueError(f"out: it overlaps {name}; accepted is memory of its own{exactly}")


def _broadcast(array: Array, shape: tuple[int, ...]) -> Array:
    return array if array.shape == shape else np.broadcast_to(array, shape)
