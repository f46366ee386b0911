"""What a gate measures next: which cells, and in how many pairs.

All cells are screened with a few pairs. Where the screen shows that nothing changed, the cell is done. The undecided
get more pairs, up to as many as a confirmation has, and are looked at on the way by the rule of
`reports.stats.sequential`. Where it then looks as if something had changed, new pairs confirm or refute it.
"""

from __future__ import annotations

from math import log1p
from statistics import stdev

import numpy as np

from benchmarks.gate.lines import Cell
from benchmarks.gate.plan import Plan
from reports.stats.equivalence import MARGIN, equivalent
from reports.stats.gate_pairs import Evidences
from reports.stats.power import pairs_needed
from reports.stats.sequential import Look, Rule, Step, look, pocock
from reports.stats.signed_rank import fewest_pairs, p_values

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
