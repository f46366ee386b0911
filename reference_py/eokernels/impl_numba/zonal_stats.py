"""Statistics of zones as bare loops; see :func:`eokernels.zonal_stats`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Array, outputs
from eokernels._pieces import PIECE_BYTES, blocks
from eokernels._zones import empty, finish, holding, slices, zonal
from eokernels.impl_numba._jit import NO_MASK, _layout, flat, way
from eokernels.impl_numba._tallies import add_up, settle, tally
from eokernels.impl_numba._threads import share

ROW = 48  # bytes of a row of a table: six numbers
PART, MOST = 2**16, 2**22  # positions after which pivots are looked at, and Python handles signals


def zonal_stats(
    values, zones, n_zones, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Pixel by pixel into a table a slice, which are added in their order; see :func:`eokernels.zonal_stats`."""
    targets = outputs(out, 6)
    call, results = zonal(
        values, zones, n_zones, targets, nodata=nodata, mask=mask, dtype=dtype, num_threads=num_threads
    )  # fmt: skip
    size, kind = prod(call.zones.shape), call.values.dtype
    gap = call.nodata is not None, kind.type(0 if call.nodata is None else call.nodata)
    limit = call.count
    if call.zones.dtype.kind == "i":
        limit = min(limit, np.iinfo(call.zones.dtype).max + 1)
    many = slices(size, call.count, ROW)
    for index, own, holes in call.maps():
        tables = np.zeros((many, call.count, 6))
        for part in _pieces(own, call.zones, holes) if size and call.count else ():
            _fill(part, gap, np.uint64(limit), tables, call.threads)
        table = empty(call.count, holding(kind))
        add_up(tables, *table)
        finish(table, tuple(result[index] for result in results))
    return results if out is None else out


def _pieces(values: Array, zones: Array, mask: Array | None) -> Any:
    """Yield parts whose arrays are aligned, with labels as they are without a sign."""
    arrays = (values, zones, mask)
    if not (values.flags.aligned and zones.flags.aligned):
        shape = zones.shape or (1,)
        whole = [None if array is None else array.reshape(shape) for array in arrays]
        for place in blocks(shape, PIECE_BYTES // 16):
            yield from _pieces(*[None if array is None else np.array(array[place]) for array in whole])  # type: ignore[arg-type]
        return
    yield values, zones.view(f"u{zones.itemsize}"), mask


def _fill(part: tuple[Any, ...], gap: tuple[bool, Any], limit: np.uint64, tables: Array, threads: int) -> None:
    values, zones, mask = part
    plan, _ = way(*[_layout(array) for array in (values, mask, zones)])
    flats = [flat(values), flat(mask, NO_MASK), flat(zones)]
    size, many = zones.size, len(tables)
    step = min(max(PART, 64 * tables.shape[1]), MOST)

    def fill(start, stop):
        for k in range(start, stop):
            last = size * (k + 1) // many
            for first in range(size * k // many, last, step):
                way_and_gaps = plan.offsets, plan.lengths, plan.steps, *gap, mask is not None
                tally(*flats, *way_and_gaps, limit, tables[k], first, min(first + step, last))
                settle(tables[k])

    share(fill, many, threads, size)
