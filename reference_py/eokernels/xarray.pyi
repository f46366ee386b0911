"""What types the functions have; ``tests/kernels/test_said_once.py`` holds it against them."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import xarray as xr

from eokernels._attributes import MEANING as MEANING
from eokernels._attributes import PACKING as PACKING
from eokernels._attributes import KeepAttrs
from eokernels._labelled import Dims

Mask = xr.DataArray | bool | None
Arrays = TypeVar("Arrays", xr.DataArray, xr.Dataset)

# The rest is written by `python -m lab derive`.
def evi(
    nir: xr.DataArray,
    red: xr.DataArray,
    blue: xr.DataArray,
    *,
    G: float = 2.5,
    C1: float = 6.0,
    C2: float = 7.5,
    L: float = 1.0,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
    mask: Mask = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def mask_and_scale(
    dn: xr.DataArray,
    *,
    scale: float,
    offset: float,
    nodata: float | None,
    qa: xr.DataArray | None = None,
    keep: Iterable[int] | None = None,
    reject_bits: int | None = None,
    reject_fields: Mapping[int, Iterable[int]] | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def normalized_difference(
    a: xr.DataArray,
    b: xr.DataArray,
    *,
    nodata: float | None = None,
    mask: Mask = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def normalized_difference_dn(
    a: xr.DataArray,
    b: xr.DataArray,
    *,
    scale: float,
    offset: float,
    nodata: float | None,
    mask: Mask = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def savi(
    nir: xr.DataArray,
    red: xr.DataArray,
    *,
    L: float = 0.5,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
    mask: Mask = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def temporal_max(
    x: Arrays,
    dim: Dims = "time",
    *,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keepdims: bool = False,
    keep_attrs: KeepAttrs = None,
) -> Arrays: ...
def temporal_mean(
    x: Arrays,
    dim: Dims = "time",
    *,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keepdims: bool = False,
    keep_attrs: KeepAttrs = None,
) -> Arrays: ...
def temporal_median(
    x: Arrays,
    dim: Dims = "time",
    *,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keepdims: bool = False,
    keep_attrs: KeepAttrs = None,
) -> Arrays: ...
def temporal_stats(
    x: xr.DataArray | xr.Dataset,
    dim: Dims = "time",
    ddof: int = 0,
    *,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keepdims: bool = False,
    keep_attrs: KeepAttrs = None,
) -> xr.Dataset: ...
def whittaker_smooth(
    y: xr.DataArray,
    weights: xr.DataArray | None = None,
    times: Any = None,
    dim: Dims = "time",
    *,
    lmbda: float,
    d: int = 2,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray: ...
def zonal_stats(
    values: xr.DataArray,
    zones: xr.DataArray,
    n_zones: int,
    *,
    nodata: float | None = None,
    mask: Mask = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.Dataset: ...
