"""``python -m lab report``: the newest run as a page, a Markdown file, a table and a summary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import terminal

if TYPE_CHECKING:
    from benchmarks.runs.planning import Plan
    from reports.read.rows import Run
    from reports.stats.error_rates import ErrorRates
    from reports.stats.flags import Flag
    from reports.words import Line

REPO = Path(__file__).resolve().parents[1]


def report(
    run: Annotated[
        str, typer.Option(metavar="RUN", help="Run to report on, by its name in reports/runs; the newest by default.")
    ] = "",
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Directory to write, replaced as a whole.", show_default="reports/latest"),
    ] = REPO / "reports" / "latest",
    readme: Annotated[
        bool, typer.Option("--readme", help="Also splice the result of a complete run into README.md.")
    ] = False,
) -> None:
    """Turn the newest run into index.html, report.md, results.csv and summary.json.

    Exits with 2 when planned cells have no result, or the run was not complete, and says which. --readme refuses a run
    that lacks kernels, and one that was measured, or is reported, with uncommitted changes of the lab.
    """
    from benchmarks.registry import KERNELS
    from reports import words
    from reports.read import load, uncommitted
    from reports.stats import losses, summary
    from reports.write import render, splice

    measured = load.read_run(_chosen(run), KERNELS)
    changes = replace(measured.uncommitted, reporting=uncommitted.now())
    measured = replace(measured, uncommitted=changes)
    found = replace(summary.summarise(measured, KERNELS), error_rates=_error_rates())
    page = render.write(measured, found, KERNELS, out.resolve(), _flags(measured))
    canary = f"{found.canary.state}. {words.canary_sentence(found.canary)}"
    _show(words.overview(found, KERNELS), canary, page, changes.sentence())
    lost = words.count(len(losses.losses(found)), "losing cell")
    typer.echo(f"{lost}, which stand first in the page.")
    gaps = summary.gaps(found, KERNELS)
    for problem in measured.problems:
        terminal.say(problem, "red")
    for cell in gaps:
        reason = cell.reason or f"measured in {cell.processes} of {found.processes} processes"
        terminal.say(f"{cell.kernel} {cell.case} {cell.implementation}: {reason}", "red")
    if gaps or measured.problems:
        if readme:
            terminal.say("README.md was left as it is: it quotes complete runs only", "red")
        raise typer.Exit(2)
    if readme:
        splice.write(found, KERNELS, REPO / "README.md", REPO / "docs" / "report.png")


def _flags(run: Run) -> tuple[Flag, ...]:
    """Return what the history of the run's machine shows of its kernels; one that cannot be read ends no report."""
    from tempfile import TemporaryDirectory

    from benchmarks.runs import history
    from lab import histories
    from reports.stats import flags, series

    kernels = list(dict.fromkeys(cell.kernel for cell in run.plan))
    with TemporaryDirectory(prefix="eolab-") as folder:
        try:
            unreadable = histories.gather(Path(folder), machine=run.machine, say=False)
            found = flags.find(series.by_machine(Path(folder)), kernels, history.unmeasured).flags
        except (OSError, ValueError, KeyError) as error:
            unreadable, found = [str(error)], ()
    for wrong in unreadable:
        terminal.say(f"left out of the steps in the history: {wrong}", "yellow")
    return found


def _error_rates() -> ErrorRates:
    """Return what the ledger says of the gate; one that cannot be read ends no report, and the page says so."""
    from benchmarks.gate import ledger
    from reports.stats import error_rates

    try:
        return error_rates.error_rates(ledger.read_all())
    except (OSError, ValueError) as error:
        terminal.say(f"left out of the report: {error}", "yellow")
        return error_rates.ErrorRates(unreadable=str(error))


def _chosen(name: str) -> Path:
    """Return the run directory of that name, or the newest that has measured something, and say which it is."""
    from benchmarks.environment import lock
    from benchmarks.runs import inventory, planning
    from reports.read import load

    passed: list[inventory.Found] = []
    if name:
        found = inventory.look(load.named(planning.RUNS, name), lock.holder())
    else:
        found, passed = inventory.newest(planning.RUNS)
    if found.state == "unreadable":
        raise ValueError(f"run: {found.sentence()}")
    for newer in passed:
        terminal.say(f"passed over: {newer.sentence()}", "yellow")
    typer.echo(f"Run {found.sentence()}.")
    if found.plan is not None and (note := _note(found.plan, found.run_dir)):
        terminal.say(note, "yellow")
    return found.run_dir


def _note(plan: Plan, run_dir: Path) -> str:
    """Return that a run is of another machine, or that asv's own tools show other numbers than it has, or nothing."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.registry import KERNELS
    from benchmarks.runs import planning

    here = this_machine().machine
    if plan.machine not in {"", here}:
        return f"This run is of another machine, {plan.machine}; this one is {here}."
    known = [kernel for kernel in plan.kernels if kernel in KERNELS]
    other = sum(len(planning.unlike_asv(plan, run_dir, kernel, planning.ASV_RESULTS)) for kernel in known)
    if not other:
        return ""
    return f"asv's file of this commit has not this run's samples of {other} cells, as after a later run of the commit."


def _show(lines: list[Line], canary: str, page: Path, uncommitted: str = "") -> None:
    console = terminal.console()
    columns = [
        terminal.Column(""),
        terminal.Column("time", number=True),
        terminal.Column("× expert NumPy", whole=True),
        terminal.Column("in a word", most=len("difference")),  # so that 80 columns hold a line of any implementation
        terminal.Column("of limit", number=True),
        terminal.Column("verified"),
    ]
    for kernel in dict.fromkeys(line.kernel for line in lines):
        mine = [line for line in lines if line.kernel == kernel]
        title = f"{kernel} at {mine[0].case}{', with uncommitted changes' if uncommitted else ''}"
        rows = [
            terminal.Row((line.implementation, line.time, line.ratio, line.word, line.fraction, line.verified))
            for line in mine
        ]
        terminal.show(console, title, columns, rows)
        console.print()
    if any("*" in line.time + line.ratio for line in lines):
        console.print("* on the centre crop, where the whole case takes more than 200 ms a call", highlight=False)
    console.print(f"Canary: {canary}", highlight=False)
    if uncommitted:
        console.print(f"{uncommitted}.", style="yellow", highlight=False)
    console.print(f"Report: {page}", highlight=False, soft_wrap=True)
