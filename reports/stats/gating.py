"""From the pairs of a gate to a verdict for each of its cells, and to what has to be measured next.

Each pair gives one log change: the log of head ÷ base of the low quantiles of its blocks. All cells are screened with a
few pairs. Where the screen shows that nothing changed, the cell is done. The undecided get more pairs, up to as many as
a confirmation has, and are looked at on the way by the rule of `reports.stats.sequential`. Where it then looks as if
something had changed, new pairs confirm or refute it.

Some cells are also compared with themselves, base with base, in the same minutes, as long as the gate goes on. What
shows a change there where there is none cannot be trusted with the others: the gate's cells are contaminated then. So
is a cell of which the controls leave fewer pairs than an interval needs. They also may widen what matters
(`reports.stats.disturbances`).

Where time leaves a cell inconclusive, the instructions of its implementation are counted, and may decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from reports.stats.equivalence import MARGIN, equivalent
from reports.stats.evidence import Evidence, Q, relevance
from reports.stats.multiple import adjusted, least_p
from reports.stats.power import pairs_needed
from reports.stats.sequential import Look, Rule, Step, look, pocock
from reports.stats.signed_rank import fewest_pairs, p_values
from reports.stats.speedup import MINIMUM_PROCESSES, location
from reports.stats.verdicts import Channel, Verdict, Word, judge

SCREEN_PAIRS = 8
CONFIRMING = (12, 32)
"""Fewest and most pairs of a confirmation."""
SPARE_PAIRS = 3
"""Pairs beyond those that must all point the same way: one may be void, and small changes may point the other way."""
FOUND = 0.05
"""A confirmation has so many pairs that a change of this share is found 95 times in 100, where the screen's scatter and
`CONFIRMING` allow it."""
RELINKED_PAIRS = 12
"""Pairs of a confirmed cell on other links: as many of each."""
SUSPECT_P = 0.05
"""One-sided p of the screen below which a cell is looked at again in new processes."""
SAME_SHARE = 0.1
"""Share of the cells that are also compared with themselves."""
SAME_MARGIN = 0.03
"""A cell that is compared with itself may not be shown to differ by as much."""


@dataclass(frozen=True)
class Judged:
    """A cell of a gate with its verdict.

    Attributes
    ----------
    cell, why
        The cell, and the changed file for which it was compared.
    verdict
        The verdict.
    base_s, head_s
        Medians over the pairs of the seconds of a call; None where there are none.
    pairs
        Pairs that count, of the screen and of the confirmation.
    void
        Pairs that the controls made void.
    side
        Of the crop that was measured, 0 for the whole case.
    """

    cell: Cell
    why: str
    verdict: Verdict
    base_s: float | None
    head_s: float | None
    pairs: int
    void: int
    side: int


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
        return median(robust_s(pair.base.blocks_s) for pair in kept), median(
            robust_s(pair.head.blocks_s) for pair in kept
        )

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
    return robust_s(pair.base.blocks_s), robust_s(pair.head.blocks_s)


def confirming(known: Evidences, cell: Cell) -> int:
    """Return the pairs of a cell's confirmation, by how many cells are planned and how much its screen scatters."""
    alpha = known.alpha
    fewest, most = CONFIRMING
    least = max(fewest, fewest_pairs(alpha) + SPARE_PAIRS)
    changes = known.changes(cell, "screen")[:SCREEN_PAIRS]
    sd = stdev(changes) if len(changes) > 1 else 0.0
    wanted = pairs_needed(log1p(max(FOUND, known.relevance(cell))), sd, alpha) if sd > 0 else least
    return max(least, min(most, wanted))


def looked_at(known: Evidences, cell: Cell) -> Look:
    """Return what a cell's screen says when it is looked at again and again: whether to stop, or the next look."""
    last = confirming(known, cell)
    rule = Rule(
        looks=tuple(sorted({SCREEN_PAIRS, (SCREEN_PAIRS + last) // 2, last})),
        alpha=known.alpha,
        relevance=known.relevance(cell),
        spending=pocock,
    )
    return look(known.changes(cell, "screen")[:last], rule)


def same_cells(plan: Plan) -> list[Cell]:
    """Return the cells that are compared with themselves too: a drawn share, and at least two."""
    cells = list(plan.cells)
    count = min(len(cells), max(2, round(SAME_SHARE * len(cells))))
    return [cells[k] for k in np.random.default_rng(plan.seed).permutation(len(cells))[:count]]


def suspects(known: Evidences) -> list[Cell]:
    """Return the cells that the screen makes look changed: not by chance, and maybe by as much as matters."""
    found = []
    for cell in known.plan.cells:
        changes = known.changes(cell, "screen")
        by_chance = not changes or p_values(changes).two_sided > 2 * SUSPECT_P
        if not by_chance and not equivalent(changes, min(MARGIN, known.relevance(cell))):
            found.append(cell)
    return found


def undecided(known: Evidences) -> list[Cell]:
    """Return the cells of which the screen shows neither that they changed nor that they did not, or all is void."""
    suspected = set(suspects(known))
    cells = (cell for cell in known.plan.cells if cell not in suspected and not known.failure(cell))
    cells = (cell for cell in cells if known.changes(cell, "screen") or known.voided(cell, "screen"))
    return [cell for cell in cells if looked_at(known, cell).step is Step.GO_ON]


def inconclusive(judged: Iterable[Judged]) -> list[Cell]:
    """Return the cells that time does not decide, of which the instructions are worth counting."""
    return [one.cell for one in judged if one.verdict.word is Word.INCONCLUSIVE]


def confirmed(known: Evidences) -> list[Cell]:
    """Return the cells of Rust that are confirmed to have changed: another link tells whether the layout made it."""
    told = {Word.REGRESSED, Word.IMPROVED}
    return [
        one.cell
        for one in judge_all(known)
        if one.cell.arm == "rust" and one.verdict.word in told and one.verdict.channel is Channel.TIME
    ]


def judge_all(known: Evidences) -> list[Judged]:
    """Return a verdict for each planned cell that has one: those that failed or were not measured have none."""
    disturbed, factor = known.disturbed(), known.widening().factor
    failed = [cell for cell in known.plan.cells if known.failure(cell)]
    cells = [cell for cell in known.plan.cells if cell not in set(failed)]
    skipped = {cell: known.skipped(cell) for cell in cells}
    gated = [cell for cell in cells if not skipped[cell]]
    confirmed = {cell: known.changes(cell, "confirm") for cell in gated}
    p = adjusted([p_values(confirmed[cell]).two_sided if confirmed.get(cell) else None for cell in gated + failed])
    found = []
    for cell in cells:
        base_s, head_s = known.seconds(cell)
        adjusted_p = dict(zip(gated + failed, p, strict=True)).get(cell, 1.0)
        evidence = _evidence(known, cell, skipped[cell], disturbed or known.contaminated(cell), factor, adjusted_p)
        if evidence is not None:
            count = len(evidence.screen) + len(evidence.confirmation)
            side = max((pair.side for pair in known.by_cell[cell]), default=0)
            why = known.plan.cells[cell]
            found.append(Judged(cell, why, judge(evidence), base_s, head_s, count, known.voided(cell), side))
    return found


def _evidence(  # noqa: PLR0917 (what a cell's verdict is made of)
    known: Evidences, cell: Cell, skipped: str, contaminated: str, factor: float, p: float
) -> Evidence | None:
    screen, confirmation = known.changes(cell, "screen"), known.changes(cell, "confirm")
    if not (screen or skipped or contaminated):
        return None
    relink = known.relinked(cell)
    return Evidence(
        relevance=factor * known.relevance(cell),
        screen=screen,
        confirmation=confirmation,
        adjusted_p=p if confirmation else 1.0,
        relink=relink or known.changes(cell, "relink"),
        relink_moved=bool(relink),
        log_instructions=known.counted.logs.get((cell.kernel, cell.arm)),
        planned=len(known.plan.cells),
        wanted=known.cut.get(cell, 0),
        p_equivalent=looked_at(known, cell).equivalence if len(screen) >= SCREEN_PAIRS else None,
        not_gated=skipped,
        contaminated=contaminated,
    )
