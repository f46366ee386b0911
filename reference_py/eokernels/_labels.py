"""Statistics of zones on labelled arrays: the dimensions of the labels go, a dimension of zones comes.

Of chunked arrays each block gives what is known of its zones, and blocks are added in the order of the reduced
dimensions, four at a time, and then what comes of it: a tree that depends on the number of chunks along these
dimensions alone. So the bits do not depend on how the other dimensions are cut, nor on the order in which a scheduler
takes the tasks, and only a few tables are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from eokernels import _zones
from eokernels._attributes import KeepAttrs, combination, describe
from eokernels._call import Call
from eokernels._labelled import Companions, _check, _labels_only, _sorted
from eokernels._moments import as_int
from eokernels._zones import Table

ZONE = "zone"
NAMES = ("count", "sum", "mean", "min", "max", "std")
_TOGETHER = 4


def zonal(
    kernel: str,
    values: Any,
    zones: Any,
    n_zones: Any,
    *,
    companions: Companions,
    options: Mapping[str, Any],
    keep_attrs: KeepAttrs,
) -> xr.Dataset:
    """Call a kernel of zones on one DataArray and labels; return a Dataset of its results."""
    given, flags = _sorted(companions)
    _check(kernel, {"values": values, "zones": zones}, given)
    dims = zones.dims
    if not dims:
        raise ValueError("zones: it has no dimension; accepted is an array of at least one")
    if missing := [dim for dim in dims if dim not in values.dims]:
        raise ValueError(f"zones: it has the dimension {missing[0]!r}, which is none of values")
    if ZONE in values.dims or ZONE in values.coords:
        raise ValueError(f"values: it has the name {ZONE!r}, which the dimension of the results has; rename it")
    has = tuple(tuple(dim in array.dims for dim in dims) for array in given.values())
    call = Call(kernel, tuple(given), has, {**options, **flags, "n_zones": n_zones}, 0)
    companion_dims = [[dim for dim in dims if dim in array.dims] for array in given.values()]
    dtypes = call.on_nothing(values, zones, *given.values())
    bare = [_labels_only(array, values) for array in (zones, *given.values())]
    results = xr.apply_ufunc(
        _apply, values, *bare,
        kwargs={"call": call, "dtypes": dtypes, "core": len(dims)},
        input_core_dims=[dims, dims, *companion_dims],
        output_core_dims=[[ZONE]] * len(dtypes),
        dask="allowed",
        keep_attrs=combination(keep_attrs),
    )  # fmt: skip
    for result in results:
        describe(result, values, values.name)
    found = xr.Dataset(dict(zip(NAMES, results, strict=True)))
    return found.assign_coords({ZONE: np.arange(as_int(n_zones))})


def _apply(*arrays: Any, call: Call, dtypes: tuple[np.dtype[Any], ...], core: int) -> Any:
    """Call the kernel at once, or lazily where an array is chunked; the axes of zones are the last ones."""
    if not any(hasattr(array, "dask") for array in arrays):
        return call(*arrays)
    import dask.array as da

    free = arrays[0].ndim - core
    has = ((True,) * core, (True,) * core, *call.has)
    pairs: list[Any] = []
    for array, there in zip(arrays, has, strict=True):
        reduced = [free + i for i in range(core) if there[i]]
        pairs += [da.asarray(array), (*range(free - (array.ndim - len(reduced)), free), *reduced)]
    steps, count = Steps(call), as_int(call.options["n_zones"])
    axes = tuple(range(free + core))
    parts = da.blockwise(
        steps.of_block, axes, *pairs, name=None, token=f"{call.kernel}-part", concatenate=False,
        adjust_chunks=dict.fromkeys(axes[free:], 1), meta=np.empty((0,) * len(axes)),
    )  # fmt: skip
    together = da.reduction(
        parts, _as_it_is, partial(steps.finished, dtypes=dtypes), combine=steps.added, axis=axes[free:],
        concatenate=False, split_every=dict.fromkeys(axes[free:], _TOGETHER), name=call.kernel,
        dtype=dtypes[1], meta=np.empty((0,) * free, dtypes[1]),
    )  # fmt: skip
    return tuple(
        da.map_blocks(
            partial(_item, i), together, new_axis=free, chunks=(*together.chunks, (count,)),
            dtype=dtype, meta=np.empty((0,) * (free + 1), dtype),
        )
        for i, dtype in enumerate(dtypes)
    )  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """The steps of one call on chunked arrays; it can be pickled."""

    call: Call

    def of_block(self, *blocks: Any) -> Table:
        """Return what is known of the zones of one block."""
        (values, zones), named = self.call.arguments(*blocks)
        options = {
            name: value for name, value in self.call.options.items() if name in ("nodata", "num_threads", "mask")
        }
        return _zones.known(values, zones, self.call.options["n_zones"], **options, **named)

    def added(self, parts: Any, axis: Any, keepdims: bool) -> Any:
        """Return what is known of parts in nested lists, in their order; dask also tries an array without elements."""
        if isinstance(parts, np.ndarray):
            return parts
        first, *rest = _flat(parts)
        table = Table(*(array.copy() for array in first))
        for part in rest:
            _zones.add(table, part)
        return table

    def finished(self, parts: Any, axis: Any, keepdims: bool, dtypes: tuple[np.dtype[Any], ...]) -> Any:
        """Return what the kernel returns, of parts in nested lists."""
        table = self.added(parts, axis, keepdims)
        if isinstance(table, np.ndarray):
            return table
        results = tuple(np.empty(table.number.shape, dtype) for dtype in dtypes)
        _zones.finish(table, results)
        return results


def _as_it_is(part: Any, axis: Any, keepdims: bool) -> Any:
    return part


def _flat(parts: Any) -> Iterator[Table]:
    """Yield the parts in nested lists, whose first level is the first reduced axis."""
    if isinstance(parts, Table):
        yield parts
        return
    for part in parts:
        yield from _flat(part)


def _item(index: int, results: Any) -> Any:
    return results[index]
