"""Order statistics of many short series at once."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from eokernels._admit import Admitted, Array
from eokernels._network import selection
from eokernels.impl_numpy import gaps, put_largest

FEW = 20  # steps up to which a network over whole rows beats np.sort along each pixel


class Short:
    """Scratch for blocks of up to `width` pixels of some steps, in the dtype of the series or one that holds it."""

    def __init__(self, steps: int, width: int, dtype: np.dtype[Any]) -> None:
        if steps > FEW and dtype == np.uint8:
            dtype = np.dtype(
                np.uint16
            )  # np.sort has vector instructions for 16 bits and not for 8: a tenth of the time
        self.rows = np.empty((steps + 1, width + 16), dtype)  # 16 more, as a power of two overloads one cache set
        self.columns = np.empty((width, steps | 1), dtype)[:, :steps]
        self.sort = by_rows if steps <= FEW else by_pixels

    def middle(self, call: Admitted, block: Array, masked: list[Array]) -> tuple[Array, Array, Array]:
        """Return for every pixel of a block how many values are there, and the middle two of them."""
        steps, pixels = len(block), prod(block.shape[1:])
        rows = self.rows[:, :pixels]
        shaped = rows[:steps].reshape(block.shape)
        np.copyto(shaped, block)
        missing = gaps(masked[0] if masked else None, call.nodata, block)
        if missing is not None:
            put_largest(shaped, missing)
        valid = _counted(np.isnan(rows[:steps]) if block.dtype.kind == "f" else missing, steps, pixels)
        ranks = np.maximum(valid - 1, 0) >> 1, np.minimum(valid >> 1, steps - 1)
        low, high = self.sort(rows, self.columns[:pixels], ranks)
        return valid, low, high


def _counted(missing: Array | None, steps: int, pixels: int) -> Array:
    """Return how many values of each pixel are there."""
    if missing is None:
        return np.full(pixels, steps)
    count = missing.view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(steps))
    return steps - count.reshape(pixels).astype(np.intp)


def by_rows(rows: Array, columns: Array, ranks: tuple[Array, ...]) -> list[Array]:
    """Sort whole rows against each other by a network, NaN as +∞, and return the values at `ranks`.

    `rows` (steps + 1, pixels) are a copy with one row to spare, `columns` (pixels, steps) scratch. Neither keeps its
    contents.
    """
    steps, pixels = columns.shape[1], columns.shape[0]
    if rows.dtype.kind == "f":
        np.fmin(rows[:-1], np.inf, out=rows[:-1])
    row = list(rows)
    network = selection(steps, tuple(range(steps)))
    for i, j, spare in network.operations.tolist():
        np.minimum(row[i], row[j], out=row[spare])
        np.maximum(row[i], row[j], out=row[j])
    place, lane = np.array(network.rows), np.arange(pixels)
    return [rows[place[rank], lane] for rank in ranks]


def by_pixels(rows: Array, columns: Array, ranks: tuple[Array, ...]) -> list[Array]:
    """Sort each pixel by itself, NaN last, and return the values at `ranks`; rows and columns as in :func:`by_rows`."""
    np.copyto(columns, rows[:-1].T)
    columns.sort(axis=1)
    lane = np.arange(len(columns))
    return [columns[lane, rank] for rank in ranks]
