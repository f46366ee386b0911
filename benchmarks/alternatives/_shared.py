"""What the forms share: the dtype of a result, where values are missing, and rows of an array at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.spec import Array

ROWS_ELEMENTS = 2**17


def result_dtype(array: Array) -> np.dtype[Any]:
    """Return the dtype of the results: a float array's own, float32 for integers."""
    return array.dtype if array.dtype.kind == "f" else np.dtype("float32")


def put_nan(result: Array, nodata: Any, mask: Array | None, *arrays: Array) -> None:
    """Write NaN where an array is `nodata` or the mask is True."""
    if nodata is not None:
        for array in arrays:
            np.copyto(result, np.nan, where=array == nodata)
    if mask is not None:
        np.copyto(result, np.nan, where=mask)


def parts(array: Array) -> Iterator[Any]:
    """Yield indices of slabs along the first axis that have about `ROWS_ELEMENTS` elements each."""
    step = max(1, ROWS_ELEMENTS * len(array) // max(1, array.size))
    yield from (slice(start, start + step) for start in range(0, len(array), step))


def dates_first(x: Array, axis: int, nodata: Any) -> tuple[Array, Array]:
    """Return a stack with time on its first axis, and where its values are there."""
    series = np.moveaxis(x, axis, 0)
    there = series == series if nodata is None else series != nodata  # noqa: PLR0124 - which NaN alone is not
    return series, there


def pixels_at_once(series: Array) -> Iterator[Any]:
    """Yield indices (all dates, some rows of pixels) that cut a stack into pieces that stay in cache."""
    rows = series.shape[1]
    step = max(1, ROWS_ELEMENTS * rows // max(1, series.size))
    yield from ((slice(None), slice(start, start + step)) for start in range(0, rows, step))
