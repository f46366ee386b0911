"""Stacks ``(T, Y, X)`` of which every series gives one number, or one of each of several kinds."""

from __future__ import annotations

from inputs.battery.spread import spread_cases
from inputs.battery.temporal import temporal_cases
from inputs.cases import ALL_THREADS, Case, MaskMode, Tier
from inputs.families.family import Family, Usual

DATES = (12, 73)
SIDES = (2, 4, 8, 16, 32)


def cases(family: str) -> tuple[Case, ...]:
    """Return the cases of a family of stacks."""

    def case(name: str, tier: Tier, steps: int, side: int, mask: MaskMode = "cloud", **rest: object) -> Case:
        share = {"none": 0.0, "heavy": 0.9}.get(mask, 0.4)
        settings: dict[str, object] = {"missing": share, "core": ("t",), **rest}
        return Case(name, family, tier, (steps, side, side), mask=mask, **settings)  # type: ignore[arg-type]

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


FAMILY = Family(
    name="temporal",
    title="stacks, a number for every series",
    cases=cases("temporal"),
    battery=(temporal_cases, spread_cases),
    usual=Usual("(t)->()", {"x": "nir"}, ("axis", "nodata"), "C4"),
    headlines=(
        *("f32_73x1024", "f32_73x480_iid", "f32_12x1160", "f32_460x192", "f32_73x480_t2"),
        *("u16_73x480", "f32_146x340", "f32_73x1024_t2"),
    ),
    small=tuple((dates, side, side) for dates in DATES for side in SIDES),
    large=(9, 263, 523),
    long=((10_000_000,), (1_000_000, 10), (300_000, 64)),
)
