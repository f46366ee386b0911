"""``python -m lab record``: keep what ``lab history`` measured on one machine under reports/record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import terminal

if TYPE_CHECKING:
    from reports.read.rows import Run

REPO = Path(__file__).resolve().parents[1]


def record(
    machine: Annotated[
        str | None, typer.Option(metavar="NAME", help="asv's name of the machine; this one's by default.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the record is kept.", show_default="reports/record")
    ] = REPO / "reports" / "record",
) -> None:
    """Copy asv's results of a machine, in small, with a dated CSV and the receipt of machine and commits.

    The newest finished run of each commit counts. Commits that no branch has any more are left out and named. What the
    record already has of other commits stays. Runs that were measured with uncommitted changes of the lab are refused.
    """
    from datetime import UTC, datetime

    from benchmarks.asv.machine import named_machine, this_machine
    from benchmarks.environment import checkout
    from benchmarks.registry import KERNELS
    from benchmarks.runs import history
    from reports.stats.summary import summarise
    from reports.write import keeping as kept

    name = this_machine().machine if machine is None else named_machine(machine, "machine")
    for wrong in kept.unreadable([history.RESULTS]):
        terminal.say(f"left out: {wrong}", "yellow")
    commits = kept.commits(history.RESULTS, name)
    lost = {commit: why for commit in commits if (why := checkout.lost(commit))}
    for commit, why in lost.items():
        terminal.say(f"left out: commit {commit[:8]}: {why}", "yellow")
    ended = {run.commit: run for run in _ended(history.RUNS) if run.commit in commits and run.machine == name}
    measured = [run for run in ended.values() if run.commit not in lost]
    if not measured:
        raise ValueError(
            f"machine: {name!r} has no finished run of the commits in this history; `lab history` makes one"
        )
    _require_committed(measured)
    history_of = [kept.Measured(history.commit(run.commit), run, summarise(run, KERNELS)) for run in measured]
    ordered = sorted(history_of, key=lambda entry: datetime.fromisoformat(entry.of.committed))
    kept.merge([history.RESULTS], out / "asv", only=name, without=lost)
    strings = kept.machine_strings(history.RESULTS / name)
    rows, origin = kept.write(ordered, strings, f"{datetime.now(UTC):%Y-%m-%d}", out)
    for entry in ordered:
        cells = entry.summary.coverage
        typer.echo(f"{entry.of.commit[:8]}  {cells.measured} of {cells.planned} cells  {entry.of.subject}")
    typer.echo(f"Written: {rows}, {origin.name} and {len(commits) - len(lost)} commits in {out / 'asv' / name}.")


def _require_committed(runs: Iterable[Run]) -> None:
    """Raise a ValueError where a run, or the record of it, would be made with what no commit has."""
    from reports.read import uncommitted

    for run in runs:
        if said := run.uncommitted.sentence():
            again = f"`lab history --again --commit {run.commit[:8]}` measures it anew"
            raise ValueError(f"record: run {run.run_id} of commit {run.commit[:8]}: {said}; {again}")
    if said := uncommitted.Uncommitted(reporting=uncommitted.now()).sentence():
        raise ValueError(f"record: {said}; commit them first")


def _ended(runs: Path) -> Iterator[Run]:
    """Yield the runs in a folder that have ended, the oldest first, and name those that cannot be read."""
    from benchmarks.registry import KERNELS
    from benchmarks.runs import inventory
    from reports.read import load

    for found in reversed([*inventory.of_folder(runs)]):
        if found.state == "unreadable":
            terminal.say(f"left out: {found.sentence()}", "yellow")
        elif found.state in {"complete", "not complete"}:
            yield load.read_run(found.run_dir, KERNELS)
