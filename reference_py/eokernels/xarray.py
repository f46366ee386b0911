"""The kernels on ``xarray.DataArray``: dimensions by name, NumPy- or dask-backed, by ``xarray.apply_ufunc``.

Every function takes the arguments of the plain one, with these differences:

- ``dim``, a name, stands where the plain function has ``axis``. A list or tuple of names is reduced together, in the
  order in which the names stand: one long axis, brought together by a copy where memory does not lie that way. With
  ``keepdims=True`` reduced dimensions stay, of length 1.
- `mask` and `qa` are DataArrays, and all arrays meet by the names of their dimensions. Labels must be equal; what
  differs is refused, not intersected. A `mask` may also be True or False.
- Reductions take a Dataset too. Variables that lack the dimension are passed on; of several dimensions each is reduced
  over those that it has. `mask` and `nodata` are for all that are reduced.
- Dimensions, coordinates and with them the CRS stay. Attributes stay where xarray's option ``keep_attrs`` keeps them;
  of several bands those that do not contradict each other, as in xarray's arithmetic. ``keep_attrs=`` decides for one
  call, with whatever ``apply_ufunc`` takes. What says how integers were packed (`PACKING`: ``_FillValue``,
  ``scale_factor``, …) goes, because results are floats that mark missing data by NaN, and so do GDAL's statistics. An
  index is another quantity than its bands, and a count another than the values: what says what the numbers are
  (`MEANING`: ``units``, ``standard_name``, ``long_name``, ``description``, …) goes there, and stays elsewhere.
- NaN is recorded as nodata of float results, in ``encoding["_FillValue"]``: rioxarray finds it there.
- Chunked arrays stay lazy, and their arguments are checked at once. Chunks of coordinates do not matter. A dimension
  of which `temporal_median` is taken must be one chunk. `temporal_mean` and `temporal_stats` of a dimension in several
  chunks are made of parts, in a fixed order, so that the bits do not depend on how the other dimensions are cut. Counts
  are the plain function's, and so are means of integers. Means of floats and deviations are, before they are rounded
  to the output dtype, within (n + 8·k)·2⁻⁵³ times the root mean square of the values from the plain function's, for n
  values in k chunks. In one chunk they are the plain function's, to the last bit. A mask is cut as the array is.
- There is no ``out``, and ``num_threads`` is 1, because dask brings its own.

A reduction gets its dimension as the last axis of a *view*: nothing is copied, however the array lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

import numpy as np

try:
    import xarray as xr
except ModuleNotFoundError as error:
    hint = "eokernels.xarray needs xarray, and dask for chunked arrays: pip install 'eokernels[xarray]'"
    raise ModuleNotFoundError(hint, name=error.name) from error

from eokernels._attributes import MEANING, PACKING, KeepAttrs
from eokernels._labelled import Dims, each_variable, elementwise, reduction
from eokernels._labels import zonal

__all__ = [
    "MEANING",
    "PACKING",
    "evi",
    "mask_and_scale",
    "normalized_difference",
    "normalized_difference_dn",
    "temporal_mean",
    "temporal_median",
    "temporal_stats",
    "zonal_stats",
]

MOST_NUMBERS = 65536
"""More the kernels refuse; so an iterable without an end has one here."""
Mask = xr.DataArray | bool | None
Arrays = TypeVar("Arrays", xr.DataArray, xr.Dataset)


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
) -> xr.DataArray:
    """Return (a − b) / (a + b), see `eokernels.normalized_difference`; `a` and `b` broadcast by name."""
    options = {"nodata": nodata, "min_denominator": min_denominator, "dtype": dtype, "num_threads": num_threads}
    return elementwise("normalized_difference", {"a": a, "b": b}, {"mask": mask}, options, keep_attrs=keep_attrs)


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
) -> xr.DataArray:
    """Return the enhanced vegetation index, see `eokernels.evi`; the bands broadcast by name.

    `scale` and `offset`, which bands of integers need, are never guessed from attributes.
    """
    options = {"G": G, "C1": C1, "C2": C2, "L": L, "scale": scale, "offset": offset, "nodata": nodata}
    options |= {"min_denominator": min_denominator, "dtype": dtype, "num_threads": num_threads}
    return elementwise("evi", {"nir": nir, "red": red, "blue": blue}, {"mask": mask}, options, keep_attrs=keep_attrs)


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
) -> xr.DataArray:
    """Return the normalised difference of counts, see `eokernels.normalized_difference_dn`.

    `scale`, `offset` and `nodata` are never guessed from attributes: a file may have been decoded, and its attributes
    may be those of another processing baseline.
    """
    options = {"scale": scale, "offset": offset, "nodata": nodata, "min_denominator": min_denominator}
    options |= {"dtype": dtype, "num_threads": num_threads}
    return elementwise("normalized_difference_dn", {"a": a, "b": b}, {"mask": mask}, options, keep_attrs=keep_attrs)


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
) -> xr.DataArray:
    """Return scaled counts with NaN where `qa` rejects, see `eokernels.mask_and_scale`.

    `qa` and `mask` may lack dimensions of `dn`: one class band per date serves all the bands of that date.
    """
    options = {"scale": scale, "offset": offset, "nodata": nodata, "keep": _kept(keep), "reject_bits": reject_bits}
    options |= {"reject_fields": _kept_fields(reject_fields), "dtype": dtype, "num_threads": num_threads}
    companions = {"qa": qa, "mask": mask}
    return elementwise("mask_and_scale", {"dn": dn}, companions, options, keep_attrs=keep_attrs, index=False)


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
) -> Arrays:
    """Return the mean over `dim` of what is not missing, see `eokernels.temporal_mean`."""
    options = {"nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    return _reduced("temporal_mean", x, dim, mask, options, keepdims=keepdims, keep_attrs=keep_attrs)


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
) -> xr.Dataset:
    """Return a Dataset of ``mean``, ``std`` and ``count`` over `dim`, see `eokernels.temporal_stats`.

    Of a Dataset each variable ``red`` becomes ``red_mean``, ``red_std`` and ``red_count``; what lacks the dimension
    keeps its name.

    Of chunked arrays one pass makes all three, when they are computed together: ``.compute()`` of the Dataset.
    """
    options = {"ddof": ddof, "nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    how: dict[str, Any] = {"keepdims": keepdims, "keep_attrs": keep_attrs}
    if isinstance(x, xr.Dataset):
        suffixes = ("_mean", "_std", "_count")
        return each_variable("temporal_stats", x, dim, {"mask": mask}, options, suffixes=suffixes, **how)
    found = reduction("temporal_stats", x, dim, {"mask": mask}, options, **how)
    return xr.Dataset(dict(zip(("mean", "std", "count"), found, strict=True)))


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
) -> Arrays:
    """Return the median over `dim` of what is not missing, see `eokernels.temporal_median`.

    `dim` must be one chunk: a median cannot be made of parts.
    """
    options = {"nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    return _reduced("temporal_median", x, dim, mask, options, keepdims=keepdims, keep_attrs=keep_attrs)


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
) -> xr.Dataset:
    """Return a Dataset of ``count``, ``sum``, ``mean``, ``min``, ``max`` and ``std``, see `eokernels.zonal_stats`.

    The dimensions of `zones` are reduced, the others of `values` stay, and the new dimension ``zone`` has the numbers 0
    … n_zones − 1 for labels. Chunked arrays stay lazy: blocks are combined in a fixed order, so the bits do not depend
    on how the dimensions that stay are cut. ``.compute()`` of the Dataset makes all six in one pass.
    """
    options = {"nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    companions = {"mask": mask}
    return zonal("zonal_stats", values, zones, n_zones, companions=companions, options=options, keep_attrs=keep_attrs)


def _reduced(kernel: str, x: Any, dim: Dims, mask: Mask, options: dict[str, Any], **how: Any) -> Any:
    """Call a kernel of one result on a DataArray, or on each variable of a Dataset."""
    if isinstance(x, xr.Dataset):
        return each_variable(kernel, x, dim, {"mask": mask}, options, **how)
    return reduction(kernel, x, dim, {"mask": mask}, options, **how)[0]


def _kept(numbers: Any) -> Any:
    """Return what can be read again, for every block reads it, and a generator could be read once."""
    if not isinstance(numbers, Iterable) or isinstance(numbers, (np.ndarray, str, bytes)):
        return numbers
    return tuple(islice(numbers, MOST_NUMBERS + 1))


def _kept_fields(fields: Any) -> Any:
    return {mask: _kept(values) for mask, values in fields.items()} if isinstance(fields, Mapping) else fields
