"""The named cases: what is measured, one row per case and no Cartesian product.

A case says everything about the *input* of a measurement and nothing about a kernel: family, shape, dtype, missing
data, memory layout, whether ``out=`` is handed over, and threads. Its name is immutable. A case whose meaning
changes gets a new name, so that no series of measurements ever changes its meaning silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from inputs.host.cores import usable_cores

Family = Literal["elementwise", "counts", "classified", "temporal"]
Tier = Literal["smoke", "core", "full"]
MaskMode = Literal["none", "iid", "cloud", "heavy", "swath_edge"]
Layout = Literal["c", "band_last", "window", "pixel_major", "time_last"]
Source = Literal["synthetic", "romania"]
Quality = Literal["", "scl", "qa_pixel"]

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
        ``elementwise``: arrays of one band each, ``(Y, X)`` or ``(T, Y, X)``. ``counts``: the same as integers that are
        scaled. ``classified``: counts with a quality band beside them. ``temporal``: stacks ``(T, Y, X)``.
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
    """

    name: str
    family: Family
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

    @property
    def thread_count(self) -> int:
        """Threads on this machine: `threads`, with 0 resolved to the cores that it gives this process."""
        return self.threads or usable_cores()

    @property
    def pixels(self) -> int:
        """Output pixels of one call: Y·X for temporal cases, all elements for elementwise ones."""
        lanes = self.shape[1:] if self.family == "temporal" else self.shape
        count = 1
        for length in lanes:
            count *= length
        return count


def _elementwise() -> tuple[Case, ...]:
    def case(name: str, tier: Tier, shape: tuple[int, ...], **rest: object) -> Case:
        return Case(name, "elementwise", tier, shape, **rest)  # type: ignore[arg-type]

    centre = (2048, 2048)
    return (
        case("f32_2048", "core", centre, centre=True),
        case("f32_64", "core", (64, 64)),
        case("f32_256", "smoke", (256, 256)),
        case("f32_512", "core", (512, 512)),
        case("f32_1024", "core", (1024, 1024)),
        case("f32_3660", "core", (3660, 3660)),
        case("f32_2048_out", "smoke", centre, out=True),
        case("f64_2048", "core", centre, dtype="float64"),
        case("u16_2048", "core", centre, dtype="uint16"),
        case("f32_2048_cloud", "core", centre, mask="cloud", missing=0.4),
        case("f32_2048_iid", "core", centre, mask="iid", missing=0.4),
        case("f32_2048_bandlast", "core", centre, layout="band_last"),
        case("f32_2048_window", "core", centre, layout="window"),
        case("f32_1023x1537", "core", (1023, 1537)),
        case("f32_2048_t2", "core", centre, threads=2),
        case("f32_2048_tall", "core", centre, threads=ALL_THREADS),
        case("f32_12x512", "core", (12, 512, 512)),
        case("s2_u16_1024", "smoke", (1024, 1024), dtype="uint16", nodata=0, source="romania"),
        case("f32_5000", "full", (5000, 5000)),
        case("f32_10980", "full", (10980, 10980)),
    )


def _counts(family: Family) -> tuple[Case, ...]:
    def case(name: str, tier: Tier, shape: tuple[int, ...], **rest: object) -> Case:
        settings: dict[str, object] = {"dtype": "uint16", "nodata": 0, "mask": "cloud", "missing": 0.4, **rest}
        if family == "classified":
            settings.setdefault("quality", "scl")
        return Case(name, family, tier, shape, **settings)  # type: ignore[arg-type]

    centre = (2048, 2048)
    return (
        case("u16_2048", "core", centre, centre=True),
        case("u16_64", "core", (64, 64)),
        case("u16_256", "smoke", (256, 256)),
        case("u16_512", "core", (512, 512)),
        case("u16_1024", "core", (1024, 1024)),
        case("u16_3660", "core", (3660, 3660)),
        case("u16_2048_out", "smoke", centre, out=True),
        case("i16_2048", "core", centre, dtype="int16", nodata=-9999),
        case("u16_2048_none", "core", centre, mask="none", missing=0.0),
        case("u16_2048_iid", "core", centre, mask="iid"),
        case("u16_2048_bandlast", "core", centre, layout="band_last"),
        case("u16_2048_window", "core", centre, layout="window"),
        case("u16_1023x1537", "core", (1023, 1537)),
        case("u16_2048_t2", "core", centre, threads=2),
        case("u16_2048_tall", "core", centre, threads=ALL_THREADS),
        case("u16_12x512", "core", (12, 512, 512)),
        case("s2_u16_1024", "smoke", (1024, 1024), source="romania"),
        case("u16_5000", "full", (5000, 5000)),
        case("u16_10980", "full", (10980, 10980)),
    )


def _classified() -> tuple[Case, ...]:
    with_classes = _counts("classified")
    bits = {"name": "u16_2048_bits", "quality": "qa_pixel", "centre": False}
    return (*with_classes, *(replace(case, **bits) for case in with_classes if case.centre))  # type: ignore[arg-type]


def _temporal() -> tuple[Case, ...]:
    def case(name: str, tier: Tier, steps: int, side: int, mask: MaskMode = "cloud", **rest: object) -> Case:
        share = {"none": 0.0, "heavy": 0.9}.get(mask, 0.4)
        settings: dict[str, object] = {"missing": share, **rest}
        return Case(name, "temporal", tier, (steps, side, side), mask=mask, **settings)  # type: ignore[arg-type]

    return (
        case("f32_73x480", "core", 73, 480, centre=True),
        case("f32_12x1160", "core", 12, 1160),
        case("f32_24x820", "core", 24, 820),
        case("f32_146x340", "core", 146, 340),
        case("f32_365x215", "core", 365, 215),
        case("f32_460x192", "core", 460, 192),
        case("f32_73x64", "smoke", 73, 64),
        case("f32_73x1024", "core", 73, 1024),
        case("f32_73x1024_t2", "core", 73, 1024, threads=2),
        case("f32_73x480_none", "core", 73, 480, "none"),
        case("f32_73x480_iid", "core", 73, 480, "iid"),
        case("f32_73x480_heavy", "core", 73, 480, "heavy"),
        case("f32_73x480_pixelmajor", "core", 73, 480, layout="pixel_major"),
        case("f32_73x480_timelast", "core", 73, 480, layout="time_last"),
        case("u16_73x480", "smoke", 73, 480, dtype="uint16", nodata=0),
        case("f64_73x480", "core", 73, 480, dtype="float64"),
        case("f32_73x480_out", "core", 73, 480, out=True),
        case("f32_73x480_t2", "core", 73, 480, threads=2),
        case("f32_73x480_tall", "core", 73, 480, threads=ALL_THREADS),
        case("f32_73x480_ties", "core", 73, 480, ties=True),
        case("s2_u16_140x100", "smoke", 140, 100, dtype="uint16", nodata=0, source="romania"),
        case("u16_12x5490", "full", 12, 5490, dtype="uint16", nodata=0),
    )


CASES: dict[Family, tuple[Case, ...]] = {
    "elementwise": _elementwise(),
    "counts": _counts("counts"),
    "classified": _classified(),
    "temporal": _temporal(),
}


def find(family: Family, name: str) -> Case:
    """Return the case of that name, or raise a ValueError that lists the names there are."""
    for case in CASES[family]:
        if case.name == name:
            return case
    known = ", ".join(case.name for case in CASES[family])
    raise ValueError(f"case: no {family} case is named {name!r}; there are {known}")


def select(family: Family, tier: Tier, *, centre: bool = False) -> tuple[Case, ...]:
    """Return the cases of a tier and of the tiers below it; with `centre`, the family's centre case as well."""
    rank = TIERS.index(tier)
    return tuple(c for c in CASES[family] if TIERS.index(c.tier) <= rank or (centre and c.centre))
