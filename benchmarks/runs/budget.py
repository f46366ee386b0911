"""Which cases a run measures when its time is limited: the most valuable first, as far as the budget goes.

The order of value, over all kernels at once: the centres; the cases that decisions hang on (`HEADLINES`); the smoke
cases, which every report has; then for each axis along which cases differ from the centre (shape, layout, threads,
dtype, gaps, output, …) the first one, the second, and so on. A case that does not fit is passed over, and a cheaper one
after it may still fit. What a case costs is known from earlier runs on this machine, or estimated from bytes and arms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from benchmarks import registry
from benchmarks.calls.binding import companion_bands, crop_side
from benchmarks.pairing.runlines import Line, read_lines
from benchmarks.pairing.stage import ARM_BUDGET_S, BLOCK_S, ROUNDS, SLOW_S
from benchmarks.spec import CostClass, Kernel
from inputs import families
from inputs.cases import Case

AXES = (
    "shape",
    "layout",
    "threads",
    "dtype",
    "mask",
    "out",
    "source",
    "quality",
    "ties",
    "zones",
    "zoning",
    "weights",
    "uneven",
)
"""Ways to differ from the centre; a case that differs in several counts for the last of them."""

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
WALL_BYTES_PER_S = 20e9
SLOWER_THAN_WALL: Mapping[CostClass, float] = {"C1": 2, "C2": 8, "C3": 8, "C4": 10, "C5": 14, "C8": 8, "C10": 6}
OTHER_CLASSES = 50.0
"""Time of a typical arm in times of the wall: a coarse guess for kernels that no earlier run has measured."""
CHECKS = 4
"""Calls beside the timed ones: two checked, two to see how long a call takes."""
CASE_S, CELL_S, KERNEL_S, PROCESS_S = 0.2, 0.3, 20.0, 2.5
"""Per process and case: arrays and bookkeeping. Per arm and case, once: memory, and asv's four cells. Per kernel, once:
asv's start, first calls. Per kernel and process: its start, the small sizes, the controls."""


@dataclass(frozen=True)
class LeftOut:
    """A case that a run does not measure, what it would have taken, and why it is left out."""

    kernel: str
    case: str
    estimate_s: float
    reason: str


@dataclass(frozen=True)
class Choice:
    """Kernel → cases that fit into a budget, in the order of their declaration; what they take; what is left out."""

    cases: Mapping[str, tuple[str, ...]]
    estimate_s: float
    left_out: tuple[LeftOut, ...]


def parse(text: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``10m`` or ``1.5h``; raise a ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if found is None or float(found[1]) == 0:
        raise ValueError(f"budget: was {text!r}; accepted are durations such as 90s, 10m and 1.5h")
    return float(found[1]) * UNITS_S[found[2]]


def axis_of(case: Case, centre: Case) -> str:
    """Return the way in which a case differs from the centre, empty for the centre itself."""
    differing = [axis for axis in AXES if getattr(case, axis) != getattr(centre, axis)]
    return differing[-1] if differing else ""


def ranks(family: str) -> dict[str, tuple[int, int]]:
    """Return case → (how valuable its kind is, its place within the kind), smaller is more valuable."""
    known = families.get(family)
    cases, headlines, centre = known.cases, known.headlines, known.centre
    found: dict[str, tuple[int, int]] = {}
    met: Counter[str] = Counter()
    for place, case in enumerate(cases):
        axis = axis_of(case, centre)
        if case.centre:
            found[case.name] = 0, 0
        elif case.name in headlines:
            found[case.name] = 1, headlines.index(case.name)
        elif case.tier == "smoke":
            found[case.name] = 2, place
        else:
            found[case.name] = 3 + met[axis], AXES.index(axis) if axis else 0
            met[axis] += 1
    return found


def choose(
    cases: Mapping[str, tuple[str, ...]], budget_s: float, processes: int, estimate: Callable[[Kernel, Case], float]
) -> Choice:
    """Choose the most valuable of some cases that fit into a budget.

    Parameters
    ----------
    cases
        Kernel → names of the cases that may be chosen.
    budget_s
        Seconds that a run may take.
    processes
        Spawned processes of the run.
    estimate
        Seconds that all processes take for a case of a kernel.
    """
    kernels = {name: registry.get(name) for name in cases}
    value = {name: ranks(kernel.family) for name, kernel in kernels.items()}
    order = sorted(
        ((name, case) for name in cases for case in cases[name]),
        key=lambda pair: (*value[pair[0]][pair[1]], list(cases).index(pair[0])),
    )
    taken: dict[str, list[str]] = {}
    left: list[LeftOut] = []
    spent_s = 0.0
    for name, case in order:
        declared = families.find(kernels[name].family, case)
        own_s = estimate(kernels[name], declared)
        begun_s = 0.0 if name in taken else opening_s(processes)
        if spent_s + begun_s + own_s <= budget_s:
            taken.setdefault(name, []).append(case)
            spent_s += begun_s + own_s
        else:
            room = f"about {budget_s - spent_s:.0f} s were left when its turn came"
            left.append(LeftOut(name, case, round(begun_s + own_s, 1), room))
    kept = {name: tuple(case for case in cases[name] if case in taken[name]) for name in cases if name in taken}
    return Choice(kept, spent_s, tuple(left))


def said(seconds: float) -> str:
    """Return a duration as it is said of an estimate: ``40 s``, ``12 min``, ``2 h 5 min``."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def opening_s(processes: int) -> float:
    """Return about how long a kernel takes beside its cases."""
    return KERNEL_S + processes * PROCESS_S


def estimator(runs: Path, processes: int) -> Callable[[Kernel, Case], float]:
    """Return what estimates the seconds of a case: from the newest run that has it, otherwise from bytes and arms."""
    folders = sorted((path for path in runs.glob("*") if path.is_dir()), reverse=True)
    known: dict[str, dict[str, float]] = {}

    def estimate(kernel: Kernel, case: Case) -> float:
        if kernel.name not in known:
            known[kernel.name] = _seen(kernel, folders)
        seen_s = known[kernel.name].get(case.name)
        process_s = _modelled_s(kernel, case) if seen_s is None else seen_s
        return processes * (process_s + CASE_S) + CELL_S * len(registry.arms(kernel))

    return estimate


def _seen(kernel: Kernel, folders: Sequence[Path]) -> dict[str, float]:
    """Return case → seconds of a process, from the newest run in which it was measured and whose lines can be read."""
    found: dict[str, float] = {}
    for folder in folders:
        by_case: dict[str, list[Line]] = {}
        with suppress(ValueError):
            for line in read_lines(folder, kernel.name):
                by_case.setdefault(line.case, []).append(line)
        for case, lines in by_case.items():
            taken_s = sum(_line_s(line) for line in lines) / len({line.process for line in lines})
            if taken_s > 0:
                found.setdefault(case, taken_s)
    return found


def _line_s(line: Line) -> float:
    """Return about how long the arms of a line took: their blocks, a call before each, and the checks."""
    total = 0.0
    for outcome in line.arms.values():
        if outcome.time_s is not None:
            calls = (outcome.calls + 1) * len(outcome.blocks_s) + CHECKS
            total += outcome.time_s * calls
    return total


def _modelled_s(kernel: Kernel, case: Case) -> float:
    """Return about how long a process takes for a case: every arm alike, and a slow one on the crop once more."""
    read = len(kernel.bands) * np.dtype(case.dtype).itemsize + len(companion_bands(kernel, case))
    moved = prod(case.shape) * read + case.pixels * sum(d.itemsize for d in kernel.output_dtypes("float32"))
    call_s = moved / WALL_BYTES_PER_S * SLOWER_THAN_WALL.get(kernel.cost_class, OTHER_CLASSES)
    arms = len(registry.arms(kernel)) + 1
    crops = ARM_BUDGET_S * arms if call_s > SLOW_S / 2 and crop_side(case) is not None else 0.0
    blocks_s = min(ROUNDS[1] * (max(BLOCK_S, call_s) + call_s), max(ARM_BUDGET_S, ROUNDS[0] * call_s))
    return arms * (min(blocks_s, ROUNDS[0] * SLOW_S) + CHECKS * min(call_s, SLOW_S)) + crops
