"""``python -m lab history``: measure several commits on this machine, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from benchmarks.asvcall import Machine
    from benchmarks.history import Commit
    from benchmarks.runs import Plan


def history(  # noqa: PLR0917 (typer hands them over by name)
    kernels: Annotated[list[str] | None, typer.Argument(metavar="KERNEL", help="Default: all of them.")] = None,
    commits: Annotated[
        int, typer.Option(metavar="N", help="The last N commits of the main line that changed what is measured.")
    ] = 5,
    commit: Annotated[
        list[str] | None,
        typer.Option("--commit", metavar="REV", help="Exactly this commit; may be repeated. Oldest first."),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="Exactly this case; may be repeated. Default: smoke and sizes."),
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", help="Spawned processes; below 6 there is no 95 % interval.")
    ] = 3,
    again: Annotated[bool, typer.Option("--again", help="Measure also what was measured before.")] = False,
) -> None:
    """Measure commits with today's cases, contract and clockwork, as expert NumPy, Numba and Rust.

    What was measured before is not measured again, so the same command goes on after an interrupt. ``lab record``
    keeps the result. EOLAB_MACHINE names the machine. Exits with 2 when a cell was not measured or failed.
    """
    from rich.console import Console

    from benchmarks import asvcall
    from benchmarks import history as commits_of

    console = Console(stderr=True)
    chosen = [commits_of.commit(name) for name in commit] if commit else commits_of.steps(commits)
    cases = commits_of.chosen_cases(kernels or [], case or [])
    machine = asvcall.this_machine()
    asvcall.ensure_machine(machine)
    asvcall.ensure_peers()
    asvcall.heed_interrupts()
    try:
        whole = [_commit(console, of, cases, machine, processes=processes, again=again) for of in chosen]
    except KeyboardInterrupt:
        console.print("Interrupted. What was measured is kept; the same command goes on.")
        raise typer.Exit(130) from None
    if not all(whole):
        raise typer.Exit(2)


def _commit(
    console: Console, of: Commit, cases: Mapping[str, tuple[str, ...]], machine: Machine, *, processes: int, again: bool
) -> bool:
    """Measure a commit where that is not done, and tell whether everything planned is there and right."""
    from benchmarks import history as commits_of
    from benchmarks import runs

    console.print(f"{of.commit[:8]} {of.subject}", highlight=False, soft_wrap=True)
    with console.status("building its wheel, or finding it in the cache"):
        plan = commits_of.make_plan(of, cases, processes)
    run_dir = None if again else commits_of.earlier(plan)
    if run_dir is None:
        run_dir = commits_of.RUNS / plan.run_id
        plan.save(run_dir)
    done = (run_dir / "receipt.json").is_file() and not runs.kernels_left(plan, run_dir)
    if done:
        console.print(f"  measured before, in {run_dir.name}", highlight=False)
    else:
        _measure(console, plan, run_dir, machine)
    found = runs.problems(plan, run_dir, commits_of.RESULTS, may_lack=True)
    if not done:
        runs.write_receipt(run_dir, found)
    for problem in found:
        typer.secho(f"  {problem}", fg="red", err=True)
    return not found


def _measure(console: Console, plan: Plan, run_dir: Path, machine: Machine) -> None:
    from benchmarks import asvcall, pairing, runs
    from benchmarks import history as commits_of

    for mark in pairing.broken_marks(run_dir):
        mark.unlink()
    configuration = asvcall.configured(commits_of.FOLDER)
    for kernel in runs.kernels_left(plan, run_dir):
        with console.status(kernel) as shown:
            names = [entry.case for entry in plan.kernels[kernel]]

            def tick(kernel: str = kernel, shown: Status = shown) -> None:
                shown.update(f"{kernel}: {runs.lines_done(plan, run_dir)} of {runs.lines_planned(plan)} steps")

            asvcall.run_kernel(run_dir, kernel, names, machine, tick, commit=plan.commit, configuration=configuration)
            (run_dir / f"{kernel}.done").touch()
