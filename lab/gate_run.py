"""The way of a gate: screen all cells, and some of them against themselves; then look again where it is needed.

What is measured is decided by what was found, so this stands above both measurement and statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.gate.course import Course
    from benchmarks.gate.instructions import Counted
    from benchmarks.gate.lines import Cell, Pair, Stage
    from benchmarks.gate.plan import Plan
    from reports.stats.gating import Evidences

SCREEN_SHARE = 0.6
"""Of the time, after which the screen takes no more pairs than it needs: the rest is for what it has found."""


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
    """

    plan: Plan
    folder: Path
    until: float
    update: Callable[..., None] = field(default=lambda *_, **__: None)
    done: int = 0
    complete: bool = True

    def run(self) -> Evidences:
        """Measure, and return what the pairs say."""
        from benchmarks.gate.course import Course
        from lab import progress
        from reports.stats import gating
        from reports.stats.speedup import MINIMUM_PROCESSES

        if not self.plan.cells:
            return self._known()
        course = Course(self.folder, self.plan.base, self.plan.head, self.plan.seed, self.plan.beside)
        cells = list(self.plan.cells)
        screened = monotonic() + SCREEN_SHARE * (self.until - monotonic())
        planned = (len(cells) + len(gating.same_cells(self.plan))) * gating.SCREEN_PAIRS
        with progress.shown("screening", planned) as update:
            self.update = update
            for number in range(gating.SCREEN_PAIRS):  # in turn, so that both are of the same minutes
                if number >= MINIMUM_PROCESSES and monotonic() > screened:
                    break
                self._measure(course, cells, [number], "screen")
                self._measure(course, gating.same_cells(self.plan), [number], "same")
        known = self._known()
        more = gating.confirming(len(cells))
        suspected, undecided = gating.suspects(known), gating.undecided(known)
        rest = len(suspected) * more + len(undecided) * max(0, more - gating.SCREEN_PAIRS)
        with progress.shown(f"confirming {len(suspected)} cells, deciding {len(undecided)}", rest) as update:
            self.update, self.done = update, 0
            self._measure(course, suspected, range(more), "confirm")
            self._measure(course, undecided, range(gating.SCREEN_PAIRS, more), "screen")
        self._relink(course, gating.confirmed(self._known(linked=False)))
        return self._known()

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
        from reports.stats import gating

        if not cells or monotonic() > self.until:
            return
        with progress.shown("linking both wheels again"):
            course.linked, links = relink.linked_again(self.plan.base, self.plan.head, {cell.kernel for cell in cells})
        links.save(self.folder)
        if not course.linked:
            return
        wanted = len(cells) * gating.RELINKED_PAIRS
        with progress.shown(f"comparing {len(cells)} cells on other links", wanted) as update:
            self.update, self.done = update, 0
            self._measure(course, cells, range(gating.RELINKED_PAIRS), "relink")

    def _known(self, counted: Counted | None = None, *, linked: bool = True) -> Evidences:
        from benchmarks.gate.course import read_controls
        from benchmarks.gate.lines import read_pairs
        from benchmarks.gate.relink import Links
        from reports.stats.gating import Evidences

        links = Links.load(self.folder) if linked else None
        return Evidences(self.plan, read_pairs(self.folder), read_controls(self.folder), counted, links)

    def _measure(self, course: Course, cells: Iterable[Cell], numbers: Iterable[int], stage: Stage) -> None:
        self.complete &= course.measure(cells, numbers, stage, self._notify, self.until)

    def _notify(self, _: Pair) -> None:
        self.done += 1
        self.update(done=self.done)
