"""From verdicts to the exit code of a gate: 0 no regression, 1 a regression, 2 nobody knows.

0 wants that no cell regressed *and* that at least 90 % of the gated cells are decided. Equivalent, improved and
layout-artefact are decided; inconclusive and contaminated are not. Cells that are not gated count neither way, so a
cell must not be given that word because something is missing or broken: leave it out, and it makes the gate incomplete.

1 stands above 2: a confirmed regression stays one, whatever else is undecided or was not measured. A plan without gated
cells is 2, as a gate that looks at nothing must not be green, unless the caller says why nothing can have regressed.
A gate beside which a load was put on purpose is 2 whatever it found: it tells of the gate, and not of the change.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reports.stats.verdicts import Verdict, Word

DECIDED = frozenset({Word.EQUIVALENT, Word.IMPROVED, Word.LAYOUT_ARTEFACT})
"""Words of a cell that is decided and did not regress."""
DECIDED_PERCENT = 90

Cell = TypeVar("Cell", bound=Hashable)


@dataclass(frozen=True)
class Exit:
    """The exit code, and why, as a sentence without its full stop."""

    code: int
    why: str


def exit_code(
    verdicts: Mapping[Cell, Verdict], planned: Collection[Cell], *, excused: str = "", beside: str = ""
) -> Exit:
    """Return the exit code of a gate.

    Parameters
    ----------
    verdicts
        The verdict of each cell that has one.
    planned
        All cells that should have one.
    excused
        Why nothing can have regressed where no cell is gated. It makes such a plan 0, and changes nothing else.
    beside
        The load that was put beside it on purpose, or nothing.

    Returns
    -------
    Exit
        0, 1 or 2, with the reason.

    Raises
    ------
    ValueError
        Where a cell is planned twice, or a verdict is on a cell that was not planned.
    """
    found = _found(verdicts, planned, excused)
    if beside:
        return Exit(2, f"measured beside a load on purpose ({beside}), which decides nothing: {found.why}")
    return found


def _found(verdicts: Mapping[Cell, Verdict], planned: Collection[Cell], excused: str) -> Exit:
    plan = set(planned)
    if len(plan) != len(planned):
        raise ValueError(f"planned: {len(planned) - len(plan)} cells stand in it more than once, each may once")
    stray = [cell for cell in verdicts if cell not in plan]
    if stray:
        raise ValueError(f"verdicts: {stray[0]!r} has one and was not planned, only planned cells are accepted")
    words = [verdict.word for verdict in verdicts.values()]
    missing = len(plan) - len(words)
    gated = len(plan) - words.count(Word.NOT_GATED)
    decided = sum(word in DECIDED for word in words)
    regressed = words.count(Word.REGRESSED)
    rest = f", {missing} have no verdict" if missing else ""
    if regressed:
        return Exit(1, f"{regressed} of {gated} gated cells regressed{rest}")
    if missing:
        return Exit(2, f"incomplete: {missing} of {len(plan)} planned cells have no verdict")
    if not gated and excused:
        return Exit(0, excused)
    if not gated:
        return Exit(2, f"no cell is gated of {len(plan)} planned, so nothing is known")
    share = f"{decided} of {gated} gated cells are decided"
    if 100 * decided < DECIDED_PERCENT * gated:
        return Exit(2, f"undecided: {share}, at least {DECIDED_PERCENT} % are wanted")
    return Exit(0, f"no cell regressed, {share}")
