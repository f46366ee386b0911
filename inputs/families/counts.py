"""Counts: bands of integers that are to be scaled, element by element."""

from __future__ import annotations

from dataclasses import replace

from inputs.cases import ALL_THREADS, Case, Tier
from inputs.families.elementwise import FAMILY as ELEMENTWISE
from inputs.families.family import Usual


def cases(family: str, **more: object) -> tuple[Case, ...]:
    """Return the cases of a family of counts; `more` holds for each of them."""

    def case(name: str, tier: Tier, shape: tuple[int, ...], **rest: object) -> Case:
        settings: dict[str, object] = {"dtype": "uint16", "nodata": 0, "mask": "cloud", "missing": 0.4, "scaled": True}
        settings |= {**more, **rest}
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


FAMILY = replace(
    ELEMENTWISE,
    name="counts",
    title="bands of counts that are scaled, element by element",
    cases=cases("counts"),
    usual=Usual("(),()->()", {"a": "nir", "b": "red"}, ("scale", "offset", "nodata_said"), "C2"),
    headlines=("u16_2048_out", "u16_512", "u16_64"),
)
