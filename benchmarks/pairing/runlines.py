"""The lines that a measurement leaves in its run directory, and how they are written and read.

`benchmarks.environment.jsonlines` writes and reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from benchmarks.environment.jsonlines import read_raw

Record = TypeVar("Record")

Status = Literal["ok", "failed", "skipped"]
Group = Literal["call", "crop"]

CONTROLS = "controls.jsonl"
CROPPED = "cropped"
"""Reason of an arm that is too slow for group ``call``, and so is measured in group ``crop`` alone."""


@dataclass(frozen=True)
class Outcome:
    """What one process found for one arm.

    Attributes
    ----------
    status, reason
        ``ok`` has a time; ``failed`` and ``skipped`` have none and say why.
    threads
        Threads that the arm was given.
    blocks_s
        Seconds per call of each round's block.
    calls
        Calls in a block.
    time_s
        The low quantile of `blocks_s`, None without a time.
    max_ulp
        Largest distance from the oracle in units in the last place, None where nothing was compared.
    """

    status: Status
    reason: str = ""
    threads: int = 1
    blocks_s: tuple[float, ...] = ()
    calls: int = 0
    time_s: float | None = None
    max_ulp: float | None = None


@dataclass(frozen=True)
class Line:
    """One process on one case in one group of interleaved arms; `shape` is logical, bytes are those of one call."""

    process: int
    case: str
    group: Group
    shape: tuple[int, ...]
    input_bytes: int
    output_bytes: int
    arms: Mapping[str, Outcome]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Line:
        """Make a line from its JSON object."""
        arms = {name: Outcome(**{**arm, "blocks_s": tuple(arm["blocks_s"])}) for name, arm in raw["arms"].items()}
        return cls(**{**raw, "shape": tuple(raw["shape"]), "arms": arms})


@dataclass(frozen=True)
class MemoryLine:
    """Memory of one call of one arm: bytes above what the process held before, and minor page faults.

    A number that this system cannot tell is a sentence that begins with ``unavailable:``.
    """

    case: str
    arm: str
    status: Status
    reason: str = ""
    peak_bytes: int | str | None = None
    minor_faults: int | str | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> MemoryLine:
        """Make a line from its JSON object."""
        return cls(**raw)


@dataclass(frozen=True)
class StartLine:
    """How one implementation begins: what its first calls take, in fresh processes, on the smallest of the sizes.

    Attributes
    ----------
    arm
        Implementation.
    status, reason
        ``ok`` has numbers; ``failed`` and ``skipped`` have none and say why.
    import_s
        Importing the implementation, NumPy aside.
    compile_s
        The first call with nothing compiled on disk; None where nothing is compiled at run time.
    first_s
        The first call of a process, with what was compiled before read from disk.
    warm_s
        The same call later on.
    floor_s
        A warm call on empty arrays, None where they are refused.
    dispatch_s
        Numba's bare dispatch of a function that does nothing with such arrays; None for the others.
    """

    arm: str
    status: Status
    reason: str = ""
    import_s: float | None = None
    compile_s: float | None = None
    first_s: float | None = None
    warm_s: float | None = None
    floor_s: float | None = None
    dispatch_s: float | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> StartLine:
        """Make a line from its JSON object."""
        return cls(**raw)


def read_lines(run_dir: Path, kernel: str) -> list[Line]:
    """Return a kernel's timing lines; of several for one process, case and group the last counts."""
    lines = _parsed(run_dir / f"{kernel}.jsonl", Line.parse)
    return list({(line.process, line.case, line.group): line for line in lines}.values())


def read_memory(run_dir: Path, kernel: str) -> list[MemoryLine]:
    """Return a kernel's memory lines; of several for one case and arm the last counts."""
    lines = _parsed(run_dir / f"{kernel}.memory.jsonl", MemoryLine.parse)
    return list({(line.case, line.arm): line for line in lines}.values())


def read_start(run_dir: Path, kernel: str) -> list[StartLine]:
    """Return how a kernel's implementations begin; of several lines for one the last counts."""
    lines = _parsed(run_dir / f"{kernel}.start.jsonl", StartLine.parse)
    return list({line.arm: line for line in lines}.values())


def read_sizes(run_dir: Path, kernel: str) -> list[Line]:
    """Return a kernel's lines on small sizes, from which follows where NumPy's calls are the shortest.

    They are lines like all others, one per process and size, of our implementations and without the wall. Sizes that
    differ in the last two axes of `shape` alone make one series.
    """
    lines = _parsed(run_dir / f"{kernel}.sizes.jsonl", Line.parse)
    return list({(line.process, line.case): line for line in lines}.values())


def controlled(run_dir: Path, kernel: str) -> set[int]:
    """Return the processes of a kernel that have written their controls, which they do last of all."""
    return {int(line.get("process", -1)) for line in read_raw(run_dir / CONTROLS) if line.get("kernel") == kernel}


def _parsed(path: Path, parse: Callable[[Mapping[str, Any]], Record]) -> list[Record]:
    try:
        return [parse(raw) for raw in read_raw(path)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} has a line that this version of the lab does not know: {error}") from None


def slow_arms(lines: Iterable[Line], case: str) -> tuple[str, ...] | None:
    """Return the arms of a case that its first process found too slow for the whole, or None before it has."""
    for line in lines:
        if line.process == 0 and line.case == case and line.group == "call":
            return tuple(arm for arm, outcome in line.arms.items() if is_cropped(outcome))
    return None


def is_cropped(outcome: Outcome) -> bool:
    """Tell whether an outcome only says that the arm is measured in group ``crop``."""
    return outcome.status == "skipped" and outcome.reason == CROPPED


def is_complete(lines: Sequence[Line], case: str, process: int) -> bool:
    """Tell whether a process has nothing more to measure of a case."""
    slow = slow_arms(lines, case)
    if slow is None:
        return False
    groups = {line.group for line in lines if line.case == case and line.process == process}
    return "call" in groups and ("crop" in groups or not slow)
