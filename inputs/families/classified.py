"""Classified counts: bands of integers that are to be scaled, with a quality band beside them."""

from __future__ import annotations

from dataclasses import replace

from inputs.cases import Case
from inputs.families import counts
from inputs.families.family import Usual


def _cases() -> tuple[Case, ...]:
    with_classes = counts.cases("classified", quality="scl")
    bits = [
        replace(case, name="u16_2048_bits", quality="qa_pixel", centre=False) for case in with_classes if case.centre
    ]
    return (*with_classes, *bits)


FAMILY = replace(
    counts.FAMILY,
    name="classified",
    title="counts with a quality band, element by element",
    cases=_cases(),
    usual=Usual(
        "(),()?->()",
        {"dn": "nir"},
        ("scale", "offset", "nodata_said", "qa", "keep", "reject_bits", "reject_fields"),
        "C3",
    ),
    headlines=("u16_2048_out", "u16_2048_bits", "u16_64"),
)
