"""What a named case says: one row of what is measured.

`inputs.families` has them, a file a family. A case says everything about the *input* of a measurement and nothing about
a kernel: family, shape, dtype, missing data, memory layout, whether ``out=`` is handed over, and threads. Its name is
immutable. A case whose meaning changes gets a new name, so that no series of measurements ever changes its meaning
silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from inputs.host.cores import usable_cores

Tier = Literal["smoke", "core", "full"]
MaskMode = Literal["none", "iid", "cloud", "heavy", "swath_edge"]
Layout = Literal["c", "band_last", "window", "pixel_major", "time_last"]
Source = Literal["synthetic", "romania"]
Quality = Literal["", "scl", "qa_pixel"]
Zoning = Literal["", "field", "random", "sorted"]

TIERS: tuple[Tier, ...] = ("smoke", "core", "full")
ALL_THREADS = 0


@dataclass(frozen=True)
class Case:
    """One named input.

    Attributes
    ----------
    name
        Immutable name, unique within its family; also asv's parameter.
    family
        Name of its family.
    tier
        The smallest tier the case belongs to; ``core`` includes ``smoke``, ``full`` includes both.
    shape
        Logical shape, time-major.
    dtype
        NumPy name of the input dtype.
    mask
        How missing data is laid out: ``none``; ``iid`` (every value by itself); ``cloud`` (per-date clear fractions
        of the real cube times a smooth field); ``heavy`` (90 % i.i.d. and 5 % of pixels missing on all dates);
        ``swath_edge`` (a slanted edge beyond which a date has no data).
    missing
        Share of missing values aimed at, 0–1. Missing is NaN in floats and `nodata` in integers.
    nodata
        The integer that means missing, 0 or below, or None where every value is data. None for floats.
    layout
        ``c``: C order. ``band_last``: one band of a ``(…, B)`` array, B = 4. ``window``: a window of a larger tile.
        ``pixel_major``: memory is ``(Y, X, T)``, handed over as such with ``axis=-1``. ``time_last``: memory is
        ``(T, Y, X)``, handed over as the ``(Y, X, T)`` view that ``xarray.apply_ufunc`` makes, with ``axis=-1``.
    out
        Whether the caller hands over ``out=`` (reused over calls) instead of taking a fresh array.
    threads
        Threads asked of the implementations that have threads; 0 is every core of the machine.
    source
        ``synthetic`` (seeded) or ``romania`` (the real Sentinel-2 cube, mirrored to size).
    centre
        Whether this is the family's centre, from which the other cases each differ in one thing.
    ties
        Whether values are rounded to a few levels, so that ties are common.
    seed
        Seed of the synthetic generator.
    quality
        The quality band that goes with a ``classified`` case: ``scl`` (uint8 scene classes), ``qa_pixel`` (uint16
        bits), or none. It tells most of the case's gaps, and only the rest is `nodata`; see
        `inputs.synthetic.qa_bands`.
    weights
        Whether a weight for each value goes with the case.
    uneven
        Whether the dates of a stack lie unevenly in time, and their days go with the case.
    zones, zoning
        Zones of the label image that goes with the case, and how it looks: ``field`` (as on a map), ``random``,
        ``sorted``.
    core
        Core dimensions of its arrays, see `inputs.dimensions`: ``("t",)`` of stacks, none of bands.
    scaled
        Whether its counts are to be scaled: synthetic ones of 16 bits then have Sentinel-2's additive offset.
    """

    name: str
    family: str
    tier: Tier
    shape: tuple[int, ...]
    dtype: str = "float32"
    mask: MaskMode = "none"
    missing: float = 0.0
    nodata: int | None = None
    layout: Layout = "c"
    out: bool = False
    threads: int = 1
    source: Source = "synthetic"
    centre: bool = False
    ties: bool = False
    seed: int = 20250101
    quality: Quality = ""
    weights: bool = False
    uneven: bool = False
    zones: int = 0
    zoning: Zoning = ""
    core: tuple[str, ...] = ()
    scaled: bool = False

    @property
    def thread_count(self) -> int:
        """Threads on this machine: `threads`, with 0 resolved to the cores that it gives this process."""
        return self.threads or usable_cores()

    @property
    def over_time(self) -> bool:
        """Whether its arrays are stacks of which kernels take the series."""
        return "t" in self.core

    @property
    def pixels(self) -> int:
        """Pixels of one call: Y·X of stacks, all elements of bands."""
        return prod(self.shape[1:] if self.over_time else self.shape)
