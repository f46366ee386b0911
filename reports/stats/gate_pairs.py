"""What the pairs of a gate say of its cells, before anything is decided.

Each pair gives one log change: the log of head ÷ base of the low quantiles of its blocks. Those that the controls make
void (`reports.stats.disturbances`) count nowhere.

Some cells are also compared with themselves, base with base, in the same minutes, as long as the gate goes on. What
shows a change there where there is none cannot be trusted with the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log, log1p
from statistics import median, stdev
from typing import Any

import numpy as np

from benchmarks.gate.instructions import Counted
from benchmarks.gate.lines import Cell, Pair, Stage
from benchmarks.gate.plan import Plan
from benchmarks.gate.relink import Links
from benchmarks.pairing.stage import robust_s
from reports.stats import disturbances
from reports.stats.disturbances import Widening
from reports.stats.evidence import Q, relevance
from reports.stats.multiple import least_p
from reports.stats.speedup import MINIMUM_PROCESSES, location

SAME_MARGIN = 0.03
"""A cell that is compared with itself may not be shown to differ by as much."""


class Evidences:
    """What the pairs of a gate say of its cells, those that the controls made void left out.

    `cut` says of the cells for which the time was over how many pairs they were to have.
    """

    def __init__(
        self,
        plan: Plan,
        pairs: Iterable[Pair],
        controls: Iterable[Mapping[str, Any]],
        *,
        counted: Counted | None = None,
        links: Links | None = None,
        cut: Mapping[Cell, int] | None = None,
    ) -> None:
        self.plan, self.counted, self.links, self.cut = plan, counted or Counted(), links or Links(), cut or {}
        self.controls = list(controls)
        self.void = disturbances.void(plan, self.controls)
        self.by_cell: dict[Cell, list[Pair]] = {cell: [] for cell in plan.cells}
        for pair in pairs:
            if pair.cell in self.by_cell:
                self.by_cell[pair.cell].append(pair)

    def changes(self, cell: Cell, stage: Stage) -> tuple[float, ...]:
        """Return the logs of head ÷ base of a cell's pairs of a stage, in their order: more than 0 is slower."""
        return tuple(log(head_s / base_s) for base_s, head_s in self.times(cell, stage))

    def times(self, cell: Cell, stage: Stage) -> tuple[tuple[float, float], ...]:
        """Return the seconds of base and of head in a cell's pairs of a stage, in their order."""
        return tuple(_times(pair) for pair in self._kept(cell, stage))

    def relinked(self, cell: Cell) -> tuple[float, ...]:
        """Return the log changes of a cell's pairs on other links, of those that put its kernel elsewhere."""
        kept = (pair for pair in self._kept(cell, "relink") if self.links.counts(pair.number, cell.kernel))
        return tuple(log(head_s / base_s) for base_s, head_s in map(_times, kept))

    def voided(self, cell: Cell, stage: Stage | None = None) -> int:
        """Return how many pairs of a cell are void, of one stage or of all."""
        return sum(bool(self.why_void(pair)) for pair in self.by_cell[cell] if stage in {None, pair.stage})

    def why_void(self, pair: Pair) -> str:
        """Return why a pair does not count, by the controls, or nothing."""
        return self.void.get((pair.stage, pair.number), "") or disturbances.disturbed(pair)

    def contaminated(self, cell: Cell) -> str:
        """Return why the controls leave too little of a cell, or nothing."""
        reasons = [why for pair in self.by_cell[cell] if (why := self.why_void(pair))]
        few = reasons and len(self.changes(cell, "screen")) < MINIMUM_PROCESSES
        return f"too few pairs are left: {reasons[0]}" if few else ""

    def widening(self) -> Widening:
        """Return by how much what matters is widened: by bandwidth, or by what most equal cells seem to differ."""
        same = ((cell, self.changes(cell, "same")) for cell in self.by_cell)
        known = [(cell, changes) for cell, changes in same if len(changes) >= MINIMUM_PROCESSES]
        seeming = [abs(location(changes).estimate) / log1p(self.relevance(cell)) for cell, changes in known]
        return disturbances.unequal(seeming).or_(disturbances.restless(self.controls))

    def failure(self, cell: Cell) -> str:
        """Return why a cell has no verdict, what one of its pairs failed with, or nothing."""
        for pair in self.by_cell[cell]:
            for name, side in (("base", pair.base), ("head", pair.head)):
                if side.status == "failed":
                    return f"{name}: {side.reason}"
            if pair.head.status == "skipped" and pair.base.status == "ok":
                return f"head has it no more: {pair.head.reason}"
        return ""

    def skipped(self, cell: Cell) -> str:
        """Return why a cell cannot be compared: base has not what head has, or neither can take the case."""
        return next((f"base: {pair.base.reason}" for pair in self.by_cell[cell] if pair.base.status == "skipped"), "")

    def seconds(self, cell: Cell) -> tuple[float | None, float | None]:
        """Return the medians over the pairs of what a call takes, of base and of head."""
        kept = [pair for pair in self.by_cell[cell] if self._counts(pair) and pair.stage in {"screen", "confirm"}]
        if not kept:
            return None, None
        base_s, head_s = zip(*map(_times, kept), strict=True)
        return median(base_s), median(head_s)

    @property
    def alpha(self) -> float:
        """The one-sided p that a cell needs where it is the only one of all planned that changed."""
        return least_p(max(1, len(self.plan.cells)), Q) / 2

    def relevance(self, cell: Cell) -> float:
        """Return the least change that matters for a cell: by its longer time, whichever of the two is base."""
        return relevance(max((s for s in self.seconds(cell) if s is not None), default=1.0))

    def scatter(self) -> list[float]:
        """Return the standard deviation of the log changes of each cell's screen that has more than one pair."""
        found = (self.changes(cell, "screen") for cell in self.by_cell)
        return [stdev(changes) for changes in found if len(changes) > 1]

    def disturbed(self) -> str:
        """Return how the cells that were compared with themselves tell of a disturbance, or nothing."""
        for cell in self.by_cell:
            changes = self.changes(cell, "same")
            if len(changes) < MINIMUM_PROCESSES:
                continue
            found = location(changes)
            if found.low is not None and found.high is not None:
                least = log1p(max(SAME_MARGIN, self.relevance(cell)))
                if found.low > least or found.high < -least:
                    return f"{cell} compared with itself differs by {100 * (np.exp(found.estimate) - 1):+.1f} %"
        return ""

    def _kept(self, cell: Cell, stage: Stage) -> list[Pair]:
        return sorted((p for p in self.by_cell[cell] if p.stage == stage and self._counts(p)), key=_number)

    def _counts(self, pair: Pair) -> bool:
        whole = pair.base.status == pair.head.status == "ok" and bool(pair.base.blocks_s and pair.head.blocks_s)
        return whole and not self.why_void(pair)


def _number(pair: Pair) -> int:
    return pair.number


def _times(pair: Pair) -> tuple[float, float]:
    return _low_s(pair.base.blocks_s), _low_s(pair.head.blocks_s)


@lru_cache(maxsize=1 << 17)
def _low_s(blocks_s: tuple[float, ...]) -> float:
    """Return the low quantile of a side's blocks: while a gate goes on, each is asked for again and again."""
    return robust_s(blocks_s)
