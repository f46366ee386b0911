"""The ratios that are kept, so that a later run can be held against them: ``reports/record/ratios/<machine>.json``.

A file has the runs of one machine, a line each: the receipt, and per cell the log of NumPy's time ÷ its own in each
process. Which of them a run is compared with is said by `choose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, get_args

from benchmarks import ROOT
from benchmarks.environment.jsonfiles import read_object, require_kinds
from reports.read.rows import Group

RATIOS = ROOT / "reports" / "record" / "ratios"
SCHEMA_VERSION = 1
HOW = "`make baseline` measures a run and keeps it, `python -m lab ratios --keep` keeps the newest complete one"


class RatioName(NamedTuple):
    """A cell whose ratio to expert NumPy is kept."""

    kernel: str
    case: str
    group: Group
    implementation: str


@dataclass(frozen=True)
class RatioCell:
    """The ratios of a cell in one run.

    Attributes
    ----------
    kernel, case, group, implementation
        Which cell.
    version
        Of the kernel's inputs and arguments.
    shape, threads
        What was measured, and on how many threads.
    median_s
        Median time of a call, for the reader and for how much matters at this size.
    void
        Processes that are left out, as the machine was taken away from them.
    logs
        Log of expert NumPy's time ÷ its own, one per process.
    """

    kernel: str
    case: str
    group: Group
    implementation: str
    version: str
    shape: tuple[int, ...]
    threads: int
    median_s: float
    void: int
    logs: tuple[float, ...]

    @property
    def name(self) -> RatioName:
        """Which cell."""
        return RatioName(self.kernel, self.case, self.group, self.implementation)

    def unlike(self, other: RatioCell) -> str:
        """Return in what two cells of one name differ, so that their ratios do not compare, or nothing."""
        if self.version != other.version:
            return "its inputs are others than the baseline's"
        if self.shape != other.shape:
            return "its inputs are others than the baseline's, of another shape"
        threads = f"it ran on {self.threads} threads, in the baseline on {other.threads}"
        return "" if self.threads == other.threads else threads


@dataclass(frozen=True)
class RatioRun:
    """A run in ratios, with its receipt; a text is empty where a thing is not known.

    `processor` is the name with the maker's model numbers, as a virtual machine often hides the name; `simd` is the set
    of instructions that Rust took.
    """

    run_id: str
    created: str
    commit: str
    tier: str
    machine: str
    processor: str
    cores: str
    simd: str
    numpy: str
    numba: str
    python: str
    rustc: str
    wheel_digest: str
    cells: tuple[RatioCell, ...]

    def same_processor(self, other: RatioRun) -> bool:
        """Tell whether two runs had the same processor and instructions, as far as both are known."""
        mine, others = (self.processor, self.simd), (other.processor, other.simd)
        return all(mine) and mine == others


@dataclass(frozen=True)
class Baseline:
    """What a run is compared with.

    Attributes
    ----------
    path
        File of the kept runs.
    runs
        Those that compare, the oldest first.
    same_processor
        Whether they had the processor and the instructions of the run.
    """

    path: Path
    runs: tuple[RatioRun, ...]
    same_processor: bool


def read(path: Path) -> tuple[RatioRun, ...]:
    """Return the runs in a file of kept ratios, the oldest first.

    Raises
    ------
    ValueError
        Where it is not there, empty, cut, or not what this version of the lab writes; the sentence names it.
    """
    content = read_object(path)
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"{path}: schema_version was {content.get('schema_version')!r}, {SCHEMA_VERSION} is accepted")
    try:
        return tuple(_run(raw) for raw in content["runs"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no ratios that this version of the lab knows: {error}") from None


def _run(raw: Mapping[str, Any]) -> RatioRun:
    require_kinds(RatioRun, raw)
    found = RatioRun(**{**raw, "cells": tuple(_cell(cell) for cell in raw["cells"])})
    if datetime.fromisoformat(found.created).tzinfo is None:
        raise ValueError(f"run {found.run_id} was created at {found.created!r}, of which the time zone is not known")
    return found


def _cell(raw: Mapping[str, Any]) -> RatioCell:
    require_kinds(RatioCell, raw)
    shape, logs = tuple(int(n) for n in raw["shape"]), tuple(float(x) for x in raw["logs"])
    found = RatioCell(**{**raw, "shape": shape, "logs": logs})
    if not logs or not all(map(isfinite, logs)) or found.group not in get_args(Group) or not found.median_s > 0:
        raise ValueError(f"{found.kernel} {found.case} {found.implementation} has no ratios, or one that is no number")
    return found


def choose(run: RatioRun, folder: Path = RATIOS) -> Baseline:
    """Return the kept runs that a run is compared with.

    They are of one machine, processor and set of instructions: first the run's own, then the same processor elsewhere,
    then what was kept last. The run itself is none of them, nor is one whose NumPy had another version, since that is
    what ratios are against.

    Raises
    ------
    ValueError
        Where nothing is kept that compares; it says how to keep something. Also where a file cannot be read.
    """
    kept = {path: [one for one in read(path) if one.run_id != run.run_id] for path in sorted(folder.glob("*.json"))}
    if not any(kept.values()):
        raise ValueError(f"baseline: {folder} has no kept run that {run.run_id} could be compared with; {HOW}")
    groups: dict[tuple[Path, str, str], list[RatioRun]] = {}
    for path, runs in kept.items():
        for one in runs:
            if one.numpy == run.numpy:
                groups.setdefault((path, one.processor, one.simd), []).append(one)
    if not groups:
        others = ", ".join(sorted({one.numpy or "unknown" for runs in kept.values() for one in runs}))
        raise ValueError(
            f"baseline: ratios are against NumPy {run.numpy or 'unknown'} and those kept to {others}; {HOW}"
        )
    path, runs = max(((key[0], runs) for key, runs in groups.items()), key=lambda found: _rank(run, found[1]))
    return Baseline(path, tuple(sorted(runs, key=_when)), runs[0].same_processor(run))


def _rank(run: RatioRun, kept: Iterable[RatioRun]) -> tuple[bool, bool, datetime]:
    """Return how well kept runs of one machine and processor fit a run: the larger the better."""
    newest = max(kept, key=_when)
    return newest.same_processor(run), newest.machine == run.machine, _when(newest)


def _when(run: RatioRun) -> datetime:
    return datetime.fromisoformat(run.created)
