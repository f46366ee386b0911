"""Other NumPy forms of the statistics of zones: those of answers on the net, on the whole image at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers._zones import by_maps
from benchmarks.peers.bincount_ import zonal_stats as _bins
from benchmarks.spec import Array

Results = tuple[Array, ...]


def bins(values: Array, zones: Array, n_zones: int, *, nodata: Any = None, out: Results | None = None) -> Results:
    """``np.bincount`` with weights, least and largest by ``ufunc.at``."""
    return _bins(values, zones, n_zones, nodata=nodata, out=out)


def runs(values: Array, zones: Array, n_zones: int, *, nodata: Any = None, out: Results | None = None) -> Results:
    """``np.argsort`` of the labels, then ``reduceat`` over the runs."""
    return by_maps(values, zones, n_zones, _runs, nodata=nodata, mask=None, dtype=None, out=out)


def _runs(values: Array, keys: Array, zones: int) -> tuple[Any, ...]:
    found = np.zeros((6, zones))
    if not keys.size:
        return tuple(found)
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    there, counts = keys[starts], np.diff(np.r_[starts, keys.size])
    totals = np.add.reduceat(values, starts)
    squares = np.add.reduceat(np.square(values - np.repeat(totals / counts, counts)), starts)
    lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    found[:, there] = (counts, totals, totals / counts, lows, highs, np.sqrt(squares / counts))
    return tuple(found)
