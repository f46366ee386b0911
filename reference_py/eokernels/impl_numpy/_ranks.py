"""Order statistics of many short series at once.

Both functions take `rows` (steps + 1, pixels), a copy of the data with NaN for missing and one row to spare, scratch
`columns` (pixels, steps), and `ranks`, one array of ranks per wanted result. Neither keeps the contents of `rows`.
"""

from __future__ import annotations

import numpy as np

from eokernels._admit import Array
from eokernels._network import selection


def by_rows(rows: Array, columns: Array, ranks: tuple[Array, ...]) -> list[Array]:
    """Sort whole rows against each other by a network, NaN as +∞, and return the values at `ranks`."""
    steps, pixels = columns.shape[1], columns.shape[0]
    np.fmin(rows[:-1], np.inf, out=rows[:-1])
    row = list(rows)
    network = selection(steps, tuple(range(steps)))
    for i, j, spare, _ in network.operations.tolist():
        np.minimum(row[i], row[j], out=row[spare])
        np.maximum(row[i], row[j], out=row[j])
    place, lane = np.array(network.rows), np.arange(pixels)
    return [rows[place[rank], lane] for rank in ranks]


def by_pixels(rows: Array, columns: Array, ranks: tuple[Array, ...]) -> list[Array]:
    """Sort each pixel by itself, NaN last, and return the values at `ranks`."""
    np.copyto(columns, rows[:-1].T)
    columns.sort(axis=1)
    lane = np.arange(len(columns))
    return [columns[lane, rank] for rank in ranks]
