from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["__version__", "build_info", "normalized_difference", "temporal_median"]

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
def build_info() -> dict[str, str]: ...
