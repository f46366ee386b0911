"""Admission: every check of the contract's arguments, for the NumPy and the Numba side.

A kernel calls :func:`elementwise` or :func:`temporal` first and works on what comes back: plain ``ndarray`` views,
broadcast and time first, that need no further question. What only some kernels have is admitted beside that:
:func:`several` outputs, ``_quality`` and ``_constants``. The common case (arrays of one shape, no mask) takes a few
microseconds, since at 64 × 64 pixels a kernel itself takes no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eokernels._checks import (
    ALL,
    COUNTS,
    FLOAT32,
    FLOAT64,
    Array,
    Kinds,
    broadcast,
    check_array,
    check_axis,
    check_dtype,
    check_guard,
    check_integer,
    check_mask,
    check_nodata,
    check_out,
    refuse_overlap,
)

__all__ = [
    "COUNTS",
    "FLOAT32",
    "FLOAT64",
    "INT32",
    "Admitted",
    "Array",
    "elementwise",
    "several",
    "temporal",
]

INT32 = np.dtype(np.int32)


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
    given: Mapping[str, Array],
    kinds: Kinds = ALL,
    *,
    nodata: int | None,
    mask: Array | None,
    dtype: Any,
    out: Array | None,
    min_denominator: float = 0.0,
    num_threads: int = 1,
) -> Admitted:
    """Admit a call on arrays (name → array) that broadcast; `out` may be exactly one of them if they are floats.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    name, *names = given
    first = check_array(name, given[name], kinds)
    kind, shape, order, same = first.dtype, first.shape, "F" if first.flags.fnc else "C", True
    arrays = [first]
    for other in names:
        array = check_array(other, given[other], kinds)
        arrays.append(array)
        same = same and array.shape == shape and array.dtype == kind
        if order == "F" and not array.flags.fnc:
            order = "C"
    if not same:
        shape = _common([name, *names], arrays)
    result = check_dtype(name, kind, dtype)
    least = 0.0 if type(min_denominator) is float and min_denominator == 0.0 else check_guard(min_denominator)
    missing = None if nodata is None else check_nodata(name, nodata, kind)
    threads = check_integer("num_threads", num_threads, 1)
    plain_out = None if out is None else check_out(out, shape, result)
    if plain_out is not None:
        in_place = kind == result
        refuse_overlap(plain_out, name, first, in_place)
        for k, other in enumerate(names, 1):
            refuse_overlap(plain_out, other, arrays[k], in_place)
    gaps = None if mask is None else _gaps(mask, shape, plain_out)
    if not same:
        arrays = [broadcast(array, shape) for array in arrays]
    return Admitted(tuple(arrays), gaps, missing, shape, result, order, plain_out, least, threads)


def temporal(
    x: Array,
    axis: int,
    *,
    nodata: int | None,
    mask: Array | None,
    dtype: Any,
    out: Array | None = None,
    num_threads: int = 1,
) -> Admitted:
    """Admit a call that reduces one axis of one array; input and mask come back with that axis first.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    x = check_array("x", x, ALL)
    result = check_dtype("x", x.dtype, dtype)
    first = check_axis(axis, x.ndim)
    order = (first, *range(first), *range(first + 1, x.ndim))
    series = x.transpose(order)
    shape = series.shape[1:]
    missing = None if nodata is None else check_nodata("x", nodata, x.dtype)
    threads = check_integer("num_threads", num_threads, 1)
    plain_out = None if out is None else check_out(out, shape, result)
    if plain_out is not None:
        refuse_overlap(plain_out, "x", x)
    gaps = None if mask is None else _gaps(mask, x.shape, plain_out).transpose(order)
    return Admitted((series,), gaps, missing, shape, result, "C", plain_out, 0.0, threads)


def _gaps(mask: Array, shape: tuple[int, ...], out: Array | None) -> Array:
    """Return the mask of a call whose input has that shape, broadcast to it."""
    checked = check_mask(mask, shape)
    if out is not None:
        refuse_overlap(out, "mask", checked)
    return broadcast(checked, shape)


def _common(names: list[str], arrays: list[Array]) -> tuple[int, ...]:
    """Return the shape that arrays of one dtype broadcast to."""
    shape = arrays[0].shape
    for name, array in zip(names[1:], arrays[1:], strict=True):
        if array.dtype != arrays[0].dtype:
            kinds = f"its dtype is {array.dtype} and that of {names[0]} is {arrays[0].dtype}"
            raise TypeError(f"{name}: {kinds}; all must have the same dtype")
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            before = " and ".join(names[: names.index(name)])
            raise ValueError(
                f"{name}: its shape {array.shape} does not broadcast with {shape}, that of {before}"
            ) from None
    return shape


def several(call: Admitted, out: Any, dtypes: tuple[np.dtype[Any], ...]) -> tuple[Array, ...]:
    """Return the outputs of a temporal call that has one of each of `dtypes`: the caller's, or fresh ones.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the output, what it was and what is accepted.
    """
    if out is None:
        return tuple(np.empty(call.shape, dtype) for dtype in dtypes)
    if not isinstance(out, tuple):
        raise TypeError(f"out: it is of type {type(out).__name__}; accepted is a tuple of {len(dtypes)} arrays")
    if len(out) != len(dtypes):
        raise ValueError(f"out: it is a tuple of {len(out)}; accepted is a tuple of {len(dtypes)} arrays")
    names = [f"out[{k}]" for k in range(len(out))]
    checked = [check_out(*one, name) for *one, name in zip(out, [call.shape] * len(out), dtypes, names, strict=True)]
    others = [("x", call.arrays[0]), *([] if call.mask is None else [("mask", call.mask)])]
    for name, target in zip(names, checked, strict=True):
        for other in others:
            refuse_overlap(target, *other, own=name)
        others.append((name, target))
    return tuple(checked)
