"""Admission: every check of the contract's arguments, for the NumPy and the Numba side.

A kernel calls :func:`elementwise` or :func:`temporal` and works on what comes back: plain ``ndarray`` views, broadcast
and time first, that need no further question. What only some kernels have is read before that call and checked against
it after: constants (``_constants``), quality bands (``_quality``), several outputs (:func:`several`).

Three steps, in this order. Numbers, dtypes and iterators are read, which may run any Python code. Arrays become
base-class views, which a subclass has no say in. Only then shapes, strides and memory are looked at.

Inputs may be misaligned: NumPy reads them at any address and step. Compiled loops do not: see ``_pieces.aligned``.
The common case (arrays of one shape, no mask) takes a few microseconds, since at 64 × 64 pixels a kernel itself takes
no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eokernels._checks import (
    FLOAT32,
    FLOAT64,
    Array,
    broadcast,
    check_array,
    check_mask,
    check_out,
    check_size,
    fresh,
    output_dtype,
    plain_input,
    plain_mask,
    plain_out,
    read_dtype,
    refuse_overlap,
)
from eokernels._cores import usable_cores
from eokernels._numbers import fitting_nodata, guard, integer
from eokernels._numbers import nodata as read_nodata

__all__ = [
    "FLOAT32",
    "FLOAT64",
    "INT32",
    "Admitted",
    "Array",
    "elementwise",
    "gaps_for",
    "outputs",
    "several",
    "temporal",
    "threads_for",
]

INT32 = np.dtype(np.int32)
_MOST_DATES = 2**31 - 1
_ONE = 1  # the default of `num_threads`, which is found to be it without a look


class Admitted(NamedTuple):
    """Arguments of one call that keep the contract; a named tuple, as a frozen dataclass takes longer to fill.

    Attributes
    ----------
    arrays
        Inputs as plain read-only-by-agreement views: broadcast to `shape`, or for a reduction with time first. They may
        be misaligned, with steps that are no multiple of the itemsize.
    mask
        Boolean view of the same shape as the inputs, True = missing; None without a mask.
    nodata
        Number that means missing, exact in the dtype of the inputs: an int for integers, a float for floats (infinite,
        but never NaN); None where there is no such value.
    shape, dtype
        Of the output. An elementwise call on arrays of no dimension is one on arrays of shape (1,).
    order
        Memory order of a fresh output, ``C`` or ``F``.
    out
        The caller's output as a plain view, or None.
    min_denominator
        Guard in the output dtype's values; 0.0 where nothing is divided.
    threads
        Threads asked for, at most the cores that are usable.
    scalar
        Whether the inputs have no dimension, so that the result is a scalar: see :meth:`answer`.
    """

    arrays: tuple[Array, ...]
    mask: Array | None
    nodata: int | float | None
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str
    out: Array | None
    min_denominator: float
    threads: int
    scalar: bool = False

    def output(self) -> Array:
        """Return the caller's output, or a fresh uninitialised one."""
        return fresh(self.shape, self.dtype, self.order) if self.out is None else self.out

    def answer(self, result: Array, out: Array | None) -> Any:
        """Return what the caller gets for a result that is written: its own `out`, a scalar, or the array."""
        if out is not None:
            return out
        return result[0] if self.scalar else result


def elementwise(
    given: Mapping[str, Any],
    *,
    nodata: Any,
    mask: Any,
    dtype: Any,
    out: Any,
    min_denominator: Any = 0.0,
    num_threads: Any = 1,
) -> Admitted:
    """Admit a call on arrays (name → array) that broadcast; `out` may be exactly one of them if they are floats.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    MemoryError
        Where the output is larger than memory can be.
    """
    asked = None if dtype is None else read_dtype(dtype)
    missing = None if nodata is None else read_nodata(nodata)
    least = 0.0 if type(min_denominator) is float and min_denominator == 0.0 else guard(min_denominator)
    threads = 1 if num_threads is _ONE else threads_for(num_threads)
    arrays = [value if type(value) is np.ndarray else plain_input(name, value) for name, value in given.items()]
    masked = None if mask is None else plain_mask(mask)
    target = None if out is None else plain_out(out)

    first, (name, *_) = arrays[0], given
    check_array(name, first)
    kind, shape, order, same = first.dtype, first.shape, "F" if first.flags.fnc else "C", True
    for array in arrays[1:]:
        same = same and array.shape == shape and array.dtype == kind
        if order == "F" and not array.flags.fnc:
            order = "C"
    result = output_dtype(name, kind, asked)
    if not same:
        shape = _common(list(given), arrays, result)
    if missing is not None:
        missing = fitting_nodata(name, missing, kind)
    if target is not None:
        check_out(target, shape, result)
        for other, array in zip(given, arrays, strict=True):
            refuse_overlap(target, other, array, in_place=kind == result)
    if masked is not None:
        masked = gaps_for(masked, shape, target)
    if not same:
        arrays = [broadcast(array, shape) for array in arrays]
    call = Admitted(tuple(arrays), masked, missing, shape, result, order, target, least, threads)
    return call if shape else _lifted(call)


def _lifted(call: Admitted) -> Admitted:
    """Return a call on arrays of no dimension as one on arrays of one element."""
    arrays = tuple([array.reshape(1) for array in call.arrays])
    mask, out = [None if array is None else array.reshape(1) for array in (call.mask, call.out)]
    return call._replace(arrays=arrays, mask=mask, out=out, shape=(1,), scalar=True)


def threads_for(asked: Any) -> int:
    """Return how many threads a call that asks for some gets."""
    threads = integer("num_threads", asked, 1)
    return 1 if threads == 1 else min(threads, usable_cores())


def temporal(
    x: Any,
    axis: Any,
    *,
    nodata: Any,
    mask: Any,
    dtype: Any,
    out: Any = None,
    num_threads: Any = 1,
) -> Admitted:
    """Admit a call that reduces one axis of one array; input and mask come back with that axis first.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    OverflowError
        Where there are more dates than can be counted.
    """
    asked = None if dtype is None else read_dtype(dtype)
    missing = None if nodata is None else read_nodata(nodata)
    first, threads = integer("axis", axis), threads_for(num_threads)
    x = plain_input("x", x)
    masked = None if mask is None else plain_mask(mask)
    target = None if out is None else plain_out(out)

    check_array("x", x)
    result, ndim = output_dtype("x", x.dtype, asked), x.ndim
    if ndim == 0:
        raise ValueError("x: it has no dimension; accepted is an array of at least one")
    if not -ndim <= first < ndim:
        raise ValueError(f"axis: it is {first}; accepted is {-ndim} to {ndim - 1} for an array of {ndim} dimensions")
    first %= ndim
    order = (first, *range(first), *range(first + 1, ndim))
    series = x.transpose(order)
    shape = series.shape[1:]
    if len(series) > _MOST_DATES:
        raise OverflowError(f"x: it has {len(series)} dates; accepted are {_MOST_DATES} at most, as int32 counts them")
    if missing is not None:
        missing = fitting_nodata("x", missing, x.dtype)
    if target is not None:
        check_out(target, shape, result)
        refuse_overlap(target, "x", x)
    if masked is not None:
        masked = gaps_for(masked, x.shape, target).transpose(order)
    return Admitted((series,), masked, missing, shape, result, "C", target, 0.0, threads)


def gaps_for(mask: Array, shape: tuple[int, ...], out: Array | None) -> Array:
    """Return the mask of a call whose input has that shape, broadcast to it."""
    check_mask(mask, shape)
    if out is not None:
        refuse_overlap(out, "mask", mask)
    return broadcast(mask, shape)


def _common(names: list[str], arrays: list[Array], result: np.dtype[Any]) -> tuple[int, ...]:
    """Return the shape that arrays of one dtype broadcast to, in which an output of dtype `result` is possible."""
    shape = arrays[0].shape
    for k, (name, array) in enumerate(zip(names, arrays, strict=True)):
        if array.dtype != arrays[0].dtype:
            check_array(name, array)
            kinds = f"its dtype is {array.dtype} and that of {names[0]} is {arrays[0].dtype}"
            raise TypeError(f"{name}: {kinds}; all must have the same dtype")
        ndim = max(len(shape), array.ndim)
        pairs = [((1,) * (ndim - len(one)) + one) for one in (shape, array.shape)]
        if any(m != n and 1 not in (m, n) for m, n in zip(*pairs, strict=True)):
            before = " and ".join(names[:k])
            raise ValueError(f"{name}: its shape {array.shape} does not broadcast with {shape}, that of {before}")
        shape = tuple([n if m == 1 else m for m, n in zip(*pairs, strict=True)])
    check_size(shape, result)
    return shape


def outputs(out: Any, count: int) -> tuple[Array, ...] | None:
    """Return a tuple of that many outputs as base-class views, before any array is looked at; None for None.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the output, what it was and what is accepted.
    """
    if out is None:
        return None
    if not issubclass(type(out), tuple):
        raise TypeError(f"out: it is of type {type(out).__name__}; accepted is a tuple of {count} arrays")
    given = tuple.__getitem__(out, slice(None))
    if len(given) != count:
        raise ValueError(f"out: it is a tuple of {len(given)}; accepted is a tuple of {count} arrays")
    return tuple([plain_out(one, f"out[{k}]") for k, one in enumerate(given)])


def several(call: Admitted, targets: tuple[Array, ...] | None, dtypes: tuple[np.dtype[Any], ...]) -> tuple[Array, ...]:
    """Return the outputs of a temporal call that has one of each of `dtypes`: those of :func:`outputs`, or fresh ones.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the output, what it was and what is accepted.
    """
    if targets is None:
        return tuple([fresh(call.shape, dtype) for dtype in dtypes])
    others = [("x", call.arrays[0]), *([] if call.mask is None else [("mask", call.mask)])]
    for k, (target, dtype) in enumerate(zip(targets, dtypes, strict=True)):
        check_out(target, call.shape, dtype, f"out[{k}]")
    for k, target in enumerate(targets):
        for other in others:
            refuse_overlap(target, *other, own=f"out[{k}]")
        others.append((f"out[{k}]", target))
    return targets
