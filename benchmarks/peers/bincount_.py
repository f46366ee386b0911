"""numpy.bincount: sums of weights by bin, in float64; least and largest values by ``ufunc.at``.

It is NumPy as the expert's arm is, but as it stands in answers on the net: all at once, and not in blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers._common import peer
from benchmarks.peers._zones import by_maps
from benchmarks.spec import Array


def zonal_stats(
    values: Array, zones: Array, n_zones: int, *, nodata: int | None = None, mask: Array | None = None,
    dtype: Any = None, out: tuple[Array, ...] | None = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return the six statistics of every zone."""
    return by_maps(values, zones, n_zones, _binned, nodata=nodata, mask=mask, dtype=dtype, out=out)


def _binned(values: Array, keys: Array, zones: int) -> tuple[Any, ...]:
    keys = keys.astype(np.intp, copy=False)
    wide = values.astype(np.float64, copy=False)
    count = np.bincount(keys, minlength=zones)
    total = np.bincount(keys, wide, zones)
    mean = total / count
    distance = wide - mean[keys]
    std = np.sqrt(np.bincount(keys, distance * distance, zones) / count)
    low, high = np.full(zones, np.inf), np.full(zones, -np.inf)
    np.minimum.at(low, keys, wide)
    np.maximum.at(high, keys, wide)
    return count, total, mean, low, high, std


ZONAL_STATS = peer(
    "bincount", "numpy", zonal_stats, "bincount four times and ufunc.at twice over the whole image, all in float64"
)
