"""Series over commits: how the ratio of an implementation to expert NumPy went, and how its counts did.

Counted are the bytes at the peak of a call on a case; and on one small case, exactly and under valgrind, the
instructions and the allocated bytes of a call.

Points are of one machine, one benchmark version and one group of arms: where inputs or calls changed, an older point
measures something else. A commit that was not measured is no point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, pstdev
from typing import Literal

from benchmarks import registry
from benchmarks.counting.counts import counted_case
from reports.read import asvfiles
from reports.read.asvfiles import Cell, Samples
from reports.read.rows import WALL, Group
from reports.stats.cells import BASELINE
from reports.stats.series import CommitResults

ARMS = ("numba", "rust")
LAYERS = (BASELINE, *ARMS, WALL)
TIMES: Mapping[str, Group] = {"ktime_call": "call", "ktime_crop": "crop"}
Quantity = Literal["time", "peak memory", "instructions", "allocated bytes"]
COUNTED: Mapping[str, Quantity] = {
    "kpeak_call": "peak memory",
    "track_instructions": "instructions",
    "track_allocated_bytes": "allocated bytes",
}
"""Benchmarks that count, and what they count."""


@dataclass(frozen=True)
class Point:
    """One commit of a track.

    Attributes
    ----------
    commit
        What was measured.
    value
        Logarithm of the ratio or of the count; of a ratio the middle over processes.
    spread
        Standard deviation over processes, None where there is one process or a count.
    own
        Layer → logarithm of its own seconds or count.
    """

    commit: CommitResults
    value: float
    spread: float | None
    own: Mapping[str, float]


@dataclass(frozen=True)
class Track:
    """One implementation on one case over the commits of a machine, the oldest first."""

    machine: str
    kernel: str
    case: str
    group: Group
    implementation: str
    quantity: Quantity
    points: tuple[Point, ...]

    @property
    def values(self) -> list[float]:
        """What a detector takes."""
        return [point.value for point in self.points]


def of_machine(machine: str, commits: Sequence[CommitResults], kernels: Sequence[str]) -> list[Track]:
    """Return the tracks of a machine.

    Parameters
    ----------
    machine
        Its name.
    commits
        Its results, the oldest first.
    kernels
        Names of the kernels that are wanted.
    """
    return [track for kernel in kernels for make in (_times, _counts) for track in make(machine, commits, kernel)]


def _of_one_version(commits: Sequence[CommitResults], kernel: str, kind: str) -> list[CommitResults]:
    """Return the commits whose results are of the newest version of a benchmark."""
    known = [(commit, asvfiles.version(commit.benchmarks, kernel, kind)) for commit in commits]
    newest = next((version for _, version in reversed(known) if version), "")
    return [commit for commit, version in known if version and version == newest]


def _times(machine: str, commits: Sequence[CommitResults], kernel: str) -> Iterator[Track]:
    for kind, group in TIMES.items():
        points: dict[tuple[str, str], list[Point]] = {}
        for commit in _of_one_version(commits, kernel, kind):
            cells = asvfiles.benchmark(commit.benchmarks, kernel, kind)
            for case in dict.fromkeys(str(case) for case, _ in cells):
                for arm in ARMS:
                    point = _ratio(commit, case, arm, cells)
                    if point is not None:
                        points.setdefault((case, arm), []).append(point)
        for (case, arm), mine in points.items():
            yield Track(machine, kernel, case, group, arm, "time", tuple(mine))


def _ratio(commit: CommitResults, case: str, arm: str, cells: Mapping[Cell, Samples]) -> Point | None:
    """Return log(time ÷ time of expert NumPy) at a commit; asv's samples are processes, which pair."""
    timed = {
        layer: cell.values
        for layer in LAYERS
        if (cell := cells.get((case, layer))) is not None and cell.status == "ok" and cell.values
    }
    if arm not in timed or len(timed[arm]) != len(timed.get(BASELINE, ())):
        return None
    logs = [math.log(mine / numpy) for mine, numpy in zip(timed[arm], timed[BASELINE], strict=True)]
    own = {layer: math.log(median(values)) for layer, values in timed.items()}
    return Point(commit, median(logs), pstdev(logs) if len(logs) > 1 else None, own)


def _counts(machine: str, commits: Sequence[CommitResults], kernel: str) -> Iterator[Track]:
    for kind, quantity in COUNTED.items():
        points: dict[tuple[str, str], list[Point]] = {}
        for commit in _of_one_version(commits, kernel, kind):
            for (case, arm), count in asvfiles.tracked(commit.benchmarks, kernel, kind).items():
                if arm in (BASELINE, *ARMS) and count > 0:
                    where = counted_case(registry.get(kernel)).name if case is None else str(case)
                    value = math.log(count)
                    points.setdefault((where, arm), []).append(Point(commit, value, None, {arm: value}))
        for (where, arm), mine in points.items():
            yield Track(machine, kernel, where, "call", arm, quantity, tuple(mine))
