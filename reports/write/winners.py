"""The shapes at which the winner changes: each kernel along sizes, dates, threads and forms of the input.

A winner is the arm with the least time together with those that tie with it, which means that the paired interval of
the two includes 1. The winner changes where two such sets have nothing in common; everything else is a tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import prod

from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find
from inputs.sweep import but_for_shape, sweep
from reports import words
from reports.stats.cells import Contest

TOGETHER = ({"dtype", "nodata", "seed"}, {"mask", "missing", "seed"}, {"source", "mask", "missing", "dtype", "nodata"})
"""Fields of a case that change as one thing."""
UNLIKE = frozenset({"name", "tier", "centre", "shape"})


@dataclass(frozen=True)
class Step:
    """One case along an axis: what it is called there, and its winners, the best first; none where not known."""

    label: str
    case: str
    winners: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Two steps of an axis whose winners have nothing in common."""

    before: Step
    after: Step


@dataclass(frozen=True)
class Axis:
    """Cases that differ in one thing.

    Attributes
    ----------
    name
        What differs, for readers.
    steps
        In rising order; of an axis without order the centre comes first.
    changes
        Between neighbours; on an axis without order, between the centre and another.
    """

    name: str
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]


def axes(kernel: Kernel, centre: Case, contests: Sequence[Contest]) -> tuple[Axis, ...]:
    """Return the axes of a kernel along which two cases or more were measured."""
    known = {c.case: c for c in contests if c.kernel == kernel.name}
    cases = [find(kernel.family, name) for name in known]
    found = [
        _ordered("sizes", [(_size(c), c) for c in _sizes(centre, cases)], known),
        _ordered("threads", [(_threads(c), c) for c in _like(centre, cases, "threads")], known),
        _around("forms", [(_form(c, centre), c) for c in _forms(centre, cases)], known),
    ]
    if kernel.dimensions.over_time:
        names = [name for name in sweep(kernel.family).cases.values() if name in known]
        dates = [find(kernel.family, name) for name in names]
        found.insert(0, _ordered("dates, at about equal bytes", [(f"T={c.shape[0]}", c) for c in dates], known))
    return tuple(axis for axis in found if len(axis.steps) > 1)


def _sizes(centre: Case, cases: Sequence[Case]) -> list[Case]:
    alike = [c for c in cases if but_for_shape(c) == but_for_shape(centre)]
    front = centre.shape[:-2]
    if centre.over_time:
        alike = [c for c in alike if c.shape[:-2] == front]
    return sorted(alike, key=lambda c: prod(c.shape))


def _like(centre: Case, cases: Sequence[Case], field: str) -> list[Case]:
    """Return the centre and the cases that differ from it in one field alone, in the order of their threads."""
    alike = [c for c in cases if _differences(c, centre) <= {field} and c.shape == centre.shape]
    return sorted(alike, key=lambda c: c.threads or 10**6)


def _forms(centre: Case, cases: Sequence[Case]) -> Iterator[Case]:
    """Yield the centre and what differs from it in one thing other than shape and threads."""
    yield from (c for c in cases if c.name == centre.name)
    for case in cases:
        differs = _differences(case, centre)
        one = len(differs) == 1 or any(differs <= group for group in TOGETHER)
        if differs and one and differs != {"threads"}:
            yield case


def _differences(case: Case, centre: Case) -> set[str]:
    names = {f.name for f in fields(Case)} - UNLIKE
    return {name for name in names if getattr(case, name) != getattr(centre, name)}


def _ordered(name: str, cases: Sequence[tuple[str, Case]], known: Mapping[str, Contest]) -> Axis:
    steps = _steps(cases, known)
    return Axis(name, steps, _changes(list(pairwise(steps))))


def _around(name: str, cases: Sequence[tuple[str, Case]], known: Mapping[str, Contest]) -> Axis:
    steps = _steps(cases, known)
    return Axis(name, steps, _changes([(steps[0], other) for other in steps[1:]]))


def _steps(cases: Sequence[tuple[str, Case]], known: Mapping[str, Contest]) -> tuple[Step, ...]:
    steps = []
    for label, case in cases:
        contest = known[case.name]
        steps.append(Step(label, case.name, (contest.best, *contest.tied) if contest.best else ()))
    return tuple(steps)


def _changes(pairs: Sequence[tuple[Step, Step]]) -> tuple[Change, ...]:
    return tuple(
        Change(before, after)
        for before, after in pairs
        if before.winners and after.winners and not set(before.winners) & set(after.winners)
    )


def _size(case: Case) -> str:
    rows, columns = case.shape[-2:]
    front = f"{case.shape[0]}×" if len(case.shape) == 3 else ""
    return f"{front}{rows}²" if rows == columns else f"{front}{rows}×{columns}"


def _threads(case: Case) -> str:
    return "all threads" if case.threads == 0 else words.count(case.threads, "thread")


def _form(case: Case, centre: Case) -> str:
    """Say what a form is, as far as it differs from the centre."""
    if case.name == centre.name:
        return "centre"
    said, usual = (words.describe(c).split(", ")[1:] for c in (case, centre))
    parts = [case.dtype] if case.dtype != centre.dtype else []
    return ", ".join(parts + [part for part in said if part not in usual]) or "no gaps"


def describe_change(found: Change) -> str:
    """Say between which two steps the winner changes, and from whom to whom."""
    before, after = found.before, found.after
    return f"{before.label} → {after.label}: {words.arms(before.winners)} → {words.arms(after.winners)}"
