"""Flags over history: which implementation became slower or larger, by how much, since which commit, how surely.

A flag is a step of a track that `changepoints` believes. The layer that moved bears it: where the ratio of Rust to
NumPy rose because NumPy became faster, NumPy improved. A regression stands until the level has come back; one that has
gone is history. A change of the machine, by the wall, is named and is nobody's regression. One commit that stands apart
by itself is named too: there the measurement went wrong, or the code did and was mended with the next commit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import Literal

from benchmarks import registry
from inputs.families import select
from reports.read.rows import WALL, Group
from reports.stats import asv_steps, changepoints, layers, tracks
from reports.stats.cells import BASELINE
from reports.stats.changepoints import COUNTS, TIMES, Rule, Step
from reports.stats.series import CommitResults
from reports.stats.tracks import Point, Quantity, Track

Word = Literal["regressed", "improved", "machine", "once"]
FEWEST = 4
"""Commits below which no series is judged."""
APART = math.log(1.2)
"""By how much a single commit must stand apart to be named."""
LEAST_BYTES = 2**20
"""By how much a peak must change: less is what a process takes for itself from one start to the next."""
Between = Callable[[str, str], int | None]
"""Takes two commits and returns how many that changed what is measured lie between them, None where that is unknown."""


@dataclass(frozen=True)
class OwnChange:
    """By how many percent a layer's own time or count changed at a flag, which the machine may have moved as well."""

    layer: str
    percent: float


@dataclass(frozen=True)
class Flag:
    """A step in the history of one implementation on one case.

    Attributes
    ----------
    machine, kernel, case, group, implementation, quantity
        Of the track.
    layer
        What moved: an implementation, or ``wall``, which is the machine.
    word
        ``regressed``, ``improved``, ``machine`` or ``once``.
    percent
        new ÷ old − 1 of the layer, against what stood; more than 0 is slower or larger. Of ``wall``: of the ratio.
    good, since, since_date
        The last commit of the old level and the first of the new one, with its date.
    between
        Commits between the two that changed what is measured and have no point here; None where git does not tell.
    until
        The commit with which the level was gone again, None where it stands.
    before, after
        Points on the old and on the new level.
    confidence
        1 − the probability that a series without steps shows as much somewhere; None for ``once``.
    own
        How each layer moved by itself.
    packages
        What else differs between the two commits: packages, with versions.
    asv
        Whether asv's detector cuts the series there too.
    """

    machine: str
    kernel: str
    case: str
    group: Group
    implementation: str
    quantity: Quantity
    layer: str
    word: Word
    percent: float
    good: str
    since: str
    since_date: datetime
    between: int | None
    until: str | None
    before: int
    after: int
    confidence: float | None
    own: tuple[OwnChange, ...]
    packages: tuple[str, ...]
    asv: bool

    @property
    def stands(self) -> bool:
        """Whether this is a regression that has not gone."""
        return self.word == "regressed" and self.until is None

    @property
    def repro(self) -> str:
        """The command that measures the two commits again, side by side; or counts them, which no gate does for all."""
        both = f"--commit {self.good[:12]} --commit {self.since[:12]}"
        if self.quantity == "peak memory":
            return f"python -m lab history {self.kernel} {both} --case {self.case} --again"
        if self.quantity != "time":  # the counted case is none that a history can be asked for
            beside = select(registry.get(self.kernel).family, "smoke")[0].name
            return f"EOLAB_COUNTS=1 python -m lab history {self.kernel} {both} --case {beside} --again"
        return f"python -m lab gate {self.good[:12]} {self.since[:12]} --kernel {self.kernel} --case {self.case}"


@dataclass(frozen=True)
class Flagged:
    """What a history shows.

    Attributes
    ----------
    flags
        Standing regressions first, then by size.
    judged, short
        Series that were long enough, and those that were not.
    commits
        Commits of all machines; `newest` is the date of the newest.
    asv_alone
        Cuts of asv's detector that are none for the lab's.
    """

    flags: tuple[Flag, ...]
    judged: int
    short: int
    commits: int
    newest: datetime | None
    asv_alone: int


def find(
    machines: dict[str, list[CommitResults]], kernels: Sequence[str], between: Between = lambda good, bad: None
) -> Flagged:
    """Return the flags of a history.

    Parameters
    ----------
    machines
        As :func:`reports.stats.series.by_machine` returns them.
    kernels
        Names of the kernels that are wanted.
    between
        Tells how many commits lie between two.
    """
    found = [track for name, commits in machines.items() for track in tracks.of_machine(name, commits, kernels)]
    judged = [track for track in found if len(track.points) >= FEWEST]
    flags: dict[tuple[object, ...], Flag] = {}
    alone = 0
    for track in judged:
        cuts = asv_steps.cuts(track.values)
        mine = _of_track(track, cuts, between)
        alone += max(0, len(cuts) - sum(flag.asv for flag in mine))
        for flag in mine:
            key = (flag.machine, flag.kernel, flag.case, flag.group, flag.quantity, flag.layer, flag.since, flag.word)
            known = flags.get(key)
            if known is None or (flag.confidence or 0) > (known.confidence or 0):
                flags[key] = flag
    dates = [commit.date for commits in machines.values() for commit in commits]
    return Flagged(
        tuple(sorted(flags.values(), key=lambda flag: (not flag.stands, flag.word, -abs(flag.percent)))),
        len(judged),
        len(found) - len(judged),
        len({commit.commit for commits in machines.values() for commit in commits}),
        max(dates, default=None),
        alone,
    )


def exit_code(found: Flagged, unreadable: Sequence[str] = ()) -> int:
    """Return 1 where a regression stands, 2 where that cannot be told, and 0 where none does.

    It cannot be told where no series is long enough, or where a part of the history cannot be read.
    """
    if any(flag.stands for flag in found.flags):
        return 1
    return 2 if unreadable or not found.judged else 0


def since(found: Flagged, date: datetime) -> Flagged:
    """Return what stepped with a commit of that date or later."""
    return replace(found, flags=tuple(flag for flag in found.flags if flag.since_date >= date))


def _of_track(track: Track, cuts: Sequence[int], between: Between) -> list[Flag]:
    rule = TIMES if track.quantity == "time" else COUNTS
    steps = [step for step in changepoints.steps(track.values, rule) if _is_relevant(track, step)]
    found = [_flag(track, step, _end(track, steps, step), cuts, between) for step in steps]
    alone = _alone(track, rule) if track.quantity == "time" else []  # one process measures a peak, once
    return found + [_flag(track, step, None, cuts, between) for step in alone]


def _is_relevant(track: Track, step: Step) -> bool:
    """Tell whether a peak changed by more than what a process takes for itself; other counts are exact."""
    if track.quantity != "peak memory":
        return True
    old, new = math.exp(track.values[step.at - 1]), math.exp(track.values[step.at])
    return abs(new - old) >= LEAST_BYTES


def _alone(track: Track, rule: Rule) -> list[Step]:
    """Return the single commits that are slower than their neighbours, each as a step of one point."""
    return [step for step in changepoints.spikes(track.values, rule) if step.change >= APART]


def _end(track: Track, steps: Sequence[Step], step: Step) -> str | None:
    """Return the commit with which half of a step was taken back, if that lasts to the end of the series."""
    later = [other for other in steps if other.at > step.at]
    levels = list(accumulate((other.change for other in later), initial=step.change))
    sign = math.copysign(1.0, step.change)
    if levels[-1] * sign >= abs(step.change) / 2:
        return None
    back = next(other for other, level in zip(later, levels[1:], strict=True) if level * sign < abs(step.change) / 2)
    return track.points[back.at].commit.commit


def _flag(track: Track, step: Step, until: str | None, cuts: Sequence[int], between: Between) -> Flag:
    old = track.points[step.at - step.before : step.at]
    new = track.points[step.at : step.at + step.after]
    if step.p is None:  # a commit by itself has neighbours on both sides
        old = (*old, track.points[step.at + 1])
    own = _own(old, new)
    arm = track.implementation
    layer = layers.moved(step.change, arm, own) if track.quantity == "time" else arm
    change = -step.change if layer == BASELINE != arm else step.change
    good, since = track.points[step.at - 1].commit, track.points[step.at].commit
    return Flag(
        track.machine, track.kernel, track.case, track.group, track.implementation, track.quantity,
        layer=layer,
        word=_word(layer, change, alone=step.p is None),
        percent=math.expm1(change) * 100,
        good=good.commit,
        since=since.commit,
        since_date=since.date,
        between=between(good.commit, since.commit),
        until=until,
        before=step.before,
        after=step.after,
        confidence=None if step.p is None else 1 - step.p,
        own=tuple(OwnChange(name, math.expm1(value) * 100) for name, value in own.items()),
        packages=_differing(good, since),
        asv=any(abs(cut - step.at) <= 1 for cut in cuts),
    )  # fmt: skip


def _word(layer: str, change: float, *, alone: bool) -> Word:
    if alone:
        return "once"
    if layer == WALL:
        return "machine"
    return "regressed" if change > 0 else "improved"


def _own(old: Sequence[Point], new: Sequence[Point]) -> dict[str, float]:
    """Return layer → step of its own logarithm, of the layers that were measured on both sides."""
    found = {}
    for layer in dict.fromkeys(layer for point in (*old, *new) for layer in point.own):
        before, after = ([point.own[layer] for point in side if layer in point.own] for side in (old, new))
        if before and after:
            found[layer] = sum(after) / len(after) - sum(before) / len(before)
    return found


def _differing(good: CommitResults, since: CommitResults) -> tuple[str, ...]:
    names = sorted(good.packages.keys() | since.packages.keys())
    pairs = [(name, good.packages.get(name, "none"), since.packages.get(name, "none")) for name in names]
    return tuple(f"{name} {old} → {new}" for name, old, new in pairs if old != new)
