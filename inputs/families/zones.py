"""An image and the zone of each of its pixels: statistics of fields, catchments, districts."""

from __future__ import annotations

from inputs.battery.zones import zone_cases
from inputs.cases import ALL_THREADS, Case, Tier
from inputs.families.family import Family, Usual

SIDES = (8, 16, 32, 64, 128, 256)


def _cases() -> tuple[Case, ...]:
    def case(name: str, tier: Tier, side: int, zones: int = 1024, **rest: object) -> Case:
        settings: dict[str, object] = {"zoning": "field", "zones": zones, "core": ("n",), **rest}
        return Case(name, "zones", tier, (side, side), **settings)  # type: ignore[arg-type]

    return (
        case("f32_2048_field1024", "core", 2048, centre=True),
        case("f32_256_field1024", "smoke", 256),
        case("f32_128_field1024", "core", 128),
        case("f32_512_field1024", "core", 512),
        case("f32_1024_field1024", "core", 1024),
        case("f32_2048_one", "core", 2048, zones=1),
        case("f32_2048_field16", "core", 2048, zones=16),
        case("f32_2048_field100k", "core", 2048, zones=100_000),
        case("f32_2048_random1024", "core", 2048, zoning="random"),
        case("f32_2048_random100k", "core", 2048, zones=100_000, zoning="random"),
        case("f32_2048_sorted1024", "core", 2048, zoning="sorted"),
        case("f32_2048_cloud", "core", 2048, mask="cloud", missing=0.4),
        case("f32_2048_iid", "core", 2048, mask="iid", missing=0.4),
        case("f64_2048", "full", 2048, dtype="float64"),
        case("u16_2048", "core", 2048, dtype="uint16", nodata=0, mask="cloud", missing=0.4),
        case("f32_2048_out", "core", 2048, out=True),
        case("f32_2048_t2", "core", 2048, threads=2),
        case("f32_2048_tall", "core", 2048, threads=ALL_THREADS),
        case("s2_f32_1024_field64", "smoke", 1024, zones=64, source="romania"),
        case("f32_5000", "full", 5000, zones=10_000),
    )


FAMILY = Family(
    name="zones",
    title="an image and its zones, a row of numbers for each zone",
    cases=_cases(),
    battery=(zone_cases,),
    usual=Usual("(n),(n)->(z)", {"values": "ndvi", "zones": "zones"}, ("n_zones", "nodata"), "C10"),
    headlines=("f32_2048_random1024", "f32_2048_field100k", "f32_2048_field16", "f32_2048_one", "f32_2048_t2"),
    small=tuple((side, side) for side in SIDES),
    large=(1033, 1021),
)
