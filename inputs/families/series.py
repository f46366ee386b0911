"""Stacks ``(T, Y, X)`` of vegetation indices of which every series gives a series: smoothing, filling, filtering."""

from __future__ import annotations

from inputs.battery.series import series_cases
from inputs.cases import ALL_THREADS, Case, MaskMode, Tier
from inputs.families.family import Family, Usual

DATES = (12, 73)
SIDES = (2, 4, 8, 16, 32)


def _cases() -> tuple[Case, ...]:
    def case(name: str, tier: Tier, steps: int, side: int, mask: MaskMode = "cloud", **rest: object) -> Case:
        share = {"none": 0.0, "heavy": 0.9}.get(mask, 0.4)
        settings: dict[str, object] = {"missing": share, "core": ("t",), **rest}
        return Case(name, "series", tier, (steps, side, side), mask=mask, **settings)  # type: ignore[arg-type]

    return (
        case("f32_73x480", "core", 73, 480, centre=True),
        case("f32_12x1160", "core", 12, 1160),
        case("f32_24x820", "core", 24, 820),
        case("f32_146x340", "core", 146, 340),
        case("f32_365x215", "core", 365, 215),
        case("f32_73x64", "core", 73, 64),
        case("f32_73x480_none", "core", 73, 480, "none"),
        case("f32_73x480_none_out", "core", 73, 480, "none", out=True),
        case("f32_73x480_iid", "core", 73, 480, "iid"),
        case("f32_73x480_heavy", "full", 73, 480, "heavy"),
        case("f32_73x480_pixelmajor", "full", 73, 480, layout="pixel_major"),
        case("f32_73x480_timelast", "core", 73, 480, layout="time_last"),
        case("i16_73x64", "smoke", 73, 64, dtype="int16", nodata=-30000),
        case("i16_73x480", "core", 73, 480, dtype="int16", nodata=-30000),
        case("f64_73x480", "full", 73, 480, dtype="float64"),
        case("f32_73x480_out", "core", 73, 480, out=True),
        case("f32_73x480_t2", "core", 73, 480, threads=2),
        case("f32_73x480_tall", "full", 73, 480, threads=ALL_THREADS),
        case("f32_73x480_weights", "core", 73, 480, weights=True),
        case("f32_73x480_uneven", "full", 73, 480, uneven=True),
        case("s2_f32_140x64", "smoke", 140, 64, source="romania", uneven=True),
        case("f32_73x1024", "full", 73, 1024),
    )


FAMILY = Family(
    name="series",
    title="stacks with their days, a series for every series",
    cases=_cases(),
    battery=(series_cases,),
    usual=Usual("(t)->(t)", {"y": "ndvi"}, ("axis", "nodata"), "C8"),
    headlines=("f32_73x480_none_out", "f32_73x480_iid", "f32_24x820", "f32_365x215", "f32_73x480_t2", "i16_73x480"),
    small=tuple((dates, side, side) for dates in DATES for side in SIDES),
    large=(9, 163, 323),
    long=((8_000, 2_000),),
)
