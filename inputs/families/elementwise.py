"""Bands: arrays of one band each, ``(Y, X)`` or ``(T, Y, X)``, reflectance or counts, taken element by element."""

from __future__ import annotations

from inputs.battery.constants import constant_cases
from inputs.battery.elementwise import elementwise_cases
from inputs.battery.fields import field_cases
from inputs.battery.qa_bands import quality_cases
from inputs.battery.scalars import scalar_cases
from inputs.cases import ALL_THREADS, Case, Tier
from inputs.families.family import Family, Usual

SIDES = (8, 16, 32, 64, 128, 256)
BATTERY = (elementwise_cases, constant_cases, quality_cases, field_cases, scalar_cases)


def _cases() -> tuple[Case, ...]:
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


FAMILY = Family(
    name="elementwise",
    title="bands, element by element",
    cases=_cases(),
    battery=BATTERY,
    usual=Usual("(),()->()", {"a": "nir", "b": "red"}, ("nodata",), "C1"),
    headlines=("f32_2048_out", "f32_64", "f32_256"),
    small=tuple((side, side) for side in SIDES),
    large=(1033, 1021),
)
