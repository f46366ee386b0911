from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "__version__",
    "build_info",
    "normalized_difference",
    "temporal_mean",
    "temporal_median",
    "temporal_stats",
]

__version__: str

def normalized_difference(
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    nodata: SupportsIndex | None = None,
    mask: NDArray[np.bool_] | None = None,
    min_denominator: SupportsFloat = 0.0,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_mean(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsIndex | None = None,
    mask: NDArray[np.bool_] | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_median(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsIndex | None = None,
    mask: NDArray[np.bool_] | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_stats(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    ddof: SupportsIndex = 0,
    *,
    nodata: SupportsIndex | None = None,
    mask: NDArray[np.bool_] | None = None,
    dtype: DTypeLike | None = None,
    out: tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]] | None = None,
    num_threads: SupportsIndex = 1,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]]: ...
def build_info() -> dict[str, str]: ...
