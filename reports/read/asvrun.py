"""Reads one of asv's result files as a run: all that is left of a commit whose run directory is elsewhere or gone.

asv keeps a time per process, in one order for every implementation, and the names of machine and packages. A cell that
failed or was skipped looks there like one that was never asked for, so only cells with a time are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.registry import takes_threads
from benchmarks.spec import Kernel
from inputs.families import CASES
from reports.read import asvfiles
from reports.read.jsonio import Json, number, read_json
from reports.read.rows import WALL, Group, PlannedCell, Row, Run

KINDS: Mapping[str, Group] = {"ktime_call": "call", "ktime_crop": "crop"}


def read_asv(path: Path, kernels: Mapping[str, Kernel]) -> Run:
    """Read a result file of asv.

    Parameters
    ----------
    path
        ``<results>/<machine>/<commit>-<environment>.json``.
    kernels
        The registry; benchmarks and cases that it does not know are left out.

    Raises
    ------
    ValueError
        Where the file is not there, is cut, or is no result file of asv.
    """
    data = read_json(path, "asv")
    lacking = [name for name in ("commit_hash", "result_columns", "results") if name not in data]
    if lacking:
        raise ValueError(f"asv: {path} is no result file of asv, it has no {lacking[0]}")
    results, params = asvfiles.benchmarks(data), data.get("params", {})
    machine, commit = str(params.get("machine") or path.parent.name), str(data["commit_hash"])
    rows = tuple(row for kernel in kernels.values() for row in _rows(results, kernel, commit, machine))
    cells = dict.fromkeys(PlannedCell(r.kernel, r.case, r.implementation) for r in rows if r.implementation != WALL)
    return Run(
        run_id=path.name,
        created=_began(results),
        commit=commit,
        tier="asv",
        machine=machine,
        processes=max((len(row.samples_s) for row in rows), default=0),
        wheel_digest="",
        plan=tuple(cells),
        rows=rows,
        receipt=_receipt(data, params),
    )


def _rows(results: Json, kernel: Kernel, commit: str, machine: str) -> Iterator[Row]:
    cases = {case.name: case for case in CASES[kernel.family]}
    for kind, group in KINDS.items():
        for (name, arm), samples in asvfiles.benchmark(results, kernel.name, kind).items():
            if name not in cases or not samples.values:
                continue
            case = cases[name]
            yield Row(
                kernel=kernel.name,
                implementation=arm,
                case=name,
                dtype=case.dtype,
                threads=case.thread_count if takes_threads(arm) else 1,
                commit=commit,
                machine=machine,
                group=group,
                status="ok",
                reason="",
                samples_s=dict(enumerate(samples.values)),
                shape=case.shape,
                measured_shape=case.shape if group == "call" else (),
                input_bytes=0,
                output_bytes=0,
            )


def _began(results: Json) -> str:
    """Return when the first benchmark was started, ISO 8601."""
    starts = [start for columns in results.values() if (start := number(columns.get("started_at")))]
    return datetime.fromtimestamp(min(starts) / 1000, UTC).isoformat(timespec="seconds") if starts else "unknown"


def _receipt(data: Json, params: Json) -> dict[str, Any]:
    """Return what asv says of machine and packages, under the names that a run's receipt has for it."""
    machine: dict[str, Any] = {"cpu": params["cpu"]} if "cpu" in params else {}
    if "num_cpu" in params:
        machine["cores"] = {"usable": params["num_cpu"]}
    packages = {name.removeprefix("pip+"): version for name, version in data.get("requirements", {}).items()}
    return {"machine": machine, "measured_process": {"packages": packages, "variables": data.get("env_vars", {})}}
