"""Other NumPy forms of the temporal mean, standard deviation and count."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.alternatives._shared import dates_first, pixels_at_once, result_dtype
from benchmarks.spec import Array


def _outputs(series: Array, x: Array, out: tuple[Array, ...] | None) -> tuple[Array, ...]:
    if out is not None:
        return out
    kinds = (result_dtype(x), result_dtype(x), np.dtype("int32"))
    return tuple(np.empty(series.shape[1:], kind) for kind in kinds)


def reduced_where(x: Array, axis: int = 0, *, nodata: Any = None, out: Any = None) -> tuple[Array, ...]:
    """Two passes of ``np.add.reduce`` with ``where=`` over pieces that stay in cache."""
    series, _ = dates_first(x, axis, nodata)
    mean, std, count = results = _outputs(series, x, out)
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        n = np.count_nonzero(there, axis=0)
        with np.errstate(all="ignore"):
            centre = np.add.reduce(values, axis=0, dtype=np.float64, where=there) / n
            distance = values - centre
            spread = np.add.reduce(distance * distance, axis=0, where=there)
            shift = np.add.reduce(distance, axis=0, where=there)
            mean[index[1:]], count[index[1:]] = centre, n
            std[index[1:]] = np.sqrt(np.maximum(spread - shift * shift / n, 0.0) / n)
    return results


def zeroed(x: Array, axis: int = 0, *, nodata: Any = None, out: Any = None) -> tuple[Array, ...]:
    """Do the same with distances of gaps set to 0 in place of ``where=``."""
    series, _ = dates_first(x, axis, nodata)
    mean, std, count = results = _outputs(series, x, out)
    for index in pixels_at_once(series):
        values, there = dates_first(series[index], 0, nodata)
        n = np.count_nonzero(there, axis=0)
        with np.errstate(all="ignore"):
            centre = np.add.reduce(np.where(there, values, values.dtype.type(0)), axis=0, dtype=np.float64) / n
            distance = np.where(there, values - centre, 0.0)
            shift = np.add.reduce(distance, axis=0)
            spread = np.add.reduce(np.multiply(distance, distance, out=distance), axis=0)
            mean[index[1:]], count[index[1:]] = centre, n
            std[index[1:]] = np.sqrt(np.maximum(spread - shift * shift / n, 0.0) / n)
    return results
