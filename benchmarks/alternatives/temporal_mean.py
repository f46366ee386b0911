"""Other NumPy forms of the temporal mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import dates_first, pixels_at_once, result_dtype
from benchmarks.spec import Array


def added_where(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """``np.add.reduce`` with ``where=`` over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    result = np.empty(series.shape[1:], result_dtype(x)) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        total = np.add.reduce(values, axis=0, dtype=np.float64, where=there)
        with np.errstate(all="ignore"):
            result[index[1:]] = total / np.count_nonzero(there, axis=0)
    return result


def zeroed(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """Gaps become 0 by a multiplication-free select, then a plain sum, over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    result = np.empty(series.shape[1:], result_dtype(x)) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        total = np.add.reduce(np.where(there, values, values.dtype.type(0)), axis=0, dtype=np.float64)
        with np.errstate(all="ignore"):
            result[index[1:]] = total / np.count_nonzero(there, axis=0)
    return result


def date_by_date(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """One date after the other is added to sums and counts of the whole image."""
    series, _ = dates_first(x, axis, nodata)
    total, count = np.zeros(series.shape[1:]), np.zeros(series.shape[1:], np.int32)
    for date in series:
        values, there = dates_first(date[np.newaxis], 0, nodata)
        np.add(total, values[0], out=total, where=there[0])
        count += there[0]
    result = np.empty(total.shape, result_dtype(x)) if out is None else out
    with np.errstate(all="ignore"):
        np.divide(total, count, out=result, casting="same_kind")
    return result
