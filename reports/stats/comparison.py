"""A comparison of two sides as it is handed on: what they are, what differs in their environments, what changed.

Every field is described in ``comparison.schema.json``; a test keeps the two together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from reports.stats import between
from reports.stats.between import CellChange, CellName, Changes, Control, Side, StatusChange
from reports.stats.cells import BASELINE
from reports.stats.environments import Environments, compare_environments
from reports.stats.limits import canary
from reports.stats.speedup import MINIMUM_PROCESSES

SCHEMA_VERSION = 1
CONFIDENCE = 0.95


@dataclass(frozen=True)
class SideRecord:
    """What one side is; `given` is the name by which it was asked for, `implementation` is empty for all of them."""

    given: str
    run_id: str
    implementation: str
    commit: str
    machine: str
    created: str
    tier: str
    processes: int
    wheel_digest: str
    canary: str
    problems: tuple[str, ...]
    uncommitted: str


@dataclass(frozen=True)
class Counts:
    """How many cells have each word, and how many there is no word of."""

    slower: int
    faster: int
    no_difference_shown: int
    no_interval: int
    status_changed: int
    only_base: int
    only_head: int
    without: int


@dataclass(frozen=True)
class Comparison:
    """Two sides, and what came of holding the second, the head, against the first, the base.

    `cells` has those that changed, or all where `every` says so; `counts` always counts all.
    """

    base: SideRecord
    head: SideRecord
    paired: bool
    relative: bool
    every: bool
    confidence: float
    counts: Counts
    cells: tuple[CellChange, ...]
    statuses: tuple[StatusChange, ...]
    only_base: tuple[CellName, ...]
    only_head: tuple[CellName, ...]
    without: tuple[CellName, ...]
    control: Control | None
    environments: Environments
    notes: tuple[str, ...]
    schema_version: int = SCHEMA_VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)


def compare(
    base: Side, head: Side, given: tuple[str, str], *, relative: bool | None = None, every: bool = False
) -> Comparison:
    """Compare two sides.

    Parameters
    ----------
    base, head
        The older and the newer one. Where one alone names an implementation, it counts for both.
    given
        The names by which they were asked for.
    relative
        Whether to compare ratios to expert NumPy instead of times. By default, where the machines differ and neither
        side is expert NumPy.
    every
        Whether to keep the cells that did not change.

    Raises
    ------
    ValueError
        Where the two cannot be compared; see `reports.stats.between.changes`.
    """
    if base.run is not head.run:
        arm = base.implementation or head.implementation
        base = replace(base, implementation=base.implementation or arm)
        head = replace(head, implementation=head.implementation or arm)
    if relative is None:
        chosen = {base.implementation, head.implementation}
        relative = base.run.machine != head.run.machine and BASELINE not in chosen
    found = between.changes(base, head, relative=relative)
    sides = _record(base, given[0]), _record(head, given[1])
    return Comparison(
        base=sides[0],
        head=sides[1],
        paired=found.paired,
        relative=found.relative,
        every=every,
        confidence=CONFIDENCE,
        counts=_counts(found),
        cells=tuple(cell for cell in found.cells if every or cell.changed),
        statuses=found.statuses,
        only_base=found.only_base,
        only_head=found.only_head,
        without=found.without,
        control=found.control,
        environments=compare_environments(base.run.receipt, head.run.receipt),
        notes=tuple(_notes(found, *sides)),
    )


def _record(side: Side, given: str) -> SideRecord:
    run = side.run
    return SideRecord(
        given=given,
        run_id=run.run_id,
        implementation=side.implementation,
        commit=run.commit,
        machine=run.machine,
        created=run.created,
        tier=run.tier,
        processes=run.processes,
        wheel_digest=run.wheel_digest,
        canary=canary(run.controls).state,
        problems=run.problems,
        uncommitted=run.uncommitted.sentence(),
    )


def _counts(found: Changes) -> Counts:
    words = Counter(cell.word for cell in found.cells)
    return Counts(
        slower=words["slower"],
        faster=words["faster"],
        no_difference_shown=words["no difference shown"],
        no_interval=words["no interval"],
        status_changed=len(found.statuses),
        only_base=len(found.only_base),
        only_head=len(found.only_head),
        without=len(found.without),
    )


def _notes(found: Changes, base: SideRecord, head: SideRecord) -> Iterator[str]:
    """Yield what a reader must know: what a change is, what an interval holds for, and what makes numbers doubtful."""
    if found.relative:
        machines = "the machines differ" if base.machine != head.machine else "as asked"
        yield (
            f"Compared are ratios ({machines}): each time ÷ expert NumPy's in the same process. Change = ratio of B ÷ "
            "ratio of A; more than 1: slower against NumPy."
        )
    else:
        yield "Change = time of B ÷ time of A; more than 1: B is slower."
    if any(cell.low is not None for cell in found.cells):
        yield _about_intervals(paired=found.paired)
    if any(cell.low is None for cell in found.cells):
        yield f"No interval: fewer than {MINIMUM_PROCESSES} processes on a side; an estimate, and no more."
    if not found.relative and base.machine != head.machine:
        yield "The machines differ, and times with them; --ratios compares what survives that."
    if base.wheel_digest and base.wheel_digest == head.wheel_digest and not found.paired:
        yield "Both measured the same wheel: no code of a kernel differs, and what changed is not its doing."
    for label, side in (("A", base), ("B", head)):
        if side.canary == "noisy":
            yield f"The machine of {label} was noisy: doubt its numbers."


def _about_intervals(*, paired: bool) -> str:
    one_in_twenty = "Of cells that did not change, one in twenty shows a change."
    if paired:
        return f"A and B were timed side by side: paired by process, 95 % signed-rank interval. {one_in_twenty}"
    return (
        f"Two runs do not pair: 95 % Mann-Whitney interval over processes. {one_in_twenty} Processes of one run also "
        "understate how runs differ (see BIAS.md): take a small change for a reason to measure again."
    )
