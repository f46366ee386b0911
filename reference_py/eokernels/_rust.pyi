from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

__version__: str
CORE: dict[str, str]
"""Kernel → core dimensions of its arrays and results."""

def build_info() -> dict[str, str]: ...
def temporal_moments(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | None = None,
    num_threads: SupportsIndex = 1,
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]: ...
def zonal_moments(
    values: NDArray[Any],
    zones: NDArray[np.integer[Any]],
    n_zones: SupportsIndex,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    num_threads: SupportsIndex = 1,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]: ...

# The rest is written by `python -m lab derive`.
__all__ = [
    "__version__",
    "build_info",
    "evi",
    "mask_and_scale",
    "normalized_difference",
    "normalized_difference_dn",
    "savi",
    "temporal_max",
    "temporal_mean",
    "temporal_median",
    "temporal_stats",
    "whittaker_smooth",
    "zonal_stats",
]

def evi(
    nir: NDArray[Any],
    red: NDArray[Any],
    blue: NDArray[Any],
    *,
    G: SupportsFloat = 2.5,
    C1: SupportsFloat = 6.0,
    C2: SupportsFloat = 7.5,
    L: SupportsFloat = 1.0,
    scale: SupportsFloat | None = None,
    offset: SupportsFloat | None = None,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    min_denominator: SupportsFloat = 0.0,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def mask_and_scale(
    dn: NDArray[Any],
    *,
    scale: SupportsFloat,
    offset: SupportsFloat,
    nodata: SupportsFloat | None,
    qa: NDArray[Any] | None = None,
    keep: Iterable[SupportsIndex] | None = None,
    reject_bits: SupportsIndex | None = None,
    reject_fields: Mapping[int, Iterable[SupportsIndex]] | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def normalized_difference(
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    min_denominator: SupportsFloat = 0.0,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def normalized_difference_dn(
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    scale: SupportsFloat,
    offset: SupportsFloat,
    nodata: SupportsFloat | None,
    mask: NDArray[np.bool_] | bool | None = None,
    min_denominator: SupportsFloat = 0.0,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def savi(
    nir: NDArray[Any],
    red: NDArray[Any],
    *,
    L: SupportsFloat = 0.5,
    scale: SupportsFloat | None = None,
    offset: SupportsFloat | None = None,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    min_denominator: SupportsFloat = 0.0,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_max(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_mean(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_median(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def temporal_stats(
    x: NDArray[Any],
    axis: SupportsIndex = 0,
    ddof: SupportsIndex = 0,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]] | None = None,
    num_threads: SupportsIndex = 1,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]]: ...
def whittaker_smooth(
    y: NDArray[Any],
    weights: NDArray[Any] | None = None,
    times: NDArray[Any] | None = None,
    axis: SupportsIndex = 0,
    *,
    lmbda: SupportsFloat,
    d: SupportsIndex = 2,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    num_threads: SupportsIndex = 1,
) -> NDArray[Any]: ...
def zonal_stats(
    values: NDArray[Any],
    zones: NDArray[np.integer[Any]],
    n_zones: SupportsIndex,
    *,
    nodata: SupportsFloat | None = None,
    mask: NDArray[np.bool_] | bool | None = None,
    dtype: DTypeLike | None = None,
    out: tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]] | None = None,
    num_threads: SupportsIndex = 1,
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]: ...
