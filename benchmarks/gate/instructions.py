"""Instructions of base and head, counted where time did not decide: the gate's second opinion.

An implementation is counted on two small cases of its kernel. They tell what it executes for each value, and what a
call executes whatever its size; so they tell what is to be expected on a cell: the count of the larger case, and for
each value that the cell has more, what the larger case took for each that it has more than the lesser. What only calls
became dearer by is much on a small cell, and nothing on a large one.

Of a cell of which a crop was timed the whole case is meant: the larger a case, the less the call itself counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import log
from pathlib import Path

from benchmarks import registry
from benchmarks.counting import counter
from benchmarks.counting.counts import Count, counted_cases, read_counts, values
from benchmarks.environment.jsonlines import append
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell
from inputs.families import find

INSTRUCTIONS = "instructions.jsonl"
NOT_NEEDED = "instructions were not counted: time decided every cell"


@dataclass(frozen=True)
class Counted:
    """What is known of a gate's instructions.

    Attributes
    ----------
    logs
        Cell → log of head ÷ base of the instructions that are expected on it.
    allocated
        (kernel, implementation) → head ÷ base of the bytes that a call allocates. It decides nothing, and is told.
    note
        What was counted, or why nothing was, as a sentence without its full stop.
    """

    logs: Mapping[Cell, float] = field(default_factory=dict)
    note: str = NOT_NEEDED
    allocated: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Both:
    """The counts of one implementation on one case in both builds, None where there is none."""

    values: int
    base: Count | None
    head: Count | None

    @property
    def instructions(self) -> tuple[int, int] | None:
        """What base and head execute; None where they cannot be compared."""
        if self.base is None or self.head is None:
            return None
        before, after = self.base.instructions, self.head.instructions
        if isinstance(before, str) or isinstance(after, str) or not (before and after):
            return None
        return (before, after) if self.base.simd == self.head.simd and self.base.simd else None

    @property
    def allocated(self) -> float | None:
        """Head ÷ base of the bytes that a call allocates; None where they cannot be compared."""
        if self.base is None or self.head is None:
            return None
        before, after = self.base.allocated_bytes, self.head.allocated_bytes
        return None if isinstance(before, str) or isinstance(after, str) or not before else after / before

    @property
    def why_not(self) -> str:
        """Why the two cannot be compared."""
        for name, side in (("base", self.base), ("head", self.head)):
            if side is None or isinstance(side.instructions, str):
                return f"{name}: {'not counted' if side is None else side.instructions}"
        assert self.base is not None
        assert self.head is not None
        return f"base was counted with {self.base.simd or '?'}, head with {self.head.simd or '?'}"


def count(cells: Collection[Cell], base: Build, head: Build, folder: Path) -> Counted:
    """Count the implementations of some cells in both builds into a gate's directory; what is there is not counted."""
    if not cells:
        return Counted()
    if why := counter.missing():
        return Counted(note=f"instructions were not counted: {why}")
    wanted = [
        (kernel, arm, case.name)
        for kernel, arm in _implementations(cells)
        for case in counted_cases(registry.get(kernel))
    ]
    for build in {base.digest: base, head.digest: head}.values():
        lines = read_counts(folder / INSTRUCTIONS)
        there = {(one.kernel, one.arm, one.case) for one in lines if one.digest == build.digest}
        if left := [one for one in wanted if one not in there]:
            for line in counter.count(left, build.digest, build.folder):
                append(folder / INSTRUCTIONS, line)
    return compared(read_counts(folder / INSTRUCTIONS), base, head, cells)


def compared(counts: Collection[Count], base: Build, head: Build, cells: Collection[Cell]) -> Counted:
    """Return the changes that are expected on the cells, and a note that tells of implementations that have none."""
    known = {(one.digest, one.kernel, one.arm, one.case): one for one in counts}
    logs: dict[Cell, float] = {}
    allocated, without, alone = {}, [], []
    implementations = _implementations(cells)
    for kernel, arm in implementations:
        larger, *lesser = (
            Both(values(case), *(known.get((build.digest, kernel, arm, case.name)) for build in (base, head)))
            for case in counted_cases(registry.get(kernel))
        )
        if (more := larger.allocated) is not None:
            allocated[kernel, arm] = more
        if larger.instructions is None:
            without.append(f"{kernel} {arm} ({larger.why_not})")
            continue
        mine = [cell for cell in cells if (cell.kernel, cell.arm) == (kernel, arm)]
        found = {cell: expected_log(larger, lesser[0] if lesser else None, _values(cell)) for cell in mine}
        logs |= {cell: _log(*larger.instructions) if one is None else one for cell, one in found.items()}
        if None in found.values():
            alone.append(f"{kernel} {arm}")
    return Counted(logs, _note(len(implementations), without, alone), allocated)


def expected_log(larger: Both, lesser: Both | None, wanted: int) -> float | None:
    """Return the log of head ÷ base that two small cases let one expect on so many values, above 0 for more.

    None where the lesser case was not counted on both sides, or gives no rise from which something can be expected.
    """
    if lesser is None or lesser.instructions is None or larger.instructions is None:
        return None
    sides = zip(lesser.instructions, larger.instructions, strict=True)
    before, after = (expected((lesser.values, few), (larger.values, many), wanted) for few, many in sides)
    return None if before is None or after is None else _log(before, after)


def expected(lesser: tuple[int, int], larger: tuple[int, int], wanted: int) -> float | None:
    """Return the instructions of a call on so many values, by (values, instructions) of two small cases.

    None where the larger case takes no more than the lesser, or where nothing would be left on so many values.
    """
    (few, less), (many, more) = lesser, larger
    each = (more - less) / (many - few)
    found = more + each * (wanted - many)
    return found if each > 0 and found > 0 else None


def _implementations(cells: Collection[Cell]) -> list[tuple[str, str]]:
    return sorted({(cell.kernel, cell.arm) for cell in cells})


def _values(cell: Cell) -> int:
    return values(find(registry.get(cell.kernel).family, cell.case))


def _log(base: float, head: float) -> float:
    return log(head / base)


def _note(wanted: int, without: Collection[str], alone: Collection[str]) -> str:
    note = f"instructions were counted for {wanted - len(without)} of the {wanted} implementations that time leaves"
    parts = [f"{note} undecided"]
    if without:
        parts.append(f"not for {', '.join(without)}")
    if alone:
        parts.append(f"for {', '.join(alone)} on one small case alone, whose change stands for every size")
    return ", ".join(parts)
