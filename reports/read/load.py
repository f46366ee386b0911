"""Reads a run from its directory, which holds all there is to know of it: plan, times, answers, memory, controls.

asv's result files have no part in it: they belong to asv's own tools, and a later run of the same commit replaces what
they hold. A planned cell that was not measured becomes a failed row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.environment.jsonlines import read_raw
from benchmarks.pairing.runlines import CROPPED, Line, Outcome, read_lines, read_memory, read_sizes, read_start
from benchmarks.spec import Kernel
from inputs.families import find
from reports.read import uncommitted
from reports.read.jsonio import Json, newest_of, number, rates, read_json, read_list, whole
from reports.read.rows import (
    NOT_MEASURED,
    WALL,
    Check,
    Control,
    Group,
    LeftOut,
    PlannedCell,
    Row,
    Run,
    SizeTimes,
    Start,
    Status,
)

GROUPS: tuple[Group, ...] = ("call", "crop")
UNFINISHED = "the run has no receipt: it was interrupted, or is still going on"


def named(runs: Path, name: str) -> Path:
    """Return the run directory of that name in `runs`, or raise a ValueError that lists the newest there are."""
    names = [path.name for path in known(runs)]
    if name not in names:
        newest_first = ", ".join(reversed(names[-5:])) or "none; `python -m lab run` makes one"
        raise ValueError(f"run: was {name!r}; {runs} has {newest_first}")
    return runs / name


def known(runs: Path) -> list[Path]:
    """Return the run directories in `runs` by name, which begins with the time at which they were planned."""
    return sorted(p for p in runs.glob("*") if (p / "plan.json").is_file()) if runs.is_dir() else []


def read_run(directory: Path, kernels: Mapping[str, Kernel]) -> Run:
    """Read a run directory.

    Parameters
    ----------
    directory
        ``reports/runs/<run_id>``.
    kernels
        The registry.

    Returns
    -------
    Run
        With at least one row for every planned cell.

    Raises
    ------
    ValueError
        Where there is no plan, a file cannot be read, or the plan names a kernel or case that the lab does not know.
    """
    plan = read_json(directory / "plan.json", "run")
    unknown = sorted(set(plan["kernels"]) - set(kernels))
    if unknown:
        raise ValueError(f"plan: kernel {unknown[0]!r} is not declared; declared are {', '.join(kernels)}")
    machine = str(plan.get("machine") or "unknown")
    rows = tuple(
        row
        for name, entries in plan["kernels"].items()
        for row in _KernelRows(directory, plan, machine, kernels[name]).rows(entries)
    )
    receipt, problems = _receipt(directory / "receipt.json")
    checks, unread = _checks(directory / "verify.json")
    return Run(
        run_id=str(plan["run_id"]),
        created=str(plan.get("created") or _created(str(plan["run_id"]))),
        commit=str(plan["commit"]),
        tier=str(plan["tier"]),
        machine=machine,
        processes=int(plan["processes"]),
        wheel_digest=str(plan.get("wheel_digest", "")),
        plan=tuple(_planned(plan)),
        rows=rows,
        controls=tuple(_controls(directory / "controls.jsonl")),
        checks=checks,
        starts=tuple(start for name in plan["kernels"] for start in _starts(directory, name)),
        sizes=tuple(entry for name in plan["kernels"] for entry in _sizes(directory, name)),
        left_out=tuple(
            LeftOut(e["kernel"], e["case"], number(e.get("estimate_s")), e["reason"]) for e in plan.get("left_out", ())
        ),
        problems=(*problems, *unread),
        uncommitted=uncommitted.of_run(directory, receipt),
        receipt=receipt,
        input_versions=dict(receipt.get("input_versions", {})),
    )


def _planned(plan: Json) -> Iterator[PlannedCell]:
    for kernel, entries in plan["kernels"].items():
        for entry in entries:
            yield from (PlannedCell(kernel, entry["case"], arm) for arm in entry["arms"] if arm != WALL)


def _receipt(path: Path) -> tuple[Json, tuple[str, ...]]:
    """Return the receipt of a run and the problems that it names, or that there is none to be read."""
    if not path.is_file():
        return {}, (UNFINISHED,)
    try:
        receipt = read_json(path, "receipt")
    except ValueError as error:
        return {}, (str(error),)
    return receipt, tuple(receipt.get("problems", ()))


class _KernelRows:
    """Joins the lines that a run directory has of one kernel."""

    def __init__(self, directory: Path, plan: Json, machine: str, kernel: Kernel) -> None:
        self.plan, self.machine, self.kernel = plan, machine, kernel
        self.lines: dict[tuple[str, str], list[Line]] = {}
        for line in read_lines(directory, kernel.name):
            self.lines.setdefault((line.case, line.group), []).append(line)
        self.memory = {(m.case, m.arm): m for m in read_memory(directory, kernel.name)}

    def rows(self, entries: Sequence[Json]) -> Iterator[Row]:
        """Yield every planned cell in each group that knows of it, and a failed row where none does."""
        for entry in entries:
            for arm in dict.fromkeys([*entry["arms"], WALL]):
                found = [row for group in GROUPS if (row := self._row(entry["case"], arm, group)) is not None]
                yield from found or [self._blank(entry["case"], arm)]

    def _row(self, case: str, arm: str, group: Group) -> Row | None:
        lines = [line for line in self.lines.get((case, group), ()) if arm in line.arms]
        if not lines:
            return None
        outcomes = {line.process: line.arms[arm] for line in lines}
        status, reason = _outcome(outcomes)
        times = {p: o.time_s for p, o in outcomes.items() if o.time_s is not None} if status == "ok" else {}
        memory = self.memory.get((case, arm))
        return self._make(
            case,
            arm,
            group,
            status=status,
            reason=reason,
            samples_s=times,
            threads=max(o.threads for o in outcomes.values()),
            measured_shape=lines[0].shape,
            input_bytes=lines[0].input_bytes,
            output_bytes=lines[0].output_bytes,
            peak_bytes=whole(memory.peak_bytes) if memory else None,
            minor_faults=whole(memory.minor_faults) if memory else None,
            max_ulp=max((o.max_ulp for o in outcomes.values() if o.max_ulp is not None), default=None),
        )

    def _blank(self, case: str, arm: str) -> Row:
        return self._make(case, arm, "call", status="failed", reason=NOT_MEASURED)

    def _make(self, case_name: str, arm: str, group: Group, **rest: Any) -> Row:
        case = find(self.kernel.family, case_name)
        known: dict[str, Any] = {
            "threads": 1,
            "samples_s": {},
            "measured_shape": case.shape,
            "input_bytes": 0,
            "output_bytes": 0,
            **rest,
        }
        return Row(
            kernel=self.kernel.name,
            implementation=arm,
            case=case_name,
            dtype=case.dtype,
            commit=str(self.plan["commit"]),
            machine=self.machine,
            group=group,
            shape=case.shape,
            **known,
        )


def _outcome(outcomes: Mapping[int, Outcome]) -> tuple[Status, str]:
    """Return one status for all processes: a failure anywhere is a failure, a skip anywhere a skip."""
    for process, outcome in sorted(outcomes.items()):
        if outcome.status == "failed":
            return "failed", f"process {process}: {outcome.reason or 'no reason was recorded'}"
    for outcome in outcomes.values():
        if outcome.status == "skipped":
            return "skipped", outcome.reason or "no reason was recorded"
    return "ok", ""


def is_crop_notice(row: Row) -> bool:
    """Tell whether a row only says that its cell was too slow for the whole case and stands in group ``crop``."""
    return row.group == "call" and row.status == "skipped" and row.reason.startswith(CROPPED)


def _controls(path: Path) -> Iterator[Control]:
    for line in newest_of(read_raw(path), "kernel", "process"):
        yield Control(
            kernel=str(line["kernel"]),
            process=int(line["process"]),
            triad_1_gb_per_s=number(line.get("triad_1_gb_per_s")),
            triad_2_gb_per_s=number(line.get("triad_2_gb_per_s")),
            minmax_pairs_per_s=rates(line.get("minmax_pairs_per_s")),
            flop_per_s=rates(line.get("flop_per_s")),
            floor_s=rates(line.get("floor_s")),
            steal_share=number(line.get("steal_share")),
            triad_all_gb_per_s=number(line.get("triad_all_gb_per_s")),
            flop_2_per_s=rates(line.get("flop_2_per_s")),
            flop_all_per_s=rates(line.get("flop_all_per_s")),
            threads=whole(line.get("threads")),
            load_1min=number(line.get("load_1min")),
            quota_cores=number(line.get("quota_cores")),
            quota_periods=whole(line.get("quota_periods")),
            throttled_periods=whole(line.get("throttled_periods")),
            online_cores=whole(line.get("online_cores")),
        )


def _starts(directory: Path, kernel: str) -> Iterator[Start]:
    for line in read_start(directory, kernel):
        known = asdict(line)
        yield Start(kernel, known.pop("arm"), known.pop("status"), known.pop("reason"), **known)


def _sizes(directory: Path, kernel: str) -> Iterator[SizeTimes]:
    """Yield the times of every implementation on every small size on which all of its processes were right."""
    lines = read_sizes(directory, kernel)
    for shape in dict.fromkeys(line.shape for line in lines):
        mine = [line for line in lines if line.shape == shape]
        for arm in dict.fromkeys(arm for line in mine for arm in line.arms):
            outcomes = {line.process: line.arms[arm] for line in mine if arm in line.arms}
            if _outcome(outcomes)[0] == "ok":
                yield SizeTimes(kernel, arm, shape, {p: o.time_s for p, o in outcomes.items() if o.time_s})


def _checks(path: Path) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Return what ``python -m lab verify --json`` said, where the run kept it, and a problem where that is cut."""
    try:
        entries = read_list(path)
    except ValueError as error:
        return (), (f"verification: {error}",)
    return tuple(Check(str(e["kernel"]), str(e["implementation"]), e["status"]) for e in entries), ()


def _created(run_id: str) -> str:
    try:
        return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return "unknown"
