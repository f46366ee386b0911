"""Seeded smooth fields: the raw material of scenes and cloud masks.

The same seed gives the same bits on every machine. That is why everything here is made of uniform draws of PCG64,
integer arithmetic, and additions and multiplications by NumPy, one operation after the other. Sines, logarithms, FFTs
and matrix products round differently from one CPU to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float = NDArray[np.floating[Any]]

STRIP_ROWS = 256


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Return the generator of one stream of a seed: streams are independent of each other."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream)))


def strips(rows: int) -> Iterator[slice]:
    """Cut `rows` rows into strips, so that temporaries stay small whatever the scene's size."""
    for start in range(0, rows, STRIP_ROWS):
        yield slice(start, min(start + STRIP_ROWS, rows))


def mirrored(length: int, period: int, offset: int = 0) -> NDArray[np.intp]:
    """Return the indices 0, 1, …, period-1, period-1, …, 1, 0, 0, 1, … that repeat an axis by mirroring it."""
    position = (np.arange(length) + offset) % (2 * period)
    return np.minimum(position, 2 * period - 1 - position)


def _ease(length: int, cell: int) -> tuple[NDArray[np.intp], Float32]:
    """Return for each pixel its lattice index and how far it is, 0–1, towards the next one (smoothstep)."""
    index, rest = np.divmod(np.arange(length), cell)
    t = (rest + 0.5) / cell
    return index, (t * t * (3.0 - 2.0 * t)).astype(np.float32)


@dataclass(frozen=True)
class Octave:
    """One octave of value noise, interpolated in X already: ``(lattice rows, X)``, values in [0, 1)."""

    lattice: Float32
    cell: int
    weight: float

    def rows(self, part: slice) -> Float32:
        """Return the field on some rows, ``(rows, X)``."""
        index, towards = _ease(part.stop, self.cell)
        index, towards = index[part], towards[part, None]
        above = self.lattice[index]
        below = self.lattice[index + 1]
        below -= above
        below *= towards
        above += below
        return above


@dataclass(frozen=True)
class Smooth:
    """A sum of octaves, weighted to the range [0, 1)."""

    octaves: tuple[Octave, ...]

    def rows(self, part: slice) -> Float32:
        """Return the field on some rows, ``(rows, X)``."""
        total: Float32 | None = None
        for octave in self.octaves:
            field = octave.rows(part)
            field *= octave.weight
            total = field if total is None else np.add(total, field, out=total)
        if total is None:
            raise ValueError("octaves: was empty; a smooth field has at least one")
        return total


def smooth(shape: tuple[int, int], cells_px: tuple[int, ...], rng: np.random.Generator) -> Smooth:
    """Draw a smooth field of value noise.

    Parameters
    ----------
    shape
        (Y, X).
    cells_px
        Size of the lattice cell of each octave in pixels, coarse to fine. Each octave weighs half the one before.
    rng
        Source of the lattice values.
    """
    weights = [0.5**k for k in range(len(cells_px))]
    octaves = []
    for cell, weight in zip(cells_px, weights, strict=True):
        lattice = rng.random((-(-shape[0] // cell) + 1, -(-shape[1] // cell) + 1), dtype=np.float32)
        index, towards = _ease(shape[1], cell)
        wide = lattice[:, index] + (lattice[:, index + 1] - lattice[:, index]) * towards
        octaves.append(Octave(wide, cell, weight / sum(weights)))
    return Smooth(tuple(octaves))


@dataclass(frozen=True)
class Parcels:
    """Field-like patches: bands of rows, each cut into parcels of random width, sheared by one column in four rows."""

    first_rows: NDArray[np.intp]
    labels: NDArray[np.int32]
    """Parcel number along X for each band of rows, ``(bands, X + Y // 4)``."""
    count: int

    def rows(self, values: NDArray[Any], part: slice, width: int) -> NDArray[Any]:
        """Return the value of each pixel's parcel, ``(rows, width)``, from one value per parcel."""
        out = np.empty((part.stop - part.start, width), dtype=values.dtype)
        previous, line = -1, values
        for y in range(part.start, part.stop):
            band = int(np.searchsorted(self.first_rows, y, side="right")) - 1
            if band != previous:
                previous, line = band, values[self.labels[band]]
            out[y - part.start] = line[y // 4 : y // 4 + width]
        return out


def parcels(shape: tuple[int, int], rng: np.random.Generator) -> Parcels:
    """Draw the parcels of a landscape of shape (Y, X): 16–55 rows by 12–69 columns each."""
    edges = np.concatenate([[0], np.cumsum(rng.integers(16, 56, size=shape[0] // 16 + 1))])
    first_rows = edges[edges < shape[0]] if shape[0] else edges[:1]
    length = shape[1] + shape[0] // 4
    labels = np.empty((len(first_rows), length), dtype=np.int32)
    count = 0
    for band in range(len(first_rows)):
        widths = rng.integers(12, 70, size=length // 12 + 1)
        labels[band] = count + np.repeat(np.arange(len(widths)), widths)[:length]
        count += len(widths)
    return Parcels(first_rows, labels, count)
