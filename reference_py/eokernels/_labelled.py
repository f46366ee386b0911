"""A kernel on labelled arrays by ``xarray.apply_ufunc``: what is the same for all functions of ``eokernels.xarray``."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eokernels._attributes import KeepAttrs, combination, combined, describe, meaningless
from eokernels._call import Call
from eokernels._chunked import apply
from eokernels._parts import PARTED

Companions = Mapping[str, xr.DataArray | bool | None]
Dims = Hashable | Sequence[Hashable]


def elementwise(
    kernel: str,
    arrays: Mapping[str, xr.DataArray],
    companions: Companions,
    options: dict[str, Any],
    *,
    keep_attrs: KeepAttrs,
    index: bool = True,
) -> xr.DataArray:
    """Call an elementwise kernel; an `index` is another quantity than its bands."""
    given, flags = _sorted(companions)
    _check(kernel, arrays, given)
    bands = [meaningless(array) for array in arrays.values()] if index else list(arrays.values())
    call = Call(kernel, tuple(given), ((),) * len(given), {**options, **flags}, 0)
    (result,) = _results(call, bands, list(given.values()), (), keep_attrs)
    names = {array.name for array in bands}
    describe(result, bands[0], names.pop() if len(names) == 1 else None)
    return result


def reduction(
    kernel: str,
    x: Any,
    dim: Dims,
    companions: Companions,
    options: dict[str, Any],
    *,
    keepdims: bool,
    keep_attrs: KeepAttrs,
) -> tuple[xr.DataArray, ...]:
    """Call a kernel that reduces dimensions of one DataArray."""
    given, flags = _sorted(companions)
    _check(kernel, {"x": x}, given)
    dims = _dims(dim, x.dims)
    if kernel not in PARTED:
        _check_whole({"x": x, **given}, dims)
    has = tuple(tuple(one in array.dims for one in dims) for array in given.values())
    call = Call(kernel, tuple(given), has, {**options, **flags, "axis": -1}, len(dims))
    results = _results(call, [x], list(given.values()), dims, keep_attrs)
    if keepdims:
        results = tuple(_with_dims(result, x, dims) for result in results)
    for result in results:
        describe(result, x, x.name)
    return results


def series(
    kernel: str, y: Any, dim: Hashable, companions: Companions, options: dict[str, Any], *, keep_attrs: KeepAttrs
) -> xr.DataArray:
    """Call a kernel from series to series along one dimension of a DataArray."""
    given, flags = _sorted(companions)
    _check(kernel, {"y": y}, given)
    if dim not in y.dims:
        raise ValueError(f"dim: it is {dim!r}; y has the dimensions {', '.join(map(repr, y.dims))}")
    _check_whole({"y": y, **given}, (dim,), "smoothed")
    has = tuple((dim in array.dims,) for array in given.values())
    call = Call(kernel, tuple(given), has, {**options, **flags, "axis": -1}, 1, keeps=True)
    (result,) = _results(call, [y], list(given.values()), (dim,), keep_attrs)
    result = result.transpose(*y.dims)
    describe(result, y, y.name)
    return result


def each_variable(
    kernel: str,
    ds: xr.Dataset,
    dim: Dims,
    companions: Companions,
    options: dict[str, Any],
    *,
    keepdims: bool,
    keep_attrs: KeepAttrs,
    suffixes: Sequence[str] = ("",),
) -> xr.Dataset:
    """Reduce the variables that have one of the dimensions, and pass the others on; each result has a suffix."""
    dims = _dims(dim, ds.dims)
    reduced: dict[Hashable, xr.Variable] = {}
    names = [name for name, variable in ds.data_vars.items() if not set(dims).isdisjoint(variable.dims)]
    for name in names:
        own = [one for one in dims if one in ds[name].dims]
        try:
            found = reduction(kernel, ds[name], own, companions, options, keepdims=keepdims, keep_attrs=keep_attrs)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error} (variable {name!r} of the Dataset)") from error
        called = [f"{name}{suffix}" if suffix else name for suffix in suffixes]
        reduced |= {key: result.variable for key, result in zip(called, found, strict=True)}
    kept = [name for name in ds.variables if name not in names]
    if taken := [name for name in reduced if name in kept]:
        raise ValueError(f"x: its variable {taken[0]!r} has the name of a result; rename it")
    gone = [name for name in ds.coords if not _stays(ds.coords[name], ds, dims, keepdims)]
    result = ds.drop_vars([*gone, *(name for name in names if name not in reduced)]).assign(reduced)
    result.attrs, result.encoding = combined(ds.attrs, keep_attrs), {}
    return result


def _results(
    call: Call, arrays: list[xr.DataArray], given: list[xr.DataArray], dims: tuple[Hashable, ...], keep_attrs: KeepAttrs
) -> tuple[xr.DataArray, ...]:
    laid_out = [array.transpose(..., *(one for one in dims if one in array.dims)) for array in (*arrays, *given)]
    dtypes = call.on_nothing(*(laid_out if call.keeps else (*arrays, *given)))
    results = xr.apply_ufunc(
        apply,
        *arrays,
        *(_labels_only(array, arrays[0]) for array in given),
        kwargs={"call": call, "dtypes": dtypes},
        input_core_dims=[[one for one in dims if one in array.dims] for array in (*arrays, *given)],
        output_core_dims=[list(dims) if call.keeps else []] * len(dtypes),
        dask="allowed",
        keep_attrs=combination(keep_attrs),
    )
    return results if len(dtypes) > 1 else (results,)


def _sorted(companions: Companions) -> tuple[dict[str, xr.DataArray], dict[str, bool]]:
    """Return arrays, and bools, which are masks of everything or of nothing; None is left out."""
    given: dict[str, Any] = {name: value for name, value in companions.items() if value is not None}
    flags = {k: bool(value) for k, value in given.items() if k == "mask" and isinstance(value, (bool, np.bool_))}
    return {name: value for name, value in given.items() if name not in flags}, flags


def _check(kernel: str, arrays: Mapping[str, Any], companions: Mapping[str, Any]) -> None:
    """Refuse what is no DataArray, and dimensions that no array has."""
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


def _dims(dim: Dims, there: Any) -> tuple[Hashable, ...]:
    """Return the dimensions to reduce: one, or those in a list or tuple, each of them `there`."""
    dims: tuple[Hashable, ...] = tuple(dim) if isinstance(dim, (list, tuple)) else (dim,)
    if not dims:
        raise ValueError("dim: it is empty; accepted is a dimension, or a list or tuple of one or more")
    for one in dims:
        if one not in there:
            raise ValueError(f"dim: it is {one!r}; x has the dimensions {', '.join(map(repr, there))}")
    if len(set(dims)) < len(dims):
        raise ValueError(f"dim: it is {dim!r}; accepted is every dimension once")
    return dims


def _check_whole(arrays: Mapping[str, xr.DataArray], dims: tuple[Hashable, ...], done: str = "reduced") -> None:
    """Refuse a reduced dimension in several chunks; those of coordinates do not count."""
    for name, array in arrays.items():
        for dim in dims:
            pieces = len(array.variable.chunksizes.get(dim, (1,)))
            if pieces > 1:
                how = f"rechunk it with .chunk({{{dim!r}: -1}})"
                raise ValueError(f"{name}: {dim!r} is in {pieces} chunks, and is {done} as a whole; {how}")


def _labels_only(array: xr.DataArray, first: xr.DataArray) -> xr.DataArray:
    """Return a mask that is still aligned by its labels, and adds no coordinate and no attribute to the result."""
    bare = array.reset_coords(drop=True).copy(deep=False)
    bare.attrs, bare.name = first.attrs, first.name
    return bare


def _with_dims(result: xr.DataArray, x: xr.DataArray, dims: tuple[Hashable, ...]) -> xr.DataArray:
    """Return a result with the reduced dimensions, of length 1 and, unless `x` had that length, without labels."""
    full = result.expand_dims(list(dims)).transpose(*x.dims)
    missing = (name for name in x.coords if name not in full.coords)
    return full.assign_coords({name: x.coords[name] for name in missing if _stays(x.coords[name], x, dims, True)})


def _stays(coordinate: xr.DataArray, x: Any, dims: tuple[Hashable, ...], keepdims: bool) -> bool:
    """Tell whether a coordinate fits a result: none of its dimensions is reduced, or has another length than before."""
    return all(keepdims and x.sizes[dim] == 1 for dim in coordinate.dims if dim in dims)
