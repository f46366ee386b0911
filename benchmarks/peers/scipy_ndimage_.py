"""scipy.ndimage: statistics of labelled pixels, each by a call of its own that sorts or counts anew."""

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
    return by_maps(values, zones, n_zones, _labelled, nodata=nodata, mask=mask, dtype=dtype, out=out)


def _labelled(values: Array, keys: Array, zones: int) -> tuple[Any, ...]:
    from scipy import ndimage

    index = np.arange(zones)
    if values.size == 0:
        return (np.zeros(zones),) * 6
    # It counts in the dtype of what it adds up.
    wide = values.astype(np.float64, copy=False)
    count = ndimage.sum_labels(np.ones(keys.shape), keys, index)
    calls = (ndimage.sum_labels, ndimage.mean, ndimage.minimum, ndimage.maximum, ndimage.standard_deviation)
    return (count, *[call(wide, keys, index) for call in calls])


ZONAL_STATS = peer("scipy", "scipy.ndimage", zonal_stats, "six calls, each of which goes over the labels anew")
