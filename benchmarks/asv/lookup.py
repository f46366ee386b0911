"""What a cell of asv does: find the run it belongs to, see that its case is measured, return its number.

Under ``lab run`` the environment names the run directory, whose plan says what is measured together. Under a plain
``asv run`` a directory is made in the cache for this call of asv, and only what is asked for is measured: the times of
a case, all arms side by side, when the first of them is asked for, in ``EOLAB_PROCESSES`` processes (6); memory when a
number of it is. Instructions and allocated bytes are counted, for all kernels of the plan or for the one that is asked
for, where valgrind is installed. With ``--quick`` that is one process, and the one arm alone.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks import registry
from benchmarks.calls.binding import WALL
from benchmarks.counting import counter
from benchmarks.counting.counts import ARMS, COUNTS, counted_case, read_counts
from benchmarks.environment.jsonfiles import read_object
from benchmarks.environment.jsonlines import append
from benchmarks.environment.wheel import installed_digest
from benchmarks.pairing.conductor import NOT_CROPPED, PROCESSES, Measurement, cell, measure, measure_memory
from benchmarks.pairing.runlines import CROPPED, Group, read_lines, read_memory, slow_arms
from inputs.cases import TIERS
from inputs.families import find

RUN_DIR = "EOLAB_RUN_DIR"
TIER = "EOLAB_TIER"
PROCESSES_ASKED = "EOLAB_PROCESSES"
COUNTS_ASKED = "EOLAB_COUNTS"
"""Set where ``lab run`` and ``lab history`` are to have instructions and bytes counted too: it takes them minutes."""
QUICK = "EOLAB_QUICK"
"""Set where asv was given ``--quick``: how it reaches a cell is told in `benchmarks.asv.benchtypes`."""
KEPT_RUNS = 20
EXPECTED = (CROPPED, NOT_CROPPED, "the wall is a limit and has no memory of its own")
"""Reasons that need no words in asv's log."""


def samples(kernel: str, case: str, arm: str, group: Group) -> tuple[tuple[float, ...], int]:
    """Return one robust time per process, and the calls of a block; measure first where that is not done.

    Raises
    ------
    asv_runner.benchmarks.mark.SkipNotImplemented
        Where the cell is skipped: asv records NaN.
    RuntimeError
        Where it failed: asv records a failure and shows the message.
    """
    run_dir = _ensure(kernel, case, arm)
    found = cell(read_lines(run_dir, kernel), case, arm, group)
    _settle(found.status, found.reason)
    return found.samples_s, found.calls


def samples_per_pixel(kernel: str, case: str, arm: str) -> tuple[tuple[float, ...], int]:
    """Return seconds per output pixel as `samples` does; an arm that is too slow for the case stands with its crop."""
    run_dir = _ensure(kernel, case, arm)
    lines = read_lines(run_dir, kernel)
    group: Group = "crop" if arm in (slow_arms(lines, case) or ()) else "call"
    found = cell(lines, case, arm, group)
    _settle(found.status, found.reason)
    shape = next(line.shape for line in lines if (line.case, line.group) == (case, group))
    pixels = registry.get(kernel).dimensions.pixels(shape)
    return tuple(time_s / pixels for time_s in found.samples_s), found.calls


def count(kernel: str, case: str, arm: str, field: str) -> float:
    """Return a number of a memory line, as `samples` does; the wall has none."""
    run_dir = _ensure(kernel, case, arm, memory=True)
    if arm == WALL:
        _settle("skipped", EXPECTED[-1])
    for line in read_memory(run_dir, kernel):
        if (line.case, line.arm) == (case, arm):
            _settle(line.status, line.reason)
            value = getattr(line, field)
            if not isinstance(value, int):
                _settle("skipped", str(value))
            return float(value)
    raise RuntimeError(f"{kernel}, {case}, {arm}: memory was not measured")


def exact(kernel: str, arm: str, field: str) -> float:
    """Return a number that is counted under valgrind; count first where that is not done, and skip where it is none."""
    if why := counter.missing():
        _settle("skipped", why)
    run_dir, kernels, digest = _counted(kernel)
    path = run_dir / COUNTS
    if not any(line.kernel == kernel for line in read_counts(path)):
        declared = [registry.get(name) for name in kernels]
        wanted = [(of.name, one, counted_case(of).name) for of in declared for one in ARMS if one in of.implementations]
        for line in counter.count(wanted, digest):
            append(path, line)
    value = next(getattr(line, field) for line in read_counts(path) if (line.kernel, line.arm) == (kernel, arm))
    if isinstance(value, str):
        _settle("skipped", value)
    return float(value)


def _counted(kernel: str) -> tuple[Path, tuple[str, ...], str]:
    """Return where counts are kept, the kernels that are counted together, and the wheel."""
    named = os.environ.get(RUN_DIR)
    if named:
        plan = read_object(Path(named) / "plan.json")
        return Path(named), tuple({**dict.fromkeys(plan["kernels"]), kernel: None}), plan["wheel_digest"]
    digest = installed_digest()
    return _own_run_dir(digest), (kernel,), digest


def _settle(status: str, reason: str) -> None:
    from asv_runner.benchmarks.mark import SkipNotImplemented

    if status == "skipped":
        if not reason.endswith(EXPECTED):
            print(f"skipped: {reason}")  # asv shows it beside the cell
        raise SkipNotImplemented(reason)
    if status == "failed":
        raise RuntimeError(reason)


def _ensure(kernel: str, case: str, arm: str, *, memory: bool = False) -> Path:
    """Return the run directory in which times or memory of the case of the kernel are measured."""
    named = os.environ.get(RUN_DIR)
    wanted = _planned(Path(named), kernel) if named else _unplanned(kernel, case, arm)
    if case not in wanted.cases:
        _settle("skipped", f"case {case} is not planned in {wanted.run_dir.name}")
    if named or not (memory and os.environ.get(QUICK)):
        measure(wanted, beside=_all_planned(Path(named)) if named else ())  # whichever kernel is asked for first
    if memory and not named:
        measure_memory(wanted)
    return wanted.run_dir


def _all_planned(run_dir: Path) -> list[Measurement]:
    return [_planned(run_dir, kernel) for kernel in read_object(run_dir / "plan.json")["kernels"]]


def _planned(run_dir: Path, kernel: str) -> Measurement:
    plan = read_object(run_dir / "plan.json")
    entries = plan["kernels"].get(kernel, [])
    arms = tuple(entries[0]["arms"]) if entries else ()
    cases = tuple(entry["case"] for entry in entries)
    return Measurement(run_dir, kernel, cases, arms, plan["processes"], plan["wheel_digest"])


def _unplanned(kernel: str, case: str, arm: str) -> Measurement:
    """Return what plain asv has measured for a cell: no small sizes and no first calls, which no cell shows."""
    declared = registry.get(kernel)
    tier, limit = find(declared.family, case).tier, os.environ.get(TIER, "core")
    if limit not in TIERS:
        raise ValueError(f"{TIER}: was {limit!r}; accepted are {', '.join(TIERS)}")
    if TIERS.index(tier) > TIERS.index(limit):
        _settle("skipped", f"case {case} is of tier {tier}; set {TIER}={tier} to measure it")
    digest, processes = installed_digest(), _processes()
    run_dir, arms, quick = _own_run_dir(digest), registry.arms(declared), bool(os.environ.get(QUICK))
    if quick:
        run_dir, processes, arms = run_dir / f"{case}-{arm}", 1, tuple(one for one in arms if one == arm)
    return Measurement(run_dir, kernel, (case,), arms, processes, digest, memory=False, controls=not quick)


def _processes() -> int:
    said = os.environ.get(PROCESSES_ASKED, str(PROCESSES))
    if not (said.isdecimal() and int(said)):
        raise ValueError(f"{PROCESSES_ASKED}: was {said!r}; a whole number from 1 on is accepted")
    return int(said)


def _own_run_dir(digest: str) -> Path:
    """Return a directory for this call of asv: the process that asked, when it began, and the wheel it measures."""
    import psutil

    from inputs.host.cache import cache_dir

    caller = psutil.Process().parent()
    if caller is not None and "run_server" in caller.cmdline():
        caller = caller.parent()
    who = "0-0"
    if caller is not None:  # counted from the start of the system, as its clock may be set while asv measures
        who = f"{caller.create_time() - psutil.boot_time():.2f}-{caller.pid}"
    folder = cache_dir() / "asv-runs"
    own = folder / f"{who}-{digest[:8] or 'no-wheel'}"
    if not own.is_dir():
        own.mkdir(parents=True)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_RUNS]:
            shutil.rmtree(old, ignore_errors=True)
    return own
