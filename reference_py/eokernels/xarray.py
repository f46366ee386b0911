"""The kernels on ``xarray.DataArray``: dimensions by name, NumPy- or dask-backed, by ``xarray.apply_ufunc``.

Every function takes the arguments of the plain one, with these differences:

- ``dim``, a name, stands where the plain function has ``axis``.
- `mask` and `qa` are DataArrays, and all arrays meet by the names of their dimensions. Labels must be equal; what
  differs is refused, not intersected.
- Dimensions, coordinates and with them the CRS stay. Attributes stay where xarray's option ``keep_attrs`` keeps them;
  of several bands those that do not contradict each other, as in xarray's arithmetic. ``keep_attrs=`` decides for one
  call, with whatever ``apply_ufunc`` takes. What says how integers were packed (``_FillValue``, ``scale_factor``, …)
  goes, because results are floats that mark missing data by NaN.
- Chunked arrays stay lazy, and their arguments are checked at once. A dimension that is reduced must be one chunk.
- There is no ``out``, and ``num_threads`` is 1, because dask brings its own.

A reduction gets its dimension as the last axis of a *view*: nothing is copied, however the array lies in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from eokernels._chunked import Call, apply

try:
    import xarray as xr
except ModuleNotFoundError as error:
    hint = "eokernels.xarray needs xarray, and dask for chunked arrays: pip install 'eokernels[xarray]'"
    raise ModuleNotFoundError(hint, name=error.name) from error

__all__ = [
    "evi",
    "mask_and_scale",
    "normalized_difference",
    "normalized_difference_dn",
    "temporal_mean",
    "temporal_median",
    "temporal_stats",
]

KeepAttrs = bool | str | Callable[..., Any] | None

PACKING = frozenset({
    "_FillValue", "missing_value", "nodata", "nodatavals", "_Unsigned", "dtype",
    "scale_factor", "add_offset", "scales", "offsets",
    "valid_min", "valid_max", "valid_range", "actual_range", "flag_values", "flag_masks", "flag_meanings",
})  # fmt: skip
"""Attributes that speak of the stored integers: those of CF, and those of rasterio and its followers."""


def normalized_difference(
    a: xr.DataArray,
    b: xr.DataArray,
    *,
    nodata: int | None = None,
    mask: xr.DataArray | None = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray:
    """Return (a − b) / (a + b), see `eokernels.normalized_difference`; `a` and `b` broadcast by name."""
    options = {"nodata": nodata, "min_denominator": min_denominator, "dtype": dtype, "num_threads": num_threads}
    return _apply("normalized_difference", {"a": a, "b": b}, {"mask": mask}, options, keep_attrs=keep_attrs)[0]


def evi(
    nir: xr.DataArray,
    red: xr.DataArray,
    blue: xr.DataArray,
    *,
    G: float = 2.5,
    C1: float = 6.0,
    C2: float = 7.5,
    L: float = 1.0,
    nodata: int | None = None,
    mask: xr.DataArray | None = None,
    min_denominator: float = 0.0,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray:
    """Return the enhanced vegetation index, see `eokernels.evi`; the bands broadcast by name."""
    options = {"G": G, "C1": C1, "C2": C2, "L": L, "nodata": nodata, "min_denominator": min_denominator}
    options |= {"dtype": dtype, "num_threads": num_threads}
    return _apply("evi", {"nir": nir, "red": red, "blue": blue}, {"mask": mask}, options, keep_attrs=keep_attrs)[0]


def normalized_difference_dn(
    a: xr.DataArray,
    b: xr.DataArray,
    *,
    scale: float,
    offset: float,
    nodata: int | None,
    mask: xr.DataArray | None = None,
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
    return _apply("normalized_difference_dn", {"a": a, "b": b}, {"mask": mask}, options, keep_attrs=keep_attrs)[0]


def mask_and_scale(
    dn: xr.DataArray,
    *,
    scale: float,
    offset: float,
    nodata: int | None,
    qa: xr.DataArray | None = None,
    keep: Iterable[int] | None = None,
    reject_bits: int | None = None,
    mask: xr.DataArray | None = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray:
    """Return scaled counts with NaN where `qa` rejects, see `eokernels.mask_and_scale`.

    `qa` and `mask` may lack dimensions of `dn`: one class band per date serves all the bands of that date.
    """
    if isinstance(keep, Iterable) and not isinstance(keep, (np.ndarray, str, bytes)):
        keep = tuple(keep)  # every block reads it, and a generator could be read once
    options = {"scale": scale, "offset": offset, "nodata": nodata, "keep": keep, "reject_bits": reject_bits}
    options |= {"dtype": dtype, "num_threads": num_threads}
    return _apply("mask_and_scale", {"dn": dn}, {"qa": qa, "mask": mask}, options, keep_attrs=keep_attrs)[0]


def temporal_mean(
    x: xr.DataArray,
    dim: Hashable = "time",
    *,
    nodata: int | None = None,
    mask: xr.DataArray | None = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray:
    """Return the mean over `dim` of what is not missing, see `eokernels.temporal_mean`."""
    options = {"nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    return _apply("temporal_mean", {"x": x}, {"mask": mask}, options, keep_attrs=keep_attrs, dim=dim)[0]


def temporal_stats(
    x: xr.DataArray,
    dim: Hashable = "time",
    ddof: int = 0,
    *,
    nodata: int | None = None,
    mask: xr.DataArray | None = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.Dataset:
    """Return a Dataset of ``mean``, ``std`` and ``count`` over `dim`, see `eokernels.temporal_stats`.

    Of chunked arrays one pass makes all three, when they are computed together: ``.compute()`` of the Dataset.
    """
    options = {"ddof": ddof, "nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    found = _apply("temporal_stats", {"x": x}, {"mask": mask}, options, keep_attrs=keep_attrs, dim=dim)
    return xr.Dataset(dict(zip(("mean", "std", "count"), found, strict=True)))


def temporal_median(
    x: xr.DataArray,
    dim: Hashable = "time",
    *,
    nodata: int | None = None,
    mask: xr.DataArray | None = None,
    dtype: Any = None,
    num_threads: int = 1,
    keep_attrs: KeepAttrs = None,
) -> xr.DataArray:
    """Return the median over `dim` of what is not missing, see `eokernels.temporal_median`."""
    options = {"nodata": nodata, "dtype": dtype, "num_threads": num_threads}
    return _apply("temporal_median", {"x": x}, {"mask": mask}, options, keep_attrs=keep_attrs, dim=dim)[0]


def _apply(
    kernel: str,
    arrays: Mapping[str, xr.DataArray],
    companions: Mapping[str, xr.DataArray | None],
    options: dict[str, Any],
    *,
    keep_attrs: KeepAttrs,
    dim: Hashable | None = None,
) -> tuple[xr.DataArray, ...]:
    """Call a kernel by ``apply_ufunc`` and return its results; `dim` is what it reduces, None for elementwise."""
    given = {name: array for name, array in companions.items() if array is not None}
    named = {**arrays, **given}
    _check(kernel, arrays, given, dim)
    first = next(iter(arrays.values()))
    flat = frozenset(name for name, array in given.items() if dim is not None and dim not in array.dims)
    options = options if dim is None else {**options, "axis": -1}
    call = Call(kernel, tuple(given), flat, options, reduces=dim is not None)
    dtypes = call.on_nothing(*named.values())
    results = xr.apply_ufunc(
        apply,
        *arrays.values(),
        *(_labels_only(array, first) for array in given.values()),
        kwargs={"call": call, "dtypes": dtypes},
        input_core_dims=[[dim] if dim in array.dims else [] for array in named.values()],
        output_core_dims=[[]] * len(dtypes),
        dask="allowed",
        keep_attrs=_combination(keep_attrs),
    )
    return tuple(_described(result, arrays) for result in (results if len(dtypes) > 1 else (results,)))


def _check(kernel: str, arrays: Mapping[str, Any], companions: Mapping[str, Any], dim: Hashable | None) -> None:
    """Refuse what is no DataArray, dimensions that are not there, and a reduced dimension in several chunks."""
    for name, array in {**arrays, **companions}.items():
        if isinstance(array, xr.Dataset):
            how = f"; ds.map(eokernels.xarray.{kernel}) takes its variables one by one" if len(arrays) == 1 else ""
            raise TypeError(f"{name}: it is an xarray.Dataset; accepted is an xarray.DataArray{how}")
        if not isinstance(array, xr.DataArray):
            raise TypeError(f"{name}: it is of type {type(array).__name__}; accepted is an xarray.DataArray")
    there = {found for array in arrays.values() for found in array.dims}
    for name, array in companions.items():
        if extra := [found for found in array.dims if found not in there]:
            raise ValueError(f"{name}: it has the dimension {extra[0]!r}, which is none of {', '.join(arrays)}")
    if dim is None:
        return
    for name, array in {**arrays, **companions}.items():
        if name in arrays and dim not in array.dims:
            raise ValueError(f"dim: it is {dim!r}; {name} has the dimensions {', '.join(map(repr, array.dims))}")
        pieces = len(array.chunksizes.get(dim, (1,)))
        if pieces > 1:
            how = f"rechunk it with .chunk({{{dim!r}: -1}})"
            raise ValueError(f"{name}: {dim!r} is in {pieces} chunks, and is reduced as a whole; {how}")


def _labels_only(array: xr.DataArray, first: xr.DataArray) -> xr.DataArray:
    """Return a mask that is still aligned by its labels, and adds no coordinate and no attribute to the result."""
    bare = array.reset_coords(drop=True).copy(deep=False)
    bare.attrs, bare.name = first.attrs, first.name
    return bare


def _combination(keep_attrs: KeepAttrs) -> Any:
    """Return how attributes of several arrays are combined; by default as in xarray's arithmetic, if they are kept."""
    if keep_attrs is None:
        keep_attrs = xr.get_options()["keep_attrs"] is not False
    return "drop_conflicts" if keep_attrs is True else keep_attrs


def _described(result: xr.DataArray, arrays: Mapping[str, xr.DataArray]) -> xr.DataArray:
    """Return a result without the traces of packing; its coordinates keep their attributes, and it its CRS."""
    first = next(iter(arrays.values()))
    result.attrs = {name: value for name, value in result.attrs.items() if name not in PACKING}
    result.encoding = {}
    for name in result.coords.keys() & first.coords.keys():
        result.coords[name].attrs = dict(first.coords[name].attrs)
    if (mapping := first.encoding.get("grid_mapping")) in result.coords:
        result.encoding["grid_mapping"] = mapping
    names = {array.name for array in arrays.values()}
    result.name = names.pop() if len(names) == 1 else None
    return result
