"""What is known of the zones of a block: runs of one label reduced first, or a bin for every pixel."""

from __future__ import annotations

import numpy as np

from eokernels._admit import FLOAT64, Array
from eokernels._zones import INT64, Table, add, empty

LONG = 8  # pixels a run, on average, from which on runs are reduced first; below, every pixel goes into a bin


def there(values, labels, gaps, call):
    """Return the values that are not missing and have a zone, and their zones, in one row each."""
    values, labels = values.reshape(-1), labels.reshape(-1)
    there = labels < call.count
    if labels.dtype.kind == "i":
        there &= labels >= 0
    if gaps is not None:
        there &= ~gaps.reshape(-1)
    if call.nodata is not None:
        there &= values != call.nodata
    if values.dtype.kind == "f":
        there &= values == values  # noqa: PLR0124 - NaN differs from itself
    return (values, labels) if there.all() else (values[there], labels[there])


def add_block(table: Table, values: Array, keys: Array) -> None:
    """Add values with their zones, none of them missing."""
    last = np.flatnonzero(keys[1:] != keys[:-1])
    with np.errstate(all="ignore"):
        if (len(last) + 1) * LONG > len(keys):
            add(table, _binned(values, keys.astype(np.intp), len(table.number)))
            return
        first = np.concatenate([[0], last + 1])
        runs = _runs(values, first)
        own = keys[first].astype(np.intp)
        add(table, _together(runs, own, len(table.number)))


def _binned(values: Array, keys: Array, zones: int) -> Table:
    """Return what is known of each zone: a bin for every pixel."""
    wide = values.astype(FLOAT64)
    number = np.bincount(keys, minlength=zones)
    total = np.bincount(keys, wide, zones)
    wide -= (total / number)[keys]
    wide *= wide
    return Table(number, total, np.bincount(keys, wide, zones), *_limits(values, values, keys, zones))


def _limits(low: Array, high: Array, keys: Array, zones: int) -> tuple[Array, Array]:
    """Return the least of `low` and the largest of `high` of each zone."""
    table = empty(zones, low.dtype)
    np.minimum.at(table.low, keys, low)
    np.maximum.at(table.high, keys, high)
    return table.low, table.high


def _runs(values: Array, first: Array) -> Table:
    """Return what is known of each run of pixels that begins at one of `first`."""
    wide = values.astype(FLOAT64)
    number = np.diff(first, append=len(values))
    total = np.add.reduceat(wide, first)
    wide -= np.repeat(total / number, number)
    wide *= wide
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    return Table(number, total, np.add.reduceat(wide, first), low, high)


def _together(runs: Table, keys: Array, zones: int) -> Table:
    """Return what is known of each zone from its runs."""
    number = np.bincount(keys, runs.number, zones).astype(INT64)
    total = np.bincount(keys, runs.total, zones)
    distance = runs.total / runs.number - (total / number)[keys]
    squares = np.bincount(keys, runs.squares + distance * distance * runs.number, zones)
    return Table(number, total, squares, *_limits(runs.low, runs.high, keys, zones))
