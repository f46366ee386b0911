"""Other NumPy forms of the temporal maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import dates_first, pixels_at_once, result_dtype
from benchmarks.spec import Array


def _least(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def largest_where(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """``np.maximum.reduce`` with ``where=`` over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    result = np.empty(series.shape[1:], result_dtype(x)) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        most = np.maximum.reduce(values, axis=0, where=there, initial=_least(values.dtype))
        result[index[1:]] = np.where(there.any(axis=0), most, np.nan)
    return result


def date_by_date(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """One date after the other is held against the largest so far, of the whole image."""
    series, _ = dates_first(x, axis, nodata)
    most, seen = np.full(series.shape[1:], _least(x.dtype), x.dtype), np.zeros(series.shape[1:], bool)
    for date in series:
        values, there = dates_first(date[np.newaxis], 0, nodata)
        np.maximum(most, values[0], out=most, where=there[0])
        seen |= there[0]
    result = np.empty(most.shape, result_dtype(x)) if out is None else out
    np.copyto(result, most, casting="same_kind")
    np.copyto(result, np.nan, where=~seen)
    return result
