"""Statistics of zones as bare loops; see :func:`eokernels.zonal_stats`."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Array, outputs
from eokernels._pieces import PIECE_BYTES, blocks
from eokernels._zones import empty, finish, holding, slices, zonal
from eokernels.impl_numba._jit import NO_MASK, _layout, flat, kernel, locate, way
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
        _add_up(tables, *table)
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
                _tally(*flats, *way_and_gaps, limit, tables[k], first, min(first + step, last))
                _settle(tables[k])

    share(fill, many, threads, size)


@kernel
def _tally(
    x, gaps, labels, offsets, lengths, steps, has_nodata, nodata, masked, limit, table, start, stop
):  # fmt: skip
    """Put values into rows of sum, squares, pivot, least, largest and number; while a label lasts, in registers."""
    inner, at = lengths[-1], np.empty_like(offsets)
    last, total, squares, pivot, low, high, number = limit, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    while start < stop:
        n = min(inner - start % inner, stop - start)
        locate(start, offsets, lengths, steps, at)
        value_at, gap_at, label_at = np.uintp(at[0]), np.uintp(at[1]), np.uintp(at[2])
        value_step, gap_step, label_step = np.uintp(steps[0, -1]), np.uintp(steps[1, -1]), np.uintp(steps[2, -1])
        for _ in range(n):
            label, value = np.uint64(labels[label_at]), x[value_at]
            gap = (value != value) | (has_nodata & (value == nodata)) | (label >= limit)  # noqa: PLR0124
            if masked:
                gap |= gaps[gap_at]
            value_at += value_step
            gap_at += gap_step
            label_at += label_step
            if gap:
                continue
            if label != last:
                if last != limit:
                    row = table[last]
                    row[0], row[1], row[2], row[3], row[4], row[5] = total, squares, pivot, low, high, number
                row = table[label]
                total, squares, pivot, low, high, number = row[0], row[1], row[2], row[3], row[4], row[5]
                last = label
                if number == 0.0:
                    pivot = np.float64(value) if abs(np.float64(value)) <= 1e150 else 0.0
                    low, high = np.inf, -np.inf
            wide = np.float64(value)
            distance = wide - pivot
            total += distance
            squares += distance * distance
            low, high, number = min(low, wide), max(high, wide), number + 1.0
        start += n
    if last != limit:
        row = table[last]
        row[0], row[1], row[2], row[3], row[4], row[5] = total, squares, pivot, low, high, number


@kernel
def _settle(table):
    """Make the mean the pivot where that lies so far from it that sums lose digits."""
    for zone in range(table.shape[0]):
        row = table[zone]
        if row[0] * row[0] > 0.9375 * (row[1] * row[5]) and row[1] < np.inf and abs(row[2] + row[0] / row[5]) < 1e150:
            moved = row[0] / row[5]
            row[2] += moved
            row[1] = max(0.0, row[1] + moved * (row[5] * moved - 2.0 * row[0]))
            row[0] -= row[5] * moved


@kernel
def _add_up(tables, number, total, squares, low, high):
    """Add the tables of all slices, in their order."""
    for k in range(tables.shape[0]):
        for zone in range(number.size):
            row = tables[k, zone]
            n = row[5]
            if n == 0.0:
                continue
            own, apart = n * row[2] + row[0], row[1] - row[0] * (row[0] / n)
            apart = max(apart, 0.0) if apart == apart else apart  # noqa: PLR0124
            before = np.float64(number[zone])
            if before > 0.0:
                delta = own / n - total[zone] / before
                apart += squares[zone] + delta * delta * (before * (n / (before + n)))
            squares[zone] = apart
            total[zone] += own
            number[zone] += np.int64(n)
            low[zone], high[zone] = min(low[zone], row[3]), max(high[zone], row[4])
