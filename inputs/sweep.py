"""The sizes over which a family is swept: its centre case and those that differ from it in shape alone.

They are one numeric parameter of ``kscale_pixel``, which asv's pages draw as a curve: the side of a square array, or
the dates of a stack whose bytes stay about the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from inputs.cases import Case
from inputs.families import CASES, get

SAME_BYTES = 1.15
"""Stacks whose numbers of values differ by no more than this factor are about equal in bytes."""


@dataclass(frozen=True)
class Sweep:
    """The swept length, ``side`` or ``dates``, and length → name of the case."""

    parameter: str
    cases: dict[int, str]


def sweep(family: str) -> Sweep:
    """Return the sweep of a family, in rising order; cases of tier ``full`` are no part of it."""
    alike = [case for case in like_centre(family) if case.tier != "full"]
    if centre(family).over_time:
        values = math.prod(centre(family).shape)
        chosen = [case for case in alike if 1 / SAME_BYTES <= math.prod(case.shape) / values <= SAME_BYTES]
    else:
        chosen = [case for case in alike if len(case.shape) == 2 and case.shape[0] == case.shape[1]]
    by_length = {case.shape[0]: case.name for case in chosen}
    return Sweep("dates" if centre(family).over_time else "side", dict(sorted(by_length.items())))


def centre(family: str) -> Case:
    """Return the centre case of a family."""
    return get(family).centre


def like_centre(family: str) -> list[Case]:
    """Return the cases that differ from the centre in shape alone, the centre among them."""
    settings = but_for_shape(centre(family))
    return [case for case in CASES[family] if but_for_shape(case) == settings]


def but_for_shape(case: Case) -> Case:
    """Return a case without what a sweep of sizes changes, so that the cases of one sweep become equal."""
    return replace(case, name="", tier="core", shape=(), centre=False)
