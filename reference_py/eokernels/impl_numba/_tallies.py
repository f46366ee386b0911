"""Tables of zones in compiled loops: values into rows, pivots, and the sum of tables."""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels.impl_numba._jit import kernel, locate


@kernel
def tally(
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
def settle(table):
    """Make the mean the pivot where that lies so far from it that sums lose digits."""
    for zone in range(table.shape[0]):
        row = table[zone]
        if row[0] * row[0] > 0.9375 * (row[1] * row[5]) and row[1] < np.inf and abs(row[2] + row[0] / row[5]) < 1e150:
            moved = row[0] / row[5]
            row[2] += moved
            row[1] = max(0.0, row[1] + moved * (row[5] * moved - 2.0 * row[0]))
            row[0] -= row[5] * moved


@kernel
def add_up(tables, number, total, squares, low, high):
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
