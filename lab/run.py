"""``python -m lab run``: measure named cases of HEAD through asv, paired and checked."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.runs import Plan

REPO = Path(__file__).resolve().parents[1]


def run(  # noqa: PLR0917 (typer hands them over by name)
    kernels: Annotated[list[str] | None, typer.Argument(metavar="KERNEL", help="Default: all of them.")] = None,
    tier: Annotated[
        str, typer.Option(metavar="TIER", help="smoke, core or full: how many of the named cases.")
    ] = "smoke",
    centre: Annotated[bool, typer.Option("--centre", help="Also the centre case of each family.")] = False,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="Exactly this case, of any tier; may be repeated."),
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", help="Spawned processes; below 6 there is no 95 % interval.")
    ] = 6,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this plan.")
    ] = False,
) -> None:
    """Measure the commit that is checked out, in asv's environment, into reports/runs and asv's results.

    An interrupt loses nothing that was measured: --resume goes on. Exits with 2 when a planned cell was not measured or
    failed, or when the wheel is not the one just built, and says which.
    """
    from rich.console import Console

    console = Console(stderr=True)
    plan = _plan(console, kernels or [], tier=tier, centre=centre, cases=case or [], processes=processes)
    run_dir = _run_dir(plan, resume)
    # Handled even where a shell has them ignored for jobs in the background, or asv would ignore them too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        _measure(console, plan, run_dir)
    except KeyboardInterrupt:
        console.print(f"Interrupted. What was measured is kept in {run_dir}; the same command with --resume goes on.")
        raise typer.Exit(130) from None
    _finish(console, plan, run_dir)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _plan(console: Console, kernels: list[str], *, tier: str, centre: bool, cases: list[str], processes: int) -> Plan:
    from benchmarks import runs, wheel
    from inputs.cases import TIERS

    if tier not in TIERS:
        raise ValueError(f"tier: was {tier!r}; accepted are {', '.join(TIERS)}")
    runs.require_processes(processes)
    chosen = runs.chosen_cases(kernels, tier, centre=centre, cases=cases)
    runs.require_clean()
    with console.status("building the wheel, or finding it in the cache"):
        digest = wheel.digest(wheel.build(REPO))
    return runs.make_plan(chosen, "cases" if cases else tier, digest, processes)


def _run_dir(plan: Plan, resume: bool) -> Path:
    from benchmarks import pairing, runs

    found = runs.unfinished(plan) if resume else None
    if found is None:
        found = runs.RUNS / plan.run_id
        plan.save(found)
    for mark in pairing.broken_marks(found):
        mark.unlink()
    return found


def _measure(console: Console, plan: Plan, run_dir: Path) -> None:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from benchmarks import asvcall, runs

    machine = asvcall.this_machine()
    asvcall.ensure_machine(machine)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=console) as shown:
        task = shown.add_task("asv: environment", total=runs.lines_planned(plan))
        for kernel in runs.kernels_left(plan, run_dir):
            cases = [entry.case for entry in plan.kernels[kernel]]

            def tick(kernel: str = kernel) -> None:
                measuring = (run_dir / f"{kernel}.jsonl").exists()
                shown.update(
                    task,
                    completed=runs.lines_done(plan, run_dir),
                    description=kernel if measuring else f"{kernel}: asv builds and prepares",
                )

            asvcall.run_kernel(run_dir, kernel, cases, machine, tick, commit=plan.commit)
            (run_dir / f"{kernel}.done").touch()
            tick()


def _finish(console: Console, plan: Plan, run_dir: Path) -> None:
    from benchmarks import runs, verification

    found = runs.problems(plan, run_dir)
    verification.carry(run_dir, plan.wheel_digest)
    runs.write_receipt(run_dir, found)
    cells = sum(len(entry.arms) for entries in plan.kernels.values() for entry in entries)
    console.print(f"{cells} cells planned, run {run_dir.name}: {'complete' if not found else 'not complete'}")
    if found:
        for problem in found:
            typer.secho(f"  {problem}", fg="red", err=True)
        raise typer.Exit(2)
