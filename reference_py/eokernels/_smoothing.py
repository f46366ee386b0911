"""Admission of calls from series to series: what :mod:`eokernels._admit` is to elementwise calls and reductions."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from eokernels._admit import FLOAT32, FLOAT64, Admitted, Array, gaps_for, threads_for
from eokernels._checks import (
    broadcast,
    check_array,
    check_broadcast,
    check_out,
    fresh,
    output_dtype,
    plain,
    plain_input,
    plain_mask,
    plain_out,
    read_dtype,
    refuse_overlap,
)
from eokernels._numbers import fitting_nodata, integer, real
from eokernels._numbers import nodata as read_nodata

_LEAST_DATES = 5
_TIMES = frozenset(np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)) | {FLOAT32, FLOAT64}
_MOST_ORDER = 3
_NORMAL = float(np.finfo(np.float64).tiny)


class Penalty(NamedTuple):
    """What :func:`steps` needs: `lmbda`, and the order d of the differences."""

    lmbda: float
    order: int


class Steps(NamedTuple):
    """The way to each date from the one before.

    Attributes
    ----------
    lambdas
        What a change of the last difference costs, (dates,); 0 for the first d, where it may not change.
    widths
        What differences are multiplied by, (dates, d).
    even
        Whether all widths are 1.
    """

    lambdas: Array
    widths: Array
    even: bool


def penalty(lmbda: Any, d: Any) -> Penalty:
    """Read `lmbda` and `d`, before any array is looked at."""
    value = real("lmbda", lmbda)
    if value < _NORMAL:
        raise ValueError(f"lmbda: it is {value}; accepted is a finite number above 0")
    return Penalty(value, integer("d", d, 1, _MOST_ORDER))


def steps(given: Penalty, dates: int, times: Array | None) -> Steps:
    """Return the way through that many dates; see ``algo/banded.rs``."""
    lambdas, widths = np.zeros(dates), np.ones((dates, given.order))
    lambdas[given.order :] = given.lmbda
    if times is None:
        return Steps(lambdas, widths, True)
    with np.errstate(all="ignore"):
        for i in range(given.order):
            widths[i + 1 :, i] = times[i + 1 :] - times[: -1 - i]
        last = widths[given.order :, -1]
        lambdas[given.order :] = given.lmbda / (last * last)
    lost = [one for one in lambdas[given.order :].tolist() if not (isfinite(one) and one >= _NORMAL)]
    if lost:
        raise ValueError(
            f"lmbda: it is {given.lmbda}, and times lie so that it becomes {lost[0]}; accepted is a number that stays "
            "finite and above 0, or times in another unit"
        )
    return Steps(lambdas, widths, False)


class Smoothing(NamedTuple):
    """Arguments of a call from series to series that keep the contract.

    Attributes
    ----------
    call
        As of :func:`temporal`, with two differences: `shape` and `out` have time first, as the input has.
    weights
        Of the values, time first, broadcast to their shape; None where all are 1.
    times
        Of the dates, float64 and increasing; None where they are one apart.
    axis
        Where the caller has time.
    """

    call: Admitted
    weights: Array | None
    times: Array | None
    axis: int

    def answer(self, result: Array, out: Array | None) -> Any:
        """Return what the caller gets for a result, time first, that is written: its own `out`, or the array."""
        return out if out is not None else np.moveaxis(result, 0, self.axis)

    def output(self) -> Array:
        """Return the caller's output, or a fresh uninitialised one whose memory lies as the caller's axes do."""
        if self.call.out is not None:
            return self.call.out
        shape = list(self.call.shape)
        shape.insert(self.axis, shape.pop(0))
        return np.moveaxis(fresh(tuple(shape), self.call.dtype), self.axis, 0)


def series(
    y: Any, weights: Any, times: Any, axis: Any, *, nodata: Any, mask: Any, dtype: Any, out: Any, num_threads: Any = 1
) -> Smoothing:
    """Admit a call from series to series; arrays come back with time first.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    asked = None if dtype is None else read_dtype(dtype)
    missing = None if nodata is None else read_nodata(nodata)
    first, threads = integer("axis", axis), threads_for(num_threads)
    y = plain_input("y", y)
    heavy = None if weights is None else plain("weights", weights, "a numpy.ndarray of float32 or float64")
    stamps = None if times is None else _read_times(plain("times", times, "a numpy.ndarray of real numbers"))
    masked = None if mask is None else plain_mask(mask)
    target = None if out is None else plain_out(out)

    check_array("y", y)
    result, ndim = output_dtype("y", y.dtype, asked), y.ndim
    if ndim == 0:
        raise ValueError("y: it has no dimension; accepted is an array of at least one")
    if not -ndim <= first < ndim:
        raise ValueError(f"axis: it is {first}; accepted is {-ndim} to {ndim - 1} for an array of {ndim} dimensions")
    first %= ndim
    dates = y.shape[first]
    if dates < _LEAST_DATES:
        raise ValueError(f"y: it has {dates} dates; accepted are at least {_LEAST_DATES}")
    if stamps is not None and len(stamps) != dates:
        raise ValueError(f"times: it has {len(stamps)} numbers; accepted are {dates}, one for each date of y")
    if missing is not None:
        missing = fitting_nodata("y", missing, y.dtype)
    if target is not None:
        check_out(target, y.shape, result)
        refuse_overlap(target, "y", y)
    if heavy is not None:
        heavy = np.moveaxis(_weighing(heavy, y.shape, target), first, 0)
    if masked is not None:
        masked = np.moveaxis(gaps_for(masked, y.shape, target), first, 0)
    y, target = np.moveaxis(y, first, 0), None if target is None else np.moveaxis(target, first, 0)
    call = Admitted((y,), masked, missing, y.shape, result, "C", target, 0.0, threads)
    return Smoothing(call, heavy, stamps, first)


def _weighing(weights: Array, shape: tuple[int, ...], out: Array | None) -> Array:
    """Return the weights of a call whose input has that shape, broadcast to it."""
    if weights.dtype not in (FLOAT32, FLOAT64):
        dtype = weights.dtype.str
        raise TypeError(f"weights: its dtype is {dtype!r}; accepted is float32 or float64 in native byte order")
    check_broadcast("weights", weights, shape)
    if out is not None:
        refuse_overlap(out, "weights", weights)
    return broadcast(weights, shape)


def _read_times(times: Array) -> Array:
    """Return times as float64, each later than the one before."""
    if times.dtype not in _TIMES:
        raise TypeError(f"times: its dtype is {times.dtype.str!r}; accepted are real numbers in native byte order")
    if times.ndim != 1:
        raise ValueError(f"times: it has {times.ndim} dimensions; accepted is an array of one")
    stamps = times.astype(FLOAT64)
    if not (np.isfinite(stamps).all() and (stamps[1:] > stamps[:-1]).all()):
        raise ValueError("times: they are not all finite and increasing; accepted is each later than the one before")
    return stamps
