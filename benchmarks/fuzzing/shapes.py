"""Random shapes: mostly small and ordinary, now and then empty, long, of no or of very many dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from random import Random

import numpy as np

MOST_ELEMENTS = 1500


def shape(rng: Random, reduces: bool) -> tuple[int, ...]:
    """Return a shape of few elements; now and then with an axis of no or of very many, and of no or many dimensions."""
    chance = rng.random()
    if chance < 0.02:
        return ()
    if chance < 0.025:
        return (1,) * rng.randrange(5, 40)
    if chance < 0.05:
        long = rng.randrange(250, 700)
        return (long, rng.randrange(1, 3)) if reduces else (1, long)
    lengths = [rng.randrange(1, rng.choice((3, 6, 12, 40))) for _ in range(rng.choice((1, 2, 2, 3, 3, 4)))]
    if rng.random() < 0.05:
        lengths[rng.randrange(len(lengths))] = 0
    while prod(lengths) > MOST_ELEMENTS:
        lengths[lengths.index(max(lengths))] //= 2
    return tuple(lengths)


def narrowed(rng: Random, shape: tuple[int, ...], chance: float) -> tuple[int, ...]:
    """Return a shape that broadcasts to `shape`; with little probability one that does not."""
    if rng.random() > chance:
        return shape
    if rng.random() < 0.05:
        return (*shape, 2)
    narrow = tuple(1 if rng.random() < 0.4 else n for n in shape)
    return narrow[rng.randrange(len(narrow)) :] if narrow and rng.random() < 0.4 else narrow


def broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape to which some broadcast, or the first of them where they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except (ValueError, RuntimeError):  # they do not, or have more dimensions than NumPy broadcasts
        return shapes[0]
