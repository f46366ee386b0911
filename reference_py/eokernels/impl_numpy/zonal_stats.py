"""Statistics of zones in NumPy; the contract is that of :func:`eokernels.zonal_stats`."""

from __future__ import annotations

import numpy as np

from eokernels._admit import FLOAT64, Array, outputs
from eokernels._zones import empty, finish, holding, zonal
from eokernels.impl_numpy import blocks
from eokernels.impl_numpy._bins import add_block, there

PIXELS, PIXELS_A_ZONE = 2**17, 8  # at a time: what is made on the way stays in L2, and tables cost less than it


def zonal_stats(
    values, zones, n_zones, *, nodata=None, mask=None, dtype=None, out=None
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Reduce runs of one label by ``reduceat``, or use bins, block by block; see :func:`eokernels.zonal_stats`."""
    targets = outputs(out, 6)
    call, results = zonal(values, zones, n_zones, targets, nodata=nodata, mask=mask, dtype=dtype)
    kind, limit = holding(call.values.dtype), max(PIXELS, PIXELS_A_ZONE * call.count)
    labels = call.zones.reshape(call.zones.shape or 1)
    for index, own, gaps in call.maps():
        table = empty(call.count, kind)
        image = own.reshape(labels.shape)
        holes = None if gaps is None else gaps.reshape(labels.shape)
        for part in blocks(labels.shape, limit):
            found, keys = there(image[part], labels[part], None if holes is None else holes[part], call)
            if keys.size:
                add_block(table, found.astype(kind, copy=False), keys)
        finish(table, tuple(result[index] for result in results))
    return results if out is None else out


def zonal_stats_naive(
    values, zones, n_zones, *, nodata=None, mask=None, dtype=None, out=None
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Take every zone by a boolean index; see :func:`eokernels.zonal_stats`."""
    targets = outputs(out, 6)
    call, results = zonal(values, zones, n_zones, targets, nodata=nodata, mask=mask, dtype=dtype)
    kind = holding(call.values.dtype)
    for index, own, gaps in call.maps():
        floats = own.astype(FLOAT64)
        if call.nodata is not None:
            floats[own == call.nodata] = np.nan
        if gaps is not None:
            floats[gaps] = np.nan
        table = empty(call.count, kind)
        for zone in range(call.count):
            inside = floats[call.zones == zone]
            inside = inside[~np.isnan(inside)]
            if inside.size:
                with np.errstate(all="ignore"):
                    distances = inside - inside.mean()
                    table.number[zone], table.total[zone] = inside.size, inside.sum()
                    table.squares[zone] = np.sum(distances * distances)
                    table.low[zone], table.high[zone] = inside.min(), inside.max()
        finish(table, tuple(result[index] for result in results))
    return results if out is None else out
