"""What the interval of one run says of the next: several runs of one wheel on one machine, held against each other.

The interval of a ratio comes from the processes of one run. If nothing varied above the process, it would hold another
run's estimate somewhat less often than it holds the truth, since that estimate has an error of its own: of normal noise
as often as `expected` says, 91 % with six processes in each. Where it does so less often still, runs differ by more
than their processes do. By how much is the *standard deviation between runs*: the variance of their means, less what
the scatter of their processes explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations
from math import log, sqrt
from statistics import fmean, median, variance

import numpy as np

from reports.read.rows import WALL, Group, Row, Run
from reports.stats.between_runs import Logs
from reports.stats.cells import BASELINE
from reports.stats.sizes import SIZES, size_of
from reports.stats.speedup import MINIMUM_PROCESSES, Interval, location, shared

CLOSE = 0.03
"""Two runs agree on a ratio where they differ by no more than this."""
DRAWS = 5_000


@dataclass(frozen=True)
class RepeatedCell:
    """A ratio to expert NumPy in each of several runs.

    Attributes
    ----------
    kernel, case, group, implementation
        The cell.
    seconds
        Median over the runs of the median time of a call.
    logs
        Log of the ratio of every process, a run each.
    """

    kernel: str
    case: str
    group: Group
    implementation: str
    seconds: float
    logs: tuple[Logs, ...]

    @property
    def found(self) -> tuple[Interval, ...]:
        """Estimate and interval of the log ratio, a run each."""
        return tuple(location(mine) for mine in self.logs)

    @property
    def within(self) -> float:
        """Mean variance over the processes of a run."""
        return fmean(variance(mine) for mine in self.logs)

    @property
    def between(self) -> float:
        """Variance between runs: that of their means, less what the processes explain; below 0 by chance at times.

        Of means, as their variance is exactly a share of the processes'; `reports.stats.between_runs` takes the centres
        that it compares.
        """
        return variance([fmean(mine) for mine in self.logs]) - fmean(variance(mine) / len(mine) for mine in self.logs)


@dataclass(frozen=True)
class Agreement:
    """How far runs agree on the cells of one size.

    Attributes
    ----------
    size
        Name of the class.
    cells
        How many there are.
    covered
        Share of the intervals of one run that hold the estimate of another, over all ordered pairs of runs.
    expected
        What that share would be if nothing varied above the process.
    close
        Share of pairs of runs whose estimates differ by no more than `CLOSE`.
    process, run
        Standard deviations of the log ratio: over the processes of a run, and between runs beside that; roots of the
        mean variance of the cells.
    """

    size: str
    cells: int
    covered: float
    expected: float
    close: float
    process: float
    run: float


def cells(runs: Sequence[Run]) -> list[RepeatedCell]:
    """Return the cells that every run has with an interval, of all implementations but expert NumPy and the wall.

    Raises
    ------
    ValueError
        Where there are fewer than two runs, they are of different wheels or machines, or no cell has an interval in
        all of them.
    """
    if len(runs) < 2:
        raise ValueError(f"runs: {len(runs)} of one wheel on one machine are there, at least 2 are needed")
    if len(named := {(run.wheel_digest, run.machine) for run in runs}) > 1:
        raise ValueError(f"runs: they are of {len(named)} wheels or machines, and only one can be repeated")
    tables = [_logs(run.rows) for run in runs]
    common = [key for key in tables[0] if all(key in table for table in tables)]
    if not common:
        raise ValueError(f"runs: no cell has {MINIMUM_PROCESSES} processes or more in all {len(runs)} of them")
    return [
        RepeatedCell(*key, median(table[key][0] for table in tables), tuple(table[key][1] for table in tables))
        for key in common
    ]


def agreement(found: Iterable[RepeatedCell]) -> list[Agreement]:
    """Return how far the runs agree, for each class of size that has cells, and for all from 0.1 ms on."""
    kept = list(found)
    classes = [("0.1 ms and more", [one for one in kept if one.seconds >= SIZES[1][1]])]
    classes += [(name, [one for one in kept if size_of(one.seconds) == name]) for name, _ in SIZES]
    return [_agreement(name, mine) for name, mine in classes if mine]


@lru_cache(maxsize=64)
def expected(own: int, other: int) -> float:
    """Return how often the interval of `own` processes holds the estimate of `other`, where only processes vary.

    Simulated with normal noise and a fixed seed, to about half a percent.
    """
    rng = np.random.default_rng([20_261_129, own, other])
    hits = 0
    for mine, theirs in zip(rng.normal(size=(DRAWS, own)), rng.normal(size=(DRAWS, other)), strict=True):
        hits += _holds(location(mine.tolist()), location(theirs.tolist()))
    return hits / DRAWS


def _agreement(name: str, mine: Sequence[RepeatedCell]) -> Agreement:
    held, wanted, near = [], [], []
    for cell in mine:
        found = cell.found
        for one, other in permutations(found, 2):
            held.append(_holds(one, other))
            wanted.append(expected(one.n, other.n))
        near += [abs(one.estimate - other.estimate) <= log(1 + CLOSE) for one, other in combinations(found, 2)]
    return Agreement(
        name, len(mine), fmean(held), fmean(wanted), fmean(near),
        sqrt(fmean(cell.within for cell in mine)), sqrt(max(0.0, fmean(cell.between for cell in mine))),
    )  # fmt: skip


def _holds(interval: Interval, other: Interval) -> bool:
    """Tell whether an interval holds the estimate of another."""
    low, high = interval.low, interval.high
    return low is not None and high is not None and low <= other.estimate <= high


_Key = tuple[str, str, Group, str]


def _logs(rows: Iterable[Row]) -> dict[_Key, tuple[float, Logs]]:
    """Return cell → median seconds, and the log ratio of each process; cells with too few processes are left out."""
    timed = {(r.kernel, r.case, r.group, r.implementation): r for r in rows if r.status == "ok"}
    found = {}
    for (kernel, case, group, arm), row in timed.items():
        numpy = timed.get((kernel, case, group, BASELINE))
        if arm in {BASELINE, WALL} or numpy is None:
            continue
        reference, candidate = shared(numpy.samples_s, row.samples_s)
        if len(candidate) >= MINIMUM_PROCESSES:
            logs = tuple(log(one / other) for one, other in zip(reference, candidate, strict=True))
            found[kernel, case, group, arm] = median(candidate), logs
    return found
