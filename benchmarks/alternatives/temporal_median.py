"""Other NumPy forms of the temporal median."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import dates_first, pixels_at_once, result_dtype
from benchmarks.spec import Array


def _middle(ordered: Array, there: Array, dtype: np.dtype[Any]) -> Array:
    """Return half the sum of both middles of values in order over time, gaps last."""
    count = np.count_nonzero(there, axis=0)[np.newaxis]
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, len(ordered) - 1), axis=0)[0]
    half = dtype.type(0.5)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(count[0] == 0, dtype.type(np.nan), half * low + half * high))


def _gapped(values: Array, there: Array, dtype: np.dtype[Any]) -> Array:
    return np.where(there, values, dtype.type(np.nan)).astype(dtype, copy=False)


def sorted_dates(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """``np.sort`` along time, the first axis, over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    dtype = result_dtype(x)
    result = np.empty(series.shape[1:], dtype) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        result[index[1:]] = _middle(np.sort(_gapped(values, there, dtype), axis=0), there, dtype)
    return result


def sorted_pixels(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """Copy with time last, and sort pixel by pixel, over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    dtype = result_dtype(x)
    result = np.empty(series.shape[1:], dtype) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        turned = np.ascontiguousarray(np.moveaxis(_gapped(values, there, dtype), 0, -1))
        turned.sort(axis=-1)
        result[index[1:]] = _middle(np.moveaxis(turned, -1, 0), there, dtype)
    return result


def partitioned(x: Array, axis: int = 0, *, nodata: Any = None, out: Array | None = None) -> Array:
    """``np.partition`` of complete series at the two middles; a sort where there are gaps."""
    series, _ = dates_first(x, axis, nodata)
    dtype, dates = result_dtype(x), len(series)
    result = np.empty(series.shape[1:], dtype) if out is None else out
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        turned = np.ascontiguousarray(np.moveaxis(_gapped(values, there, dtype), 0, -1))
        if there.all():
            turned.partition(((dates - 1) // 2, dates // 2), axis=-1)
        else:
            turned.sort(axis=-1)
        result[index[1:]] = _middle(np.moveaxis(turned, -1, 0), there, dtype)
    return result
