"""flox: grouped reductions for xarray and dask, here on NumPy arrays by its own NumPy engine."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.peers._common import peer
from benchmarks.peers._zones import by_maps
from benchmarks.spec import Array

_FUNCTIONS = ("count", "nansum", "nanmean", "nanmin", "nanmax", "nanstd")


def zonal_stats(
    values: Array, zones: Array, n_zones: int, *, nodata: int | None = None, mask: Array | None = None,
    dtype: Any = None, out: tuple[Array, ...] | None = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return the six statistics of every zone."""
    return by_maps(values, zones, n_zones, _reduced, nodata=nodata, mask=mask, dtype=dtype, out=out)


def _reduced(values: Array, keys: Array, zones: int) -> tuple[Any, ...]:
    groupby_reduce = import_module("flox.core").groupby_reduce

    if values.size == 0:
        return (np.zeros(zones),) * 6
    groups, wide = np.arange(zones), values.astype(np.float64, copy=False)
    return tuple(groupby_reduce(wide, keys, func=one, expected_groups=groups, engine="numpy")[0] for one in _FUNCTIONS)


ZONAL_STATS = peer(
    "flox", "flox", zonal_stats,
    "six calls in float64, as its sums of float32 are wrong in the fourth digit on large zones; an infinite "
    "value gives an infinite deviation",
)  # fmt: skip
