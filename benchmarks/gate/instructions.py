"""Instructions of base and head, counted where time did not decide: the gate's second opinion.

One count stands for all cells of an implementation of a kernel: it is taken on one small case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import log
from pathlib import Path

from benchmarks.counting import counter
from benchmarks.counting.counts import Count, read_counts
from benchmarks.environment.jsonlines import append
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell

INSTRUCTIONS = "instructions.jsonl"
NOT_NEEDED = "instructions were not counted: time decided every cell"


@dataclass(frozen=True)
class Counted:
    """What is known of a gate's instructions.

    Attributes
    ----------
    logs
        (kernel, implementation) → log of head ÷ base of its instructions.
    allocated
        (kernel, implementation) → head ÷ base of the bytes that a call allocates. It decides nothing, and is told.
    note
        What was counted, or why nothing was, as a sentence without its full stop.
    """

    logs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    note: str = NOT_NEEDED
    allocated: Mapping[tuple[str, str], float] = field(default_factory=dict)


def count(cells: Collection[Cell], base: Build, head: Build, folder: Path) -> Counted:
    """Count the implementations of some cells in both builds into a gate's directory; what is there is not counted."""
    wanted = sorted({(cell.kernel, cell.arm) for cell in cells})
    if not wanted:
        return Counted()
    if why := counter.missing():
        return Counted(note=f"instructions were not counted: {why}")
    for build in {base.digest: base, head.digest: head}.values():
        there = {(one.kernel, one.arm) for one in read_counts(folder / INSTRUCTIONS) if one.digest == build.digest}
        if left := [one for one in wanted if one not in there]:
            for line in counter.count(left, build.digest, build.folder):
                append(folder / INSTRUCTIONS, line)
    return compared(read_counts(folder / INSTRUCTIONS), base, head, wanted)


def compared(counts: Collection[Count], base: Build, head: Build, wanted: Collection[tuple[str, str]]) -> Counted:
    """Return the changes of the wanted implementations, and a note that tells of those that have none."""
    by_wheel = {(one.digest, one.kernel, one.arm): one for one in counts}
    logs, allocated, without = {}, {}, []
    for kernel, arm in wanted:
        sides = by_wheel.get((base.digest, kernel, arm)), by_wheel.get((head.digest, kernel, arm))
        if (more := _allocated(*sides)) is not None:
            allocated[kernel, arm] = more
        found = None if None in sides else log_instructions(*sides)  # type: ignore[arg-type]
        if found is None:
            without.append(f"{kernel} {arm} ({_why(*sides)})")
        else:
            logs[kernel, arm] = found
    note = f"instructions were counted for {len(logs)} of the {len(wanted)} implementations that time leaves undecided"
    return Counted(logs, f"{note}, not for {', '.join(without)}" if without else note, allocated)


def log_instructions(base: Count, head: Count) -> float | None:
    """Return the log of head ÷ base of the instructions, above 0 for more; None where they cannot be compared."""
    before, after = base.instructions, head.instructions
    if isinstance(before, str) or isinstance(after, str) or not (before and after):
        return None
    same = (base.simd, base.case) == (head.simd, head.case) and base.simd
    return log(after / before) if same else None


def _allocated(base: Count | None, head: Count | None) -> float | None:
    if base is None or head is None:
        return None
    before, after = base.allocated_bytes, head.allocated_bytes
    if isinstance(before, str) or isinstance(after, str) or not before:
        return None
    return after / before


def _why(base: Count | None, head: Count | None) -> str:
    for name, side in (("base", base), ("head", head)):
        if side is None or isinstance(side.instructions, str):
            return f"{name}: {'not counted' if side is None else side.instructions}"
    assert base is not None
    assert head is not None
    return f"base was counted on {base.case} with {base.simd or '?'}, head on {head.case} with {head.simd or '?'}"
