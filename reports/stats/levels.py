"""How much a time or a ratio varies at each level: blocks, processes, visits, states of the machine's memory.

From the designed experiment of `benchmarks.gate.levels`, in which every visit holds each placement once. So placement
and visit are crossed, visits lie within states, and the parts of the variance follow from sums of squares: that of
processes is what visit and placement leave; that of visits is what their means vary beside it within a state; that of
states what the states' means vary beside both. A part that comes out below 0 is 0.

Source: S. R. Searle, G. Casella and C. E. McCulloch, Variance Components (1992), chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate.levels import Trial
from benchmarks.pairing.stage import robust_s
from reports.stats.speedup import Interval, ratio_of

Quantity = Callable[[Trial], float]
QUANTITIES: dict[str, Quantity] = {
    "NumPy's time": lambda one: float(np.log(robust_s(one.blocks_s["numpy"]))),
    "Rust's time": lambda one: float(np.log(robust_s(one.blocks_s["rust"]))),
    "NumPy ÷ Rust": lambda one: float(np.log(robust_s(one.blocks_s["numpy"]) / robust_s(one.blocks_s["rust"]))),
}
"""Name → log of it, of one process."""


@dataclass(frozen=True)
class Levels:
    """What a quantity of one case varies by.

    Attributes
    ----------
    kernel, case, quantity
        Of what.
    visits
        How many there were.
    block, process, visit, state
        Standard deviations of the log: of single blocks within a process (None for a ratio), of processes, visits,
        states.
    by_state
        State → its mean, as a ratio to the mean of all.
    ballast, huge_pages
        With ÷ without, paired by visit.
    """

    kernel: str
    case: str
    quantity: str
    visits: int
    block: float | None
    process: float
    visit: float
    state: float
    by_state: dict[str, float]
    ballast: Interval
    huge_pages: Interval


def levels(trials: Sequence[Trial]) -> list[Levels]:
    """Return the levels of every quantity of every case; visits that are not whole are left out.

    Raises
    ------
    ValueError
        Where a case has fewer than two whole visits.
    """
    cells = dict.fromkeys((one.kernel, one.case) for one in trials)
    return [
        _levels(name, quantity, [one for one in trials if (one.kernel, one.case) == cell])
        for cell in cells
        for name, quantity in QUANTITIES.items()
    ]


def _levels(name: str, quantity: Quantity, trials: Sequence[Trial]) -> Levels:
    placements = [(False, False), (False, True), (True, False), (True, True)]
    by_visit: dict[int, dict[tuple[bool, bool], Trial]] = {}
    for one in trials:
        by_visit.setdefault(one.visit, {})[one.ballast, one.huge_pages] = one
    whole = {number: mine for number, mine in by_visit.items() if len(mine) == len(placements)}
    kernel, case = trials[0].kernel, trials[0].case
    if len(whole) < 2:
        raise ValueError(f"trials: {kernel} {case} has {len(whole)} whole visits, at least 2 are needed")
    table = np.array([[quantity(mine[place]) for place in placements] for mine in whole.values()])
    states = [mine[placements[0]].state for mine in whole.values()]
    process = _residual(table)
    visit, state, means = _nested(table.mean(axis=1), states, process / table.shape[1])
    return Levels(
        kernel, case, name, len(whole), _blocks(name, whole.values()), process**0.5, visit**0.5, state**0.5,
        {one: float(np.exp(mean - table.mean())) for one, mean in means.items()},
        ratio_of((table[:, 2:].mean(axis=1) - table[:, :2].mean(axis=1)).tolist()),
        ratio_of((table[:, 1::2].mean(axis=1) - table[:, ::2].mean(axis=1)).tolist()),
    )  # fmt: skip


def _residual(table: NDArray[np.float64]) -> float:
    """Return the variance that visits (rows) and placements (columns) leave."""
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    return float((left**2).sum() / ((table.shape[0] - 1) * (table.shape[1] - 1)))


def _nested(
    visits: NDArray[np.float64], states: Sequence[str], of_means: float
) -> tuple[float, float, dict[str, float]]:
    """Return the variances of visits within states and of states, and the states' means."""
    groups = {
        one: visits[[place for place, state in enumerate(states) if state == one]] for one in dict.fromkeys(states)
    }
    means = {one: float(mine.mean()) for one, mine in groups.items()}
    free = len(visits) - len(groups)
    within = sum(float(((mine - mine.mean()) ** 2).sum()) for mine in groups.values()) / free if free else 0.0
    visit = max(0.0, within - of_means)
    if len(groups) < 2:
        return visit, 0.0, means
    size = float(np.mean([len(mine) for mine in groups.values()]))
    between = float(np.var(list(means.values()), ddof=1))
    return visit, max(0.0, between - max(within, of_means) / size), means


def _blocks(name: str, visits: object) -> float | None:
    """Return the standard deviation of blocks within a process, over all processes; ratios are of processes."""
    arm = {"NumPy's time": "numpy", "Rust's time": "rust"}.get(name)
    if arm is None:
        return None
    assert hasattr(visits, "__iter__")
    found = [np.var(np.log(one.blocks_s[arm]), ddof=1) for mine in visits for one in mine.values()]
    return float(np.sqrt(np.mean(found)))
