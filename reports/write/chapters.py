"""What the page says, gathered before it is written: a group per cost class, and in it a chapter per kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.spec import COST_CLASSES, Kernel
from inputs.cases import Case
from inputs.families import find
from reports import words
from reports.figures import drawing, plots
from reports.read.rows import Start
from reports.stats.break_even import BreakEven
from reports.stats.cells import Cell, Contest
from reports.stats.losses import Loss, losses
from reports.stats.summary import Summary
from reports.stats.threads import ThreadScaling
from reports.write import winners


@dataclass(frozen=True)
class CaseLine:
    """One line of a kernel's result table."""

    case: Case
    description: str
    cells: Mapping[str, Cell]
    contest: Contest


@dataclass(frozen=True)
class FreshAndOut:
    """A case whose output is fresh in every call, and the same with ``out=``; arm → its two cells."""

    fresh: Case
    out: Case
    cells: Mapping[str, tuple[Cell, Cell]]


@dataclass(frozen=True)
class Chapter:
    """What the page says about one kernel."""

    kernel: Kernel
    sentence: str
    centre: Case
    at_centre: Mapping[str, Cell]
    contest: Contest
    arms: Sequence[str]
    lines: Sequence[CaseLine]
    losing: Sequence[Loss]
    axes: Sequence[winners.Axis]
    worst_ulp: Mapping[str, float]
    outputs: Sequence[FreshAndOut]
    threads: Sequence[ThreadScaling]
    starts: Sequence[Start]
    small: Sequence[Sequence[BreakEven]]
    cells: Sequence[Cell]
    figures: Sequence[drawing.Plot]

    @property
    def contests(self) -> Mapping[str, Contest]:
        """Case → who wins it."""
        return {line.case.name: line.contest for line in self.lines}

    @property
    def semantics(self) -> Mapping[str, str]:
        """Peer → where its meaning differs from the contract; only those whose does."""
        return {peer.name: peer.semantics for peer in self.kernel.peers if peer.semantics and peer.name in self.arms}


@dataclass(frozen=True)
class ClassGroup:
    """The chapters of one cost class."""

    name: str
    title: str
    chapters: Sequence[Chapter]


def groups(summary: Summary, kernels: Mapping[str, Kernel]) -> list[ClassGroup]:
    """Return the chapters of a run by cost class, in the order of the classes."""
    lost = losses(summary)
    chapters = [_chapter(kernels[k], summary, lost) for k in dict.fromkeys(c.kernel for c in summary.cells)]
    present = {chapter.kernel.cost_class for chapter in chapters}
    return [
        ClassGroup(name, title, [chapter for chapter in chapters if chapter.kernel.cost_class == name])
        for name, title in COST_CLASSES.items()
        if name in present
    ]


def _chapter(kernel: Kernel, summary: Summary, lost: Sequence[Loss]) -> Chapter:
    cells = [c for c in summary.cells if c.kernel == kernel.name]
    contests = {c.case: c for c in summary.contests if c.kernel == kernel.name}
    centre = words.centre(kernel, summary)
    assert centre is not None, "a chapter has cells"
    lines = [_line(find(kernel.family, name), cells, contests[name]) for name in dict.fromkeys(c.case for c in cells)]
    return Chapter(
        kernel=kernel,
        sentence=words.sentence(kernel, summary),
        centre=centre,
        at_centre=words.at_centre(kernel, summary),
        contest=contests[centre.name],
        arms=tuple(dict.fromkeys(c.implementation for c in cells)),
        lines=lines,
        losing=[loss for loss in lost if loss.kernel == kernel.name],
        axes=winners.axes(kernel, centre, list(contests.values())),
        worst_ulp=_worst_ulp(cells),
        outputs=_fresh_and_out(lines),
        threads=[t for t in summary.threads if t.kernel == kernel.name],
        starts=[s for s in summary.starts if s.kernel == kernel.name],
        small=_by_series([b for b in summary.break_even if b.kernel == kernel.name]),
        cells=cells,
        figures=plots.of_kernel(kernel, cells, centre, drawing.looks([c.implementation for c in summary.cells])),
    )


def _line(case: Case, cells: Sequence[Cell], contest: Contest) -> CaseLine:
    return CaseLine(case, words.describe(case), {c.implementation: c for c in cells if c.case == case.name}, contest)


def _worst_ulp(cells: Sequence[Cell]) -> dict[str, float]:
    """Return implementation → its largest distance from the oracle over all cases."""
    worst: dict[str, float] = {}
    for cell in cells:
        if cell.max_ulp is not None:
            worst[cell.implementation] = max(worst.get(cell.implementation, 0.0), cell.max_ulp)
    return worst


def _by_series(found: Sequence[BreakEven]) -> list[list[BreakEven]]:
    """Return one list per row of sizes that differ in the last two axes alone."""
    series: dict[tuple[int, ...], list[BreakEven]] = {}
    for entry in found:
        series.setdefault(entry.points[0].shape[:-2], []).append(entry)
    return list(series.values())


def _fresh_and_out(lines: Sequence[CaseLine]) -> list[FreshAndOut]:
    def but_for_out(case: Case) -> Case:
        return replace(case, name="", tier="core", centre=False, out=False)

    found = []
    for line in (line for line in lines if line.case.out):
        fresh = next((o for o in lines if not o.case.out and but_for_out(o.case) == but_for_out(line.case)), None)
        if fresh is not None:
            both = {arm: (fresh.cells[arm], cell) for arm, cell in line.cells.items() if arm in fresh.cells}
            timed = {arm: pair for arm, pair in both.items() if all(cell.status == "ok" for cell in pair)}
            found.append(FreshAndOut(fresh.case, line.case, timed))
    return found
