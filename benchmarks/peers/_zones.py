"""What the adapters of zonal statistics share: what is missing taken away, and results in the contract's dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers._common import output_dtype
from benchmarks.spec import Array

Statistics = Callable[[Array, Array, int], tuple[Any, ...]]
"""From values and their zones, in one row each, none of them missing, and the number of zones to the six results."""


def by_maps(
    values: Array, zones: Array, n_zones: int, statistics: Statistics, *, nodata: Any, mask: Array | None, dtype: Any,
    out: tuple[Array, ...] | None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return the results of an adapter that takes one map; those of several are written one after the other."""
    kind = output_dtype(values, dtype)
    lead = values.shape[: values.ndim - zones.ndim]
    kinds = (np.dtype(np.int64), *[kind] * 5)
    results = tuple(np.empty((*lead, n_zones), one) for one in kinds) if out is None else out
    for index in np.ndindex(lead):
        gaps = None if mask is None else np.broadcast_to(mask, values.shape)[index]
        own, keys = there(values[index], zones, n_zones, nodata, gaps)
        with np.errstate(all="ignore"):
            found = statistics(own, keys, n_zones)
        for result, one in zip(results, found, strict=True):
            result[index] = one
        results[1][index][results[0][index] == 0] = 0.0
        for result in results[2:]:
            result[index][results[0][index] == 0] = np.nan
    return results


def there(values: Array, zones: Array, n_zones: int, nodata: Any, mask: Array | None) -> tuple[Array, Array]:
    """Return what is not missing and has a zone, in one row; what is there as a whole is not copied."""
    keep = (zones >= 0) & (zones < n_zones)
    if values.dtype.kind == "f":
        keep &= values == values  # noqa: PLR0124 - NaN differs from itself
    if nodata is not None:
        keep &= values != nodata
    if mask is not None:
        keep &= ~mask
    return (values.reshape(-1), zones.reshape(-1)) if keep.all() else (values[keep], zones[keep])
