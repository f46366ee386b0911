"""The way of a gate: screen all cells, and some of them against themselves; then look again where it is needed.

What is measured is decided by what was found, so this stands above both measurement and statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.gate.course import Course
    from benchmarks.gate.instructions import Counted
    from benchmarks.gate.lines import Cell, Pair, Stage
    from benchmarks.gate.plan import Plan
    from reports.stats.gate_pairs import Evidences

SCREEN_SHARE = 0.6
"""Of the time, after which the screen takes no more pairs than it needs: the rest is for what it has found."""
SAME_EVERY = 3
"""After the screen some cells are compared with themselves in one pair of so many: it takes processes of its own."""


@dataclass
class GateRun:
    """A gate that is being measured, stage by stage, until it is decided or its time is over.

    Attributes
    ----------
    plan, folder
        What is compared, and where the pairs go; what is there already is not measured again.
    until
        When its time is over, on the clock of `time.monotonic`.
    complete
        Whether every pair that was wanted was measured.
    cut
        Cells for which the time was over before, and how many pairs they were to have.
    """

    plan: Plan
    folder: Path
    until: float
    update: Callable[..., None] = field(default=lambda *_, **__: None)
    done: int = 0
    complete: bool = True
    cut: dict[Cell, int] = field(default_factory=dict)

    def run(self) -> Evidences:
        """Measure, and return what the pairs say."""
        from benchmarks.gate.course import Course
        from lab import progress
        from reports.stats import gating, next_pairs
        from reports.stats.speedup import MINIMUM_PROCESSES

        if not self.plan.cells:
            return self._known()
        course = Course(self.folder, self.plan.base, self.plan.head, self.plan.seed, self.plan.beside)
        cells = list(self.plan.cells)
        screened = monotonic() + SCREEN_SHARE * (self.until - monotonic())
        planned = (len(cells) + len(next_pairs.same_cells(self.plan))) * next_pairs.SCREEN_PAIRS
        with progress.shown("screening", planned) as update:
            self.update = update
            for number in range(next_pairs.SCREEN_PAIRS):  # in turn, so that both are of the same minutes
                if number >= MINIMUM_PROCESSES and monotonic() > screened:
                    self.cut = dict.fromkeys(cells, next_pairs.SCREEN_PAIRS)
                    break
                self._measure(course, cells, [number], "screen")
                self._measure(course, next_pairs.same_cells(self.plan), [number], "same")
        known = self._known()
        self._until(course, next_pairs.undecided(known), known, "screen", "deciding")
        known = self._known()
        suspected = next_pairs.suspects(known)
        self._until(course, suspected, known, "confirm", "confirming")
        self._relink(course, gating.confirmed(self._known(linked=False)))
        return self._known()

    def _until(self, course: Course, cells: list[Cell], known: Evidences, stage: Stage, doing: str) -> None:
        """Measure each cell until it has as many pairs of a stage as a confirmation of it wants.

        Cells are compared with themselves as well: what decides has its controls in the same minutes.
        """
        from lab import progress
        from reports.stats import next_pairs
        from reports.words import count

        wanted = {cell: next_pairs.confirming(known, cell) for cell in cells}
        same = next_pairs.same_cells(self.plan)[: len(cells)]
        rounds = range(next_pairs.SCREEN_PAIRS if stage == "screen" else 0, max(wanted.values(), default=0))
        after = 0 if stage == "screen" else next_pairs.CONFIRMING[1]
        planned = sum(max(0, n - rounds.start) for n in wanted.values()) + len(same) * len(rounds[::SAME_EVERY])
        with progress.shown(f"{doing} {count(len(cells), 'cell')}", planned) as update:
            self.update, self.done = update, 0
            for number in rounds:
                self._measure(course, self._open(cells, wanted, number, stage), [number], stage)
                if number in rounds[::SAME_EVERY]:
                    self._measure(course, same, [next_pairs.SCREEN_PAIRS + after + number], "same")
                if not self.complete:
                    self.cut |= {cell: n for cell, n in wanted.items() if n > number}
                    return

    def _open(self, cells: list[Cell], wanted: Mapping[Cell, int], number: int, stage: Stage) -> list[Cell]:
        """Return the cells that want a pair of that number, as more than count have been measured where some are void.

        A look at the screen may have decided some.
        """
        from reports.stats import next_pairs

        if stage == "confirm":
            return [cell for cell in cells if wanted[cell] > number]
        known = self._known()
        return [
            cell
            for cell in cells
            if next_pairs.looked_at(known, cell).pairs_wanted + known.voided(cell, "screen") > number
        ]

    def decided(self) -> Evidences:
        """Measure, then count the instructions of what time does not decide, and return what both say."""
        return self.counted(self.run())

    def counted(self, known: Evidences) -> Evidences:
        """Count the instructions of what time leaves inconclusive, and return what both say."""
        from benchmarks.gate import instructions
        from lab import progress
        from reports.stats import gating

        cells = gating.inconclusive(gating.judge_all(known))
        with progress.shown(f"counting instructions for {len(cells)} cells that time does not decide"):
            found = instructions.count(cells, self.plan.base, self.plan.head, self.folder)
        return self._known(found)

    def _relink(self, course: Course, cells: list[Cell]) -> None:
        """Compare cells of Rust that are confirmed to have changed on other links, where the builds have their kits."""
        from benchmarks.gate import relink
        from lab import progress
        from reports.stats import next_pairs

        if not cells or monotonic() > self.until:
            return
        with progress.shown("linking both wheels again"):
            course.linked, links = relink.linked_again(self.plan.base, self.plan.head, {cell.kernel for cell in cells})
        links.save(self.folder)
        if not course.linked:
            return
        wanted = len(cells) * next_pairs.RELINKED_PAIRS
        with progress.shown(f"comparing {len(cells)} cells on other links", wanted) as update:
            self.update, self.done = update, 0
            self._measure(course, cells, range(next_pairs.RELINKED_PAIRS), "relink")

    def _known(self, counted: Counted | None = None, *, linked: bool = True) -> Evidences:
        from benchmarks.gate.course import read_controls
        from benchmarks.gate.lines import read_pairs
        from benchmarks.gate.relink import Links
        from reports.stats.gate_pairs import Evidences

        links = Links.load(self.folder) if linked else None
        pairs, controls = read_pairs(self.folder), read_controls(self.folder)
        return Evidences(self.plan, pairs, controls, counted=counted, links=links, cut=self.cut)

    def _measure(self, course: Course, cells: Iterable[Cell], numbers: Iterable[int], stage: Stage) -> None:
        self.complete &= course.measure(cells, numbers, stage, self._notify, self.until)

    def _notify(self, _: Pair) -> None:
        self.done += 1
        self.update(done=self.done)
