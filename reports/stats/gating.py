"""From the pairs of a gate to a verdict for each of its cells.

Where a cell that was compared with itself shows a change, all cells are contaminated. So is a cell of which the
controls leave fewer pairs than an interval needs. They also may widen what matters (`reports.stats.disturbances`).

Where time leaves a cell inconclusive, the instructions of its implementation are counted, and what they let
one expect on the cell may decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.gate.lines import Cell
from reports.stats.evidence import Evidence
from reports.stats.gate_pairs import Evidences
from reports.stats.multiple import adjusted
from reports.stats.next_pairs import SCREEN_PAIRS, looked_at
from reports.stats.signed_rank import p_values
from reports.stats.verdicts import Channel, Verdict, Word, judge


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
    chances = dict(zip(gated + failed, p, strict=True))
    found = []
    for cell in cells:
        base_s, head_s = known.seconds(cell)
        contaminated = disturbed or known.contaminated(cell)
        evidence = _evidence(known, cell, skipped[cell], contaminated, factor, chances.get(cell, 1.0))
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
        log_instructions=known.counted.logs.get(cell),
        planned=len(known.plan.cells),
        wanted=known.cut.get(cell, 0),
        p_equivalent=looked_at(known, cell).equivalence if len(screen) >= SCREEN_PAIRS else None,
        not_gated=skipped,
        contaminated=contaminated,
    )
