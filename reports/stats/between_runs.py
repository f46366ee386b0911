"""How much a ratio changed from some runs to another one, with the error of runs and not of processes alone.

The log of a ratio, as a process of a run measured it, is taken for the sum of three things: the ratio's own, one of the
run, which all its processes share, and one of the process. More processes average the last away, and never that of the
run. So the variance of a change from the mean of k runs to another run is

    s² (1/n + Σ 1/nᵢ ÷ k²)  +  r² (1 + 1/k)

with s of processes, pooled over the runs of the cell, r of runs, and n, nᵢ the processes of the other run and of the k.
Both parts have degrees of freedom of their own; Satterthwaite's rule gives those of the sum, for Student's t.

r is known from the k runs where these are three or more: per cell the variance of the runs' centres, less what
processes make of it, averaged over cells. The cells of a kernel share a run's minutes and state of the memory, so in
the degrees of freedom each kernel counts once. A cell whose own runs differ by more gets its own variance, as cells
are not alike in this. From fewer runs r cannot be known, and `RUN_SD` stands for it.

Source: S. R. Searle, G. Casella and C. E. McCulloch, Variance Components (1992), chapter 4; F. E. Satterthwaite, An
approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, hypot, inf, sqrt

import numpy as np
from scipy.special import stdtr, stdtrit

from reports.stats.speedup import Interval, walsh_averages

RUN_SD = sqrt((0.050**2 - 0.022**2) / 2)
"""Standard deviation over runs of the log of a ratio, where fewer than `FEWEST_RUNS` are known.

One wheel measured twice within two hours: the log ratios differed by 0.050 (root mean square), where the scatter of
processes says 0.022. Two runs share what is left. BIAS.md has the measurement.
"""
RUN_FREE = 7.0
"""Its degrees of freedom, by the rule above: one run more than the first, of seven kernels."""
FEWEST_RUNS = 3
"""From so many runs on their own spread is what counts."""
LEAST_ERROR = 1e-9
"""Standard error where all that was measured is the same number: none at all would make any change certain."""

Logs = tuple[float, ...]
"""Log of a ratio, one per process of a run."""


@dataclass(frozen=True)
class RunSpread:
    """By how much runs differ.

    Attributes
    ----------
    sd
        Standard deviation over runs of the log of a ratio, without what processes add.
    free
        Degrees of freedom.
    runs
        From how many runs it is known; 0 where it is stated.
    """

    sd: float = RUN_SD
    free: float = RUN_FREE
    runs: int = 0


@dataclass(frozen=True)
class Change:
    """A change of the log of a ratio reference ÷ candidate, turned so that more than 0 is a slower candidate.

    Attributes
    ----------
    log
        The change.
    error
        Its standard error, that of runs included.
    free
        Degrees of freedom of `error`.
    processes
        Of the newer run.
    """

    log: float
    error: float
    free: float
    processes: int

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the ends of the interval of the log change."""
        reach = float(stdtrit(self.free, 0.5 + confidence / 2)) * self.error
        return self.log - reach, self.log + reach

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the change as a ratio with its interval: time ÷ what it was, both against the reference."""
        low, high = self.ends(confidence)
        return Interval(exp(self.log), exp(low), exp(high), confidence, self.processes)

    def p(self, beside: float = 0.0) -> float:
        """Return how often chance makes as large a change, where ratios also differ by a known sd `beside` this."""
        return float(2 * stdtr(self.free, -abs(self.log) / hypot(self.error, beside)))


def run_spread(cells: Mapping[tuple[str, ...], Sequence[Logs]]) -> RunSpread:
    """Return by how much runs differ, pooled over all cells that were measured in enough of them.

    Parameters
    ----------
    cells
        A cell, of which the first part is the kernel → its logs, run by run.
    """
    known = {cell: runs for cell, runs in cells.items() if len(runs) >= FEWEST_RUNS}
    if not known:
        return RunSpread()
    pooled = float(np.mean([_of_runs(runs) for runs in known.values()]))
    most = {
        kernel: max(len(known[cell]) for cell in known if cell[0] == kernel) for kernel in {cell[0] for cell in known}
    }
    return RunSpread(sqrt(max(0.0, pooled)), float(sum(runs - 1 for runs in most.values())), max(most.values()))


def change(base: Sequence[Logs], head: Logs, spread: RunSpread) -> Change:
    """Return how the log of a ratio changed from the mean of some runs to another one.

    Parameters
    ----------
    base
        Logs of reference ÷ candidate, per run; at least one run of one process.
    head
        Those of the other run.
    spread
        By how much runs differ.

    Returns
    -------
    Change
        More than 0 where the ratio fell, which says that the candidate has become slower.

    Raises
    ------
    ValueError
        Where there is no run, or one without a process.
    """
    if not base or not all(len(run) for run in (*base, head)):
        raise ValueError(f"base, head: {[len(run) for run in base]} and {len(head)} processes; each run needs one")
    log = float(np.mean([centre(run) for run in base])) - centre(head)
    scatter, free = _of_processes([*base, head])
    processes = scatter * (1 / len(head) + sum(1 / len(run) for run in base) / len(base) ** 2)
    of_run = spread.sd**2
    if len(base) >= FEWEST_RUNS:
        of_run = max(of_run, _of_runs(base))
    runs = of_run * (1 + 1 / len(base))
    return Change(
        log,
        max(LEAST_ERROR, sqrt(processes + runs)),
        _satterthwaite((processes, free), (runs, spread.free)),
        len(head),
    )


@lru_cache(maxsize=65536)
def centre(run: Logs) -> float:
    """Return the centre of the logs of a run: the median of all averages of two."""
    return float(np.median(walsh_averages(run)))


def _of_processes(runs: Sequence[Logs]) -> tuple[float, int]:
    """Return the variance of processes within runs, and its degrees of freedom."""
    free = sum(len(run) - 1 for run in runs)
    squares = sum(float(((np.asarray(run) - np.mean(run)) ** 2).sum()) for run in runs)
    return (squares / free if free else 0.0), free


def _of_runs(runs: Sequence[Logs]) -> float:
    """Return the variance of runs, below 0 where their centres differ by less than processes make them."""
    scatter, _ = _of_processes(runs)
    centres = [centre(run) for run in runs]
    return float(np.var(centres, ddof=1)) - scatter * float(np.mean([1 / len(run) for run in runs]))


def _satterthwaite(*parts: tuple[float, float]) -> float:
    """Return the degrees of freedom of a sum of variances, each with its own."""
    below = sum(variance**2 / free for variance, free in parts if free)
    return sum(variance for variance, _ in parts) ** 2 / below if below else inf
