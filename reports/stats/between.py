"""Two runs, or two implementations of one run: from rows to what changed.

A change is the time of B ÷ the time of A, so that more than 1 says that B is slower. Two implementations of one run
were timed in the same processes and pair; times of two runs do not. `relative` compares instead what the time was of
expert NumPy's in the same process, which stays where the machine is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Literal

from reports.read.load import is_crop_notice
from reports.read.rows import WALL, Group, Row, Run, Status, is_missing
from reports.stats.cells import BASELINE
from reports.stats.speedup import Interval, paired_ratio, shared
from reports.stats.unpaired import unpaired_ratio

Word = Literal["slower", "faster", "no difference shown", "no interval"]
Key = tuple[str, str, str]
"""Kernel, case, and an implementation, which is empty where each side has one of its own."""
GROUPS: tuple[Group, ...] = ("call", "crop")
LARGE = 1.1
"""Without an interval, a cell that moved by this factor or more is listed among what may have changed."""


@dataclass(frozen=True)
class Side:
    """A run, and the one implementation of it that is compared, empty for all of them."""

    run: Run
    implementation: str = ""


@dataclass(frozen=True)
class CellChange:
    """A cell that has a time on both sides.

    Attributes
    ----------
    kernel, case, implementation
        Names; `implementation` is empty where two implementations are compared.
    cropped
        Whether it was measured on the centre crop.
    base, head
        Median seconds, or median ratio to expert NumPy's time.
    change, low, high, confidence
        Head ÷ base with its interval, None where there are too few processes for one.
    processes
        The smaller number of processes.
    word
        The change in a word.
    """

    kernel: str
    case: str
    implementation: str
    cropped: bool
    base: float
    head: float
    change: float
    low: float | None
    high: float | None
    confidence: float | None
    processes: int
    word: Word

    @property
    def size(self) -> float:
        """Distance from no change at all."""
        return abs(log(self.change))

    @property
    def changed(self) -> bool:
        """Whether the whole interval says so, or the estimate moved far where there is no interval."""
        return self.word in {"slower", "faster"} or (self.word == "no interval" and self.size >= log(LARGE))


@dataclass(frozen=True)
class StatusChange:
    """A cell that had a time, or a reason for none, and has the other now."""

    kernel: str
    case: str
    implementation: str
    base: Status
    head: Status
    reason: str


@dataclass(frozen=True)
class CellName:
    """A cell that one side alone has measured."""

    kernel: str
    case: str
    implementation: str


@dataclass(frozen=True)
class Control:
    """How the wall moved, a loop of the lab's that no commit changes: the median over cases, and the extremes."""

    cases: int
    change: float
    least: float
    most: float


@dataclass(frozen=True)
class Changes:
    """What came of a comparison.

    Attributes
    ----------
    paired
        Whether both sides were timed in the same processes.
    relative
        Whether ratios to expert NumPy were compared.
    cells
        By size of the change, the largest first.
    statuses
        Cells whose status changed.
    only_base, only_head
        Cells that the other side did not measure.
    without
        Cells that have a time on neither side, or none that can be compared.
    control
        The wall, where two runs' times are compared.
    """

    paired: bool
    relative: bool
    cells: tuple[CellChange, ...]
    statuses: tuple[StatusChange, ...] = ()
    only_base: tuple[CellName, ...] = ()
    only_head: tuple[CellName, ...] = ()
    without: tuple[CellName, ...] = ()
    control: Control | None = None


class _Rows:
    """What one side has measured, cell by cell; what it has not measured is no cell of it."""

    def __init__(self, side: Side, *, relative: bool) -> None:
        self.side, self.relative = side, relative
        self.rows = {(r.kernel, r.case, r.implementation, r.group): r for r in side.run.rows}
        own = [p for p in side.run.plan if side.implementation in {"", p.implementation}]
        own = [p for p in own if not (relative and p.implementation == BASELINE)]
        keys = dict.fromkeys((p.kernel, p.case, "" if side.implementation else p.implementation) for p in own)
        self.said = {key: said for key in keys if (said := self._said(key)) is not None}

    def _said(self, key: Key) -> tuple[Status, str] | None:
        """Return status and reason of a cell, None where it was not measured; a failure in either group is its own."""
        rows = [row for group in GROUPS if (row := self._row(key, group)) and not is_missing(row.status, row.reason)]
        failed = [row for row in rows if row.status == "failed"]
        rows = failed or [row for row in rows if not is_crop_notice(row)] or rows
        return (rows[0].status, rows[0].reason) if rows else None

    def _row(self, key: Key, group: Group, arm: str = "") -> Row | None:
        kernel, case, implementation = key
        return self.rows.get((kernel, case, arm or implementation or self.side.implementation, group))

    def times(self, key: Key, group: Group) -> tuple[Mapping[int, float], tuple[int, ...]] | None:
        """Return process → time, or ratio to expert NumPy's, and the shape that was measured; None without a time."""
        row = self._row(key, group)
        if row is None or row.status != "ok":
            return None
        times: Mapping[int, float] = row.samples_s
        if self.relative:
            numpy = self._row(key, group, BASELINE)
            against = numpy.samples_s if numpy is not None and numpy.status == "ok" else {}
            times = {p: time / against[p] for p, time in row.samples_s.items() if p in against}
        return (times, row.measured_shape) if times else None

    def wall(self) -> dict[tuple[str, str, Group], float]:
        """Return the median time of the wall, by kernel, case and group."""
        walls = (row for row in self.rows.values() if row.implementation == WALL and row.samples_s)
        return {(row.kernel, row.case, row.group): median(row.samples_s.values()) for row in walls}


def changes(base: Side, head: Side, *, relative: bool = False) -> Changes:
    """Compare two sides cell by cell.

    Parameters
    ----------
    base, head
        Either both name an implementation, or neither does. Of one run they are two implementations.
    relative
        Compare ratios to expert NumPy's time in the same process instead of times.

    Raises
    ------
    ValueError
        Where the two are one, cannot be compared in this way, or have no cell in common.
    """
    _require_two(base, head, relative=relative)
    paired = base.run is head.run
    first, second = _Rows(base, relative=relative), _Rows(head, relative=relative)
    common = [key for key in first.said if key in second.said]
    if not common:
        raise ValueError(
            "A, B: they have measured no cell in common; "
            f"A, {_name(base)}, has {_kernels(first)}, and B, {_name(head)}, has {_kernels(second)}"
        )
    timed = [key for key in common if first.said[key][0] == second.said[key][0] == "ok"]
    found = {key: cell for key in timed if (cell := _cell(key, first, second, paired=paired)) is not None}
    moved = {key: _status(key, first, second) for key in common if first.said[key][0] != second.said[key][0]}
    return Changes(
        paired=paired,
        relative=relative,
        cells=tuple(sorted(found.values(), key=lambda cell: -cell.size)),
        statuses=tuple(moved.values()),
        only_base=tuple(CellName(*key) for key in first.said if key not in second.said),
        only_head=tuple(CellName(*key) for key in second.said if key not in first.said),
        without=tuple(CellName(*key) for key in common if key not in found and key not in moved),
        control=None if paired or relative else _control(first.wall(), second.wall()),
    )


def _require_two(base: Side, head: Side, *, relative: bool) -> None:
    same_run = base.run is head.run
    if same_run and base.implementation == head.implementation:
        raise ValueError(
            f"A, B: both are {_name(base)}; name another run, or an implementation of each, as latest:rust"
        )
    if bool(base.implementation) != bool(head.implementation):
        raise ValueError("A, B: one names an implementation and the other does not; name one of each, or of neither")
    if relative and same_run:
        raise ValueError("ratios: A and B are of one run, where the change of ratios is that of times; leave it out")
    if relative and BASELINE in {base.implementation, head.implementation}:
        raise ValueError(f"ratios: they are against {BASELINE} itself; --times compares its times")


def _name(side: Side) -> str:
    return f"{side.run.run_id}:{side.implementation}" if side.implementation else side.run.run_id


def _kernels(of: _Rows) -> str:
    return ", ".join(dict.fromkeys(kernel for kernel, _, _ in of.said)) or "none"


def _cell(key: Key, first: _Rows, second: _Rows, *, paired: bool) -> CellChange | None:
    """Return the change of a cell, of the whole case before its crop; None where no shape is common to both sides."""
    for group in GROUPS:
        base, head = first.times(key, group), second.times(key, group)
        if base is None or head is None or not _alike(base[1], head[1]):
            continue
        if paired:
            found = paired_ratio(*shared(head[0], base[0])) if head[0].keys() & base[0].keys() else None
        else:
            found = unpaired_ratio(list(head[0].values()), list(base[0].values()))
        if found is not None:
            medians = median(base[0].values()), median(head[0].values())
            return CellChange(
                *key,
                cropped=group == "crop",
                base=medians[0],
                head=medians[1],
                change=found.estimate,
                low=found.low,
                high=found.high,
                confidence=found.confidence,
                processes=found.n,
                word=in_a_word(found),
            )
    return None


def _alike(base: tuple[int, ...], head: tuple[int, ...]) -> bool:
    """Tell whether two measured shapes are the same, as far as they are known."""
    return not base or not head or base == head


def in_a_word(change: Interval) -> Word:
    """Return the word for a change of time, head ÷ base."""
    if change.low is None or change.high is None:
        return "no interval"
    if change.low > 1:
        return "slower"
    return "faster" if change.high < 1 else "no difference shown"


def _status(key: Key, first: _Rows, second: _Rows) -> StatusChange:
    base, head = first.said[key], second.said[key]
    return StatusChange(*key, base=base[0], head=head[0], reason=head[1] or base[1])


def _control(
    base: Mapping[tuple[str, str, Group], float], head: Mapping[tuple[str, str, Group], float]
) -> Control | None:
    ratios = [head[key] / base[key] for key in base if key in head]
    return Control(len(ratios), median(ratios), min(ratios), max(ratios)) if ratios else None
