"""Label images: the zone of every pixel, as fields on a map, at random, or sorted.

Fields are what people have: a thousand pixels around a field's own carry its number, and the order of the numbers
says nothing of where a field lies. Random labels are the worst that can be done to memory, sorted ones the best.

Everything is drawn from a seed, with NumPy alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[Any]

SEED = 20151
_SWAY = 0.3  # of a field's size: how far its edges swing to either side
_ROWS = 256  # rows at a time, so that what is made on the way stays small


def fields(shape: tuple[int, int], zones: int, dtype: Any = "int32", seed: int = SEED) -> Labels:
    """Return fields with crooked edges, about equally large, in bands of unequal width, numbered in no order.

    Every zone has pixels where there are several for each of them.
    """
    rng, (height, width) = np.random.default_rng(seed), shape
    bands = max(1, min(zones, round(np.sqrt(zones * height / max(width, 1)))))
    columns = np.full(bands, zones // bands) + (np.arange(bands) < zones % bands)
    names = rng.permutation(zones).astype(dtype)
    first = np.cumsum(columns) - columns
    numbers = np.stack([names[start + _cuts(rng, width, many)] for start, many in zip(first, columns, strict=True)])
    band = _cuts(rng, height, bands)
    rise, shift = _waves(rng, width, height / bands), _waves(rng, height, width / columns.max())
    image = np.empty(shape, dtype)
    for start in range(0, height, _ROWS):
        rows = np.arange(start, min(start + _ROWS, height))
        across = np.clip(np.arange(width) + shift[rows, np.newaxis], 0, width - 1)
        image[rows] = numbers[band[np.clip(rows[:, np.newaxis] + rise, 0, height - 1)], across]
    return image


def random(shape: tuple[int, ...], zones: int, dtype: Any = "int32", seed: int = SEED) -> Labels:
    """Return labels each of which is drawn for itself."""
    return np.random.default_rng(seed).integers(zones, size=shape, dtype=dtype)


def in_order(shape: tuple[int, ...], zones: int, dtype: Any = "int32", seed: int = SEED) -> Labels:
    """Return labels that never fall, about as many of each; there is nothing to draw."""
    size = int(np.prod(shape))
    starts = np.arange(zones + 1) * size // zones
    return np.repeat(np.arange(zones).astype(dtype), np.diff(starts)).reshape(shape)


KINDS: dict[str, Callable[..., Labels]] = {"field": fields, "random": random, "sorted": in_order}
"""What a label image can look like, by the word that cases use."""


def _cuts(rng: np.random.Generator, length: int, parts: int) -> NDArray[np.intp]:
    """Return for each of `length` places the part it is in; none is smaller than half of the others' mean or so."""
    jitter = np.concatenate([[0.0], rng.uniform(-0.25, 0.25, parts - 1)])
    edges = (np.arange(parts) + jitter) * length / parts
    part: NDArray[np.intp] = np.searchsorted(edges, np.arange(length) + 0.5, side="right") - 1
    return part


def _waves(rng: np.random.Generator, length: int, size: float) -> NDArray[np.intp]:
    """Return how far an edge swings at each place, whole pixels; a sum of three waves of a few fields' length."""
    places = np.arange(length)
    # Triangles, not sines, which round differently from one machine to the next.
    turns = [places / (size * rng.uniform(1.5, 6.0)) + rng.uniform() for _ in range(3)]
    swing = sum(np.abs(turn % 1.0 * 4.0 - 2.0) - 1.0 for turn in turns)
    return np.rint(_SWAY / 3 * size * swing).astype(np.intp)
