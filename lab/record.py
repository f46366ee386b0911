"""``python -m lab record``: keep what ``lab history`` measured on one machine under reports/record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

REPO = Path(__file__).resolve().parents[1]


def record(
    machine: Annotated[
        str, typer.Option(metavar="NAME", help="asv's name of the machine; this one's by default.")
    ] = "",
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the record is kept.", show_default="reports/record")
    ] = REPO / "reports" / "record",
) -> None:
    """Copy asv's results of a machine, in small, with a dated CSV and the receipt of machine and commits.

    Of each commit its newest finished run counts. What the record already has of other commits stays.
    """
    from datetime import UTC, datetime

    from benchmarks import asvcall, history
    from benchmarks.registry import KERNELS
    from reports import load
    from reports import record as kept
    from reports.jsonio import read_json
    from reports.summary import summarise

    name = machine or asvcall.this_machine().machine
    commits = kept.keep_results(history.RESULTS, name, out / "asv")
    measured: dict[str, kept.Measured] = {}
    for run_dir in load.known(history.RUNS):
        run = load.read_run(run_dir, history.RESULTS, KERNELS)
        if run.commit in commits and run.machine == name and (run_dir / "receipt.json").is_file():
            measured[run.commit] = kept.Measured(history.commit(run.commit), run, summarise(run, KERNELS))
    if not measured:
        raise ValueError(
            f"machine: {name!r} has results and no finished run in {history.RUNS}; `lab history` makes one"
        )
    ordered = sorted(measured.values(), key=lambda entry: datetime.fromisoformat(entry.of.committed))
    strings = {key: str(value) for key, value in read_json(history.RESULTS / name / kept.MACHINE).items()}
    rows, origin = kept.write(ordered, strings, f"{datetime.now(UTC):%Y-%m-%d}", out)
    for entry in ordered:
        cells = entry.summary.coverage
        typer.echo(f"{entry.of.commit[:8]}  {cells.measured} of {cells.planned} cells  {entry.of.subject}")
    typer.echo(f"Written: {rows}, {origin.name} and {len(commits)} result files in {out / 'asv' / name}.")
