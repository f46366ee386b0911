"""What rules that look for steps find and invent, counted on series whose steps are known.

A step counts as found where a rule flags a commit at most two commits from it; a flag stands for one step only, and
every other flag is false. Where commits were not measured, a flag stands for all of them, and any of these is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import expm1, isfinite
from statistics import median

import numpy as np
from scipy.special import betaincinv

from reports.stats import asv_steps, changepoints
from reports.stats.changepoints import TIMES, Rule
from reports.stats.labelled import KINDS, SIZES, Jump, Labelled, collection

NEAR = 2
"""Commits by which a flag may miss its step."""
NAIVE = 1.10
Detector = Callable[[Sequence[float]], Sequence[int]]
"""Takes logarithms, one a measured commit, and returns the first index of every new level."""


@dataclass(frozen=True)
class Score:
    """What a rule made of the series of one kind.

    `false` is the number of false flags, and `spoilt` that of the series that have one; `errors` are the commits by
    which found steps were missed.
    """

    rule: str
    kind: str
    series: int
    steps: int
    found: int
    false: int
    spoilt: int
    errors: tuple[int, ...]

    @property
    def bound(self) -> float:
        """The share of series with a false flag that 95 % confidence does not exclude, at most."""
        if self.spoilt == self.series:
            return 1.0
        return float(betaincinv(self.spoilt + 1, self.series - self.spoilt, 0.95))


@dataclass(frozen=True)
class BySize:
    """How many steps of one size a rule found, among the series that hold a single step."""

    rule: str
    size: float
    steps: int
    found: int


@dataclass(frozen=True)
class Scoreboard:
    """All rules on the same series."""

    seeds: int
    scores: tuple[Score, ...]
    sizes: tuple[BySize, ...]


def ours(rule: Rule) -> Detector:
    """Return the lab's own detector."""
    return lambda values: [step.at for step in changepoints.steps(values, rule)]


def naive_rule(values: Sequence[float]) -> list[int]:
    """Return where a point is 10 % over or under the median of all before it, and the point before it was not."""
    times = np.exp(values)
    off = [False] * 3 + [not 1 / NAIVE <= times[k] / median(times[:k]) <= NAIVE for k in range(3, times.size)]
    return [k for k in range(3, times.size) if off[k] and not off[k - 1]]


RULES: Mapping[str, Detector] = {
    "the lab's": ours(TIMES),
    "asv's": asv_steps.cuts,
    "10 % over the median": naive_rule,
}


def scoreboard(seeds: Sequence[int], rules: Mapping[str, Detector] = RULES) -> Scoreboard:
    """Return how every rule does on a series of every kind for each seed."""
    series = list(collection(seeds))
    judged = {name: [(one, matched(one, detector)) for one in series] for name, detector in rules.items()}
    return Scoreboard(
        len(seeds),
        tuple(_score(name, kind, found) for name, found in judged.items() for kind in KINDS),
        tuple(_by_size(name, size, found) for name, found in judged.items() for size in SIZES),
    )


@dataclass(frozen=True)
class Matched:
    """Jump → commits by which it was missed, of the jumps that were found; and the number of false flags."""

    found: Mapping[Jump, int]
    false: int


def matched(series: Labelled, detector: Detector) -> Matched:
    """Return which steps of a series a detector finds."""
    places = [place for place, value in enumerate(series.values) if isfinite(value)]
    flags = [(places[at - 1] + 1, places[at]) for at in detector([series.values[place] for place in places])]
    found: dict[Jump, int] = {}
    for jump in series.jumps:
        errors = {flag: max(0, flag[0] - jump.at, jump.at - flag[1]) for flag in flags}
        nearest = min(flags, key=lambda flag: errors[flag], default=None)
        if nearest is not None and errors[nearest] <= NEAR:
            found[jump] = errors[nearest]
            flags.remove(nearest)
    return Matched(found, len(flags))


def _score(rule: str, kind: str, judged: Iterable[tuple[Labelled, Matched]]) -> Score:
    mine = [(series, found) for series, found in judged if series.kind == kind]
    return Score(
        rule,
        kind,
        series=len(mine),
        steps=sum(len(series.jumps) for series, _ in mine),
        found=sum(len(found.found) for _, found in mine),
        false=sum(found.false for _, found in mine),
        spoilt=sum(found.false > 0 for _, found in mine),
        errors=tuple(error for _, found in mine for error in found.found.values()),
    )


def _by_size(rule: str, size: float, judged: Iterable[tuple[Labelled, Matched]]) -> BySize:
    alone = [(series.jumps[0], found) for series, found in judged if series.kind == "step"]
    mine = [(jump, found) for jump, found in alone if abs(expm1(abs(jump.size)) - size) < 1e-9]
    return BySize(rule, size, len(mine), sum(jump in found.found for jump, found in mine))
