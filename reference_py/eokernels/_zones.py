"""Values with labels: their admission, what is known of every zone, and how two parts of an image become one.

A table holds of every zone number, sum, squares of the distances from the mean, least and largest value. Chan, Golub
& LeVeque (1983, The American Statistician 37, 242–247) add two tables without looking at the values again:

    n = n₁ + n₂,   δ = m₂ − m₁,   S = S₁ + S₂ + δ²·n₁·n₂/n

Sums are added as they are, so those of integers are exact below 2⁵³, and the mean is the sum divided once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from eokernels import _rust
from eokernels._admit import gaps_for, threads_for
from eokernels._checks import (
    FLOAT32,
    FLOAT64,
    Array,
    check_array,
    check_out,
    fresh,
    output_dtype,
    plain,
    plain_input,
    plain_mask,
    read_dtype,
    refuse_overlap,
)
from eokernels._numbers import fitting_nodata, integer
from eokernels._numbers import nodata as read_nodata

INT64 = np.dtype(np.int64)
_MOST = 2**31 - 1
_SLICE, _SLICE_A_ZONE, _MOST_SLICES, _TABLES = 2**17, 20, 64, 2**25


class Zonal(NamedTuple):
    """Arguments of one call that keep the contract.

    Attributes
    ----------
    values, mask
        Plain views of one shape, True = missing; `mask` is None without one.
    zones
        A plain view of the shape of the last axes of `values`.
    count
        How many zones there are.
    nodata
        Number that means missing, exact in the dtype of the values; None where there is no such value.
    lead
        Lengths of the axes that only `values` has.
    dtype
        Of all results but the number.
    threads
        Threads asked for, at most the cores that are usable.
    """

    values: Array
    mask: Array | None
    zones: Array
    count: int
    nodata: int | float | None
    lead: tuple[int, ...]
    dtype: np.dtype[Any]
    threads: int

    def maps(self) -> Iterator[tuple[tuple[int, ...], Array, Array | None]]:
        """Yield of every map its index, its values and its mask."""
        for index in np.ndindex(self.lead):
            yield index, self.values[index], None if self.mask is None else self.mask[index]


def zonal(
    values: Any, zones: Any, n_zones: Any, targets: tuple[Array, ...] | None, *, nodata: Any, mask: Any, dtype: Any,
    num_threads: Any = 1,
) -> tuple[Zonal, tuple[Array, ...]]:  # fmt: skip
    """Admit a call; return it and its six outputs, those of `_admit.outputs` or fresh ones.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    asked = None if dtype is None else read_dtype(dtype)
    missing = None if nodata is None else read_nodata(nodata)
    count, threads = integer("n_zones", n_zones, 0, _MOST), threads_for(num_threads)
    values = plain_input("values", values)
    zones = plain("zones", zones, "a numpy.ndarray of integers")
    masked = None if mask is None else plain_mask(mask)

    check_array("values", values)
    if zones.dtype.kind not in "iu" or not zones.dtype.isnative:
        raise TypeError(f"zones: its dtype is {zones.dtype.str!r}; accepted is any integer in native byte order")
    result = output_dtype("values", values.dtype, asked)
    split = values.ndim - zones.ndim
    if split < 0 or values.shape[split:] != zones.shape:
        accepted = f"that of the last axes of values, whose shape is {values.shape}"
        raise ValueError(f"zones: its shape is {zones.shape}; accepted is {accepted}")
    if missing is not None:
        missing = fitting_nodata("values", missing, values.dtype)
    if masked is not None:
        masked = gaps_for(masked, values.shape, None)
    call = Zonal(values, masked, zones, count, missing, values.shape[:split], result, threads)
    return call, _outputs(call, targets)


def _outputs(call: Zonal, targets: tuple[Array, ...] | None) -> tuple[Array, ...]:
    """Return the outputs, checked."""
    shape = (*call.lead, call.count)
    dtypes = (INT64, *[call.dtype] * 5)
    if targets is None:
        return tuple([fresh(shape, dtype) for dtype in dtypes])
    others = [("values", call.values), ("zones", call.zones), *([] if call.mask is None else [("mask", call.mask)])]
    for k, (target, dtype) in enumerate(zip(targets, dtypes, strict=True)):
        check_out(target, shape, dtype, f"out[{k}]")
    for k, target in enumerate(targets):
        for other in others:
            refuse_overlap(target, *other, own=f"out[{k}]")
        others.append((f"out[{k}]", target))
    return targets


def slices(positions: int, zones: int, row: int) -> int:
    """Return in how many slices to take so many positions, by the shape alone; `row` is the bytes of a table's row."""
    wanted = min(positions // max(_SLICE, _SLICE_A_ZONE * zones), _MOST_SLICES)
    return max(1, min(wanted, _TABLES // max(1, row * zones)))


class Table(NamedTuple):
    """What is known of the values of each zone.

    Attributes
    ----------
    number
        How many values are not missing, int64.
    total
        Their sum, float64.
    squares
        Sum of the squares of their distances from the mean, float64; 0 of no values.
    low, high
        The least and the largest value, in a dtype of floats that holds them; infinite of no values.
    """

    number: Array
    total: Array
    squares: Array
    low: Array
    high: Array


def empty(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Table:
    """Return what is known of no values."""
    sums = np.zeros(shape, INT64), np.zeros(shape), np.zeros(shape)
    return Table(*sums, np.full(shape, np.inf, dtype), np.full(shape, -np.inf, dtype))


def holding(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of floats that holds all values of a dtype."""
    return FLOAT64 if dtype == FLOAT64 else FLOAT32


def add(into: Table, other: Table, at: Any = ...) -> None:
    """Add what is known of later values to the rows `at`, none of which comes twice, in place."""
    number, total, squares = into.number[at], into.total[at], into.squares[at]
    with np.errstate(all="ignore"):
        count = number + other.number
        delta = other.total / other.number - total / number
        both = (number > 0) & (other.number > 0)
        between = delta * delta * (number * (other.number / count))
        into.squares[at] = squares + other.squares + np.where(both, between, 0.0)
    into.number[at] = count
    into.total[at] = total + other.total
    into.low[at] = np.minimum(into.low[at], other.low)
    into.high[at] = np.maximum(into.high[at], other.high)


def finish(table: Table, results: tuple[Array, ...]) -> None:
    """Write number, sum, mean, least and largest value and standard deviation, each rounded once."""
    number, total, squares, low, high = table
    none = number == 0
    with np.errstate(all="ignore"):
        mean = total / number
        np.clip(mean, low, high, out=mean, where=np.isfinite(total) & ~none)
        infinite = np.isinf(low) | np.isinf(high)
        spread = np.where(infinite, np.nan, np.where(np.isnan(squares), np.inf, squares))
        found = (number, total, mean, low, high, np.sqrt(spread / number))
        for k, (result, values) in enumerate(zip(results, found, strict=True)):
            result[...] = values
            if k > 1:
                result[none] = np.nan


def known(values: Array, zones: Array, n_zones: Any, **options: Any) -> Table:
    """Return what the Rust kernel says of a part of an image; `options` are its nodata, mask and num_threads."""
    number, total, _, low, high, squares = _rust.zonal_moments(values, zones, n_zones, **options)
    none = number == 0
    squares[none], low[none], high[none] = 0.0, np.inf, -np.inf
    return Table(number, total, squares, low, high)
