"""Pairing: the first cell that is asked for measures all arms side by side, in N spawned processes of each kernel.

The process is the unit. A parent makes the inputs and the oracle's results once. Then it starts one process after the
other (`benchmarks.pairing.worker`), round after round over all kernels of the run, and at the end, for each kernel, one
for memory (`benchmarks.pairing.memory`) and one for first calls (`benchmarks.pairing.starts`). Each writes lines to the
run directory.
What is there already is not measured again, so an interrupted measurement goes on where it stopped. A process has
ended when it has written every group of every case, every small size, and its controls.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import registry
from benchmarks.environment.disk_room import probe
from benchmarks.environment.lock import one_at_a_time
from benchmarks.environment.process import MeasurementError, spawn
from benchmarks.pairing.oracles import files
from benchmarks.pairing.runlines import (
    CROPPED,
    Group,
    Line,
    Outcome,
    controlled,
    is_complete,
    read_lines,
    read_memory,
    read_sizes,
    read_start,
    slow_arms,
)
from benchmarks.pairing.small_calls import small_cases
from benchmarks.pairing.worker import Job
from inputs.host.cores import usable_cores

PROCESSES = 6
"""The fewest for which a 95 % interval exists."""
NOT_CROPPED, NOT_MEASURED = "not cropped", "not measured"


@dataclass(frozen=True)
class Measurement:
    """A kernel's share of a run: what is to be measured, where the lines go, and in which wheel.

    Attributes
    ----------
    run_dir
        Run directory.
    kernel, cases, arms
        Names; the wall is measured beside the arms without being named.
    processes
        Spawned processes, at least one.
    wheel_digest
        Of the wheel that must be installed where this runs.
    memory
        Whether peak memory, page faults, first calls and small sizes are measured as well.
    controls
        Whether each process also measures what the machine gives.
    """

    run_dir: Path
    kernel: str
    cases: tuple[str, ...]
    arms: tuple[str, ...]
    processes: int
    wheel_digest: str
    memory: bool = True
    controls: bool = True


def measure(
    wanted: Measurement, notify: Callable[[], None] = lambda: None, *, beside: Sequence[Measurement] = ()
) -> None:
    """Measure what is not there yet.

    Parameters
    ----------
    wanted
        What must be there afterwards.
    notify
        Called after each process.
    beside
        What is measured in the same rounds where anything is missing of `wanted`, which may be among it.

    Raises
    ------
    benchmarks.environment.process.MeasurementError
        If a process dies, or did before. The lines it wrote stay.
    OSError
        If there is no room for more lines.
    """
    if not is_measured(wanted):
        measure_all(list(dict.fromkeys((*beside, wanted))), notify)
        if (mark := _broken_mark(wanted)).is_file():
            raise MeasurementError(mark.read_text(encoding="utf-8"))


def measure_all(wanted: Sequence[Measurement], notify: Callable[[], None] = lambda: None) -> None:
    """Measure several kernels round after round: a process of each, then the next process of each.

    So the processes of one kernel lie minutes apart, as far as the run goes: they share no phase of the machine. A
    kernel of which a process dies is left with a mark that says why, and the others go on.
    """
    left = [one for one in wanted if not _broken_mark(one).is_file() and not is_measured(one)]
    for one in left:
        one.run_dir.mkdir(parents=True, exist_ok=True)
        probe(one.run_dir)
    if not left:
        return
    with one_at_a_time():
        _note_load()
        takings = [_Taking(one) for one in left]
        for process in range(max(one.processes for one in left)):
            for taking in takings:
                if taking.step(partial(taking.take, process)):
                    notify()
        for taking in takings:
            if taking.wanted.memory and taking.step(taking.end):
                notify()


def measure_memory(wanted: Measurement) -> None:
    """Measure memory alone where that is not done; raises as `measure` does."""
    if _memory_cases(wanted):
        with one_at_a_time():
            _Taking(wanted).step(partial(_run_memory, wanted))
        if _memory_cases(wanted):
            raise MeasurementError(_broken_mark(wanted).read_text(encoding="utf-8"))


class _Taking:
    """One kernel's measurement while it goes on, until it breaks."""

    def __init__(self, wanted: Measurement) -> None:
        self.wanted, self.unfinished = wanted, _unfinished(wanted)
        self.oracles: dict[str, dict[str, str]] | None = None

    def step(self, do: Callable[[], None]) -> bool:
        """Do something where nothing broke before; where it breaks, keep why. Tell whether it went well."""
        if _broken_mark(self.wanted).is_file():
            return False
        try:
            do()
        except MeasurementError as error:
            probe(self.wanted.run_dir)  # no room is the cause then, and nothing that would happen again with more
            _broken_mark(self.wanted).write_text(f"{error}\n", encoding="utf-8")
            return False
        return True

    def take(self, process: int) -> None:
        """Measure what is missing of one process."""
        if process in self.unfinished:
            if self.oracles is None:
                self.oracles = {case: files(registry.get(self.wanted.kernel), case) for case in self.wanted.cases}
            _run_process(self.wanted, process, self.unfinished[process], self.oracles)

    def end(self) -> None:
        """Measure what is measured once: memory and first calls."""
        _run_memory(self.wanted)
        _run_start(self.wanted)


def broken_marks(run_dir: Path) -> list[Path]:
    """Return the files that say why a measurement broke; while one is there it is not tried again."""
    return sorted(run_dir.glob("*.broken"))


def _broken_mark(wanted: Measurement) -> Path:
    return wanted.run_dir / f"{wanted.kernel}.{zlib.crc32(repr(wanted.cases).encode()):08x}.broken"


def _note_load() -> None:
    if (load := os.getloadavg()[0]) > usable_cores():  # the controls will show it as well
        print(f"note: the load average is {load:.1f}; other work on this machine makes times noisy")


def is_measured(wanted: Measurement) -> bool:
    """Tell whether every line of a measurement is there."""
    return not (_unfinished(wanted) or (wanted.memory and (_memory_cases(wanted) or _start_arms(wanted))))


def _unfinished(wanted: Measurement) -> dict[int, tuple[str, ...]]:
    """Return process → its missing cases, of the processes that have not written all: cases, small sizes, controls.

    A case is missing where one of its groups is. Small sizes and controls alone give a process without cases.
    """
    lines = read_lines(wanted.run_dir, wanted.kernel)
    small = {case.name for case in small_cases(registry.get(wanted.kernel))} if wanted.memory else set()
    sized = {(line.process, line.case) for line in read_sizes(wanted.run_dir, wanted.kernel)}
    ended = controlled(wanted.run_dir, wanted.kernel) if wanted.controls else set(range(wanted.processes))
    found = {}
    for process in range(wanted.processes):
        cases = tuple(case for case in wanted.cases if not is_complete(lines, case, process))
        if cases or process not in ended or any((process, name) not in sized for name in small):
            found[process] = cases
    return found


def _run_process(wanted: Measurement, process: int, cases: tuple[str, ...], oracles: dict[str, dict[str, str]]) -> None:
    lines = read_lines(wanted.run_dir, wanted.kernel)
    known = {case: slow_arms(lines, case) for case in cases} if process else {}
    job = Job(
        run_dir=str(wanted.run_dir),
        kernel=wanted.kernel,
        process=process,
        seed=zlib.crc32(wanted.run_dir.name.encode()),
        cases=cases,
        arms=wanted.arms,
        wheel_digest=wanted.wheel_digest,
        oracles={case: oracles[case] for case in cases},
        slow={case: slow for case, slow in known.items() if slow is not None},
        sizes=wanted.memory,
        controls=wanted.controls,
    )
    _spawn(wanted, "benchmarks.pairing.worker", job, f"{wanted.kernel}.{process}")


def _run_memory(wanted: Measurement) -> None:
    cases = _memory_cases(wanted)
    if cases:
        job = Job(str(wanted.run_dir), wanted.kernel, 0, 0, cases, wanted.arms, wanted.wheel_digest, {})
        _spawn(wanted, "benchmarks.pairing.memory", job, f"{wanted.kernel}.memory")


def _memory_cases(wanted: Measurement) -> tuple[str, ...]:
    found = {(line.case, line.arm) for line in read_memory(wanted.run_dir, wanted.kernel)}
    return tuple(case for case in wanted.cases if not all((case, arm) in found for arm in wanted.arms))


def _run_start(wanted: Measurement) -> None:
    arms = _start_arms(wanted)
    if arms:
        job = Job(str(wanted.run_dir), wanted.kernel, 0, 0, (), arms, wanted.wheel_digest, {})
        _spawn(wanted, "benchmarks.pairing.starts", job, f"{wanted.kernel}.start")


def _start_arms(wanted: Measurement) -> tuple[str, ...]:
    """Return the implementations of ours whose first calls are not known yet; peers are not asked."""
    found = {line.arm for line in read_start(wanted.run_dir, wanted.kernel)}
    ours = registry.get(wanted.kernel).implementations
    return tuple(arm for arm in wanted.arms if arm in ours and arm not in found)


def _spawn(wanted: Measurement, module: str, job: Job, name: str) -> None:
    folder = wanted.run_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    job.save(path)
    spawn(module, path, wanted.wheel_digest, folder / f"{name}.log")


@dataclass(frozen=True)
class Cell:
    """What asv is told about one arm on one case in one group: samples by process, or why there are none."""

    samples_s: tuple[float, ...]
    calls: int
    status: str
    reason: str


def cell(lines: Sequence[Line], case: str, arm: str, group: Group) -> Cell:
    """Look a cell up in the lines of a kernel; a failure in any process is a failure of the cell."""
    found: list[tuple[int, Outcome]] = sorted(
        (
            (line.process, line.arms[arm])
            for line in lines
            if (line.case, line.group) == (case, group) and arm in line.arms
        ),
        key=lambda pair: pair[0],
    )
    if not found:
        cropless = group == "crop" and any(line.case == case for line in lines)
        return Cell((), 0, "skipped" if cropless else "failed", NOT_CROPPED if cropless else NOT_MEASURED)
    for status in ("failed", "skipped"):
        for process, outcome in found:
            if outcome.status == status:
                return Cell((), 0, status, f"process {process}: {outcome.reason}")
    samples = tuple(outcome.time_s for _, outcome in found if outcome.time_s is not None)
    return Cell(samples, round(math.fsum(outcome.calls for _, outcome in found) / len(found)), "ok", "")


def settled(lines: Sequence[Line], case: str, arm: str) -> tuple[Group, Cell]:
    """Return the group in which an arm of a case was measured, and its cell there."""
    found = cell(lines, case, arm, "call")
    if found.status == "skipped" and found.reason.endswith(CROPPED):
        return "crop", cell(lines, case, arm, "crop")
    return "call", found
