"""Reads a commit from a dated table of ``reports/record`` as a run.

The table has the median of each cell and no processes, so what is compared with it has no interval. asv's file of the
same commit, which lies beside it, has them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.spec import Kernel
from inputs.families import CASES
from reports.read.jsonio import Json, read_json
from reports.read.rows import PlannedCell, Row, Run, Status

Line = Mapping[str, str]
NEEDED = ("commit", "committed", "kernel", "case", "implementation", "threads", "status", "measured_shape", "median_s")
NO_REASON = "the record says no reason"
STATUSES: Mapping[str, Status] = {"ok": "ok", "failed": "failed", "skipped": "skipped"}


def read_record(path: Path, kernels: Mapping[str, Kernel], commit: str = "") -> Run:
    """Read one commit of a dated table.

    Parameters
    ----------
    path
        The table, ``….csv``, or its receipt, ``….json``; the other one is expected beside it.
    kernels
        The registry; kernels and cases that it does not know are left out.
    commit
        The beginning of the commit's hash; the newest of the table by default.

    Raises
    ------
    ValueError
        Where a file is not there or is no record, or `commit` names none of its commits or several.
    """
    lines, receipt = _lines(path.with_suffix(".csv")), read_json(path.with_suffix(".json"), "record")
    dates = {line["commit"]: line["committed"] for line in lines}
    chosen = [name for name in dates if name.startswith(commit)] if commit else [max(dates, key=dates.__getitem__)]
    if len(chosen) != 1:
        raise ValueError(f"record: was {commit!r}; {path.name} has {', '.join(name[:8] for name in dates)}")
    machine = str(receipt.get("asv_machine", {}).get("machine", "unknown"))
    about: Json = next((entry for entry in receipt.get("commits", ()) if entry["commit"] == chosen[0]), {})
    rows = tuple(
        row for line in lines if line["commit"] == chosen[0] and (row := _row(line, machine, kernels, path)) is not None
    )
    return Run(
        run_id=f"{path.stem}:{chosen[0][:8]}",
        created=str(about.get("measured", "unknown")),
        commit=chosen[0],
        tier="record",
        machine=machine,
        processes=int(about.get("processes", 0)),
        wheel_digest=str(about.get("wheel_digest", "")),
        plan=tuple(PlannedCell(row.kernel, row.case, row.implementation) for row in rows),
        rows=rows,
        problems=tuple(about.get("problems", ())),
        receipt={"machine": receipt.get("machine", {}), "lab": receipt.get("lab", {})},
    )


def _lines(path: Path) -> Sequence[Line]:
    if not path.is_file():
        raise ValueError(f"record: {path} does not exist")
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    lacking = [name for name in NEEDED if not lines or lines[0].get(name) is None]
    if lacking:
        raise ValueError(f"record: {path} is no table of the record, it has no {lacking[0]}")
    return lines


def _row(line: Line, machine: str, kernels: Mapping[str, Kernel], path: Path) -> Row | None:
    kernel = kernels.get(line["kernel"])
    case = next((c for c in CASES[kernel.family] if c.name == line["case"]), None) if kernel else None
    if case is None:
        return None
    try:
        status, ok = STATUSES[line["status"]], line["status"] == "ok"
        shape = tuple(int(n) for n in line["measured_shape"].split("x")) if ok else case.shape
        samples = {0: float(line["median_s"])} if ok else {}
        threads = int(line["threads"])
    except (KeyError, ValueError) as error:
        raise ValueError(f"record: {path.name}: {line['kernel']} {line['case']} cannot be read: {error}") from None
    return Row(
        kernel=line["kernel"],
        implementation=line["implementation"],
        case=case.name,
        dtype=case.dtype,
        threads=threads,
        commit=line["commit"],
        machine=machine,
        group="call" if shape == case.shape else "crop",
        status=status,
        reason="" if ok else NO_REASON,
        samples_s=samples,
        shape=case.shape,
        measured_shape=shape,
        input_bytes=0,
        output_bytes=0,
    )
