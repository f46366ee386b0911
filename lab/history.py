"""``python -m lab history``: measure several commits on this machine, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.asv.machine import Machine
    from benchmarks.runs.history import Commit
    from benchmarks.runs.planning import Plan


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
    from benchmarks.asv import runner
    from benchmarks.asv.machine import ensure_machine, this_machine
    from benchmarks.environment import lock
    from benchmarks.runs import history as commits_of
    from lab import terminal

    console = terminal.console(stderr=True)
    machine = this_machine()
    chosen = [commits_of.commit(name) for name in commit] if commit else commits_of.steps(commits)
    cases = commits_of.chosen_cases(kernels or [], case or [])
    runner.heed_interrupts()
    with _kept(console), lock.one_run("history", partial(_show, console)) as measuring:
        _show(console, ensure_machine(machine))
        runner.ensure_peers()
        whole = [_commit(console, of, cases, machine, measuring, processes=processes, again=again) for of in chosen]
        if not all(whole):
            raise typer.Exit(2)


@contextmanager
def _kept(console: Console) -> Iterator[None]:
    """Say how it goes on after an interrupt or on a full disk."""
    from benchmarks.environment import disk_room
    from lab import terminal

    kept = "What was measured is kept; the same command goes on"
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"Interrupted. {kept}.")
        raise typer.Exit(130) from None
    except OSError as error:
        if error.errno not in disk_room.FULL:
            raise
        terminal.say(f"error: {disk_room.said(error)}. {kept} when there is room.", "red")
        raise typer.Exit(2) from None


def _show(console: Console, *sentences: str) -> None:
    for said in filter(None, sentences):
        console.print(said, highlight=False, soft_wrap=True)


def _commit(
    console: Console,
    of: Commit,
    cases: Mapping[str, tuple[str, ...]],
    machine: Machine,
    measuring: Callable[[str], None],
    *,
    processes: int,
    again: bool,
) -> bool:
    """Measure a commit where that is not done, and tell whether everything planned is there and right."""
    from benchmarks.asv import resultfiles
    from benchmarks.runs import history as commits_of
    from benchmarks.runs import inventory, planning
    from lab import progress, terminal

    console.print(f"{of.commit[:8]} {of.subject}", highlight=False, soft_wrap=True)
    with progress.shown("building its wheel, or finding it in the cache"):
        plan = commits_of.make_plan(of, cases, processes, machine.machine)
    run_dir = None if again else commits_of.earlier(plan)
    if run_dir is None:
        plan, run_dir = inventory.claim(plan, commits_of.RUNS)
    measuring(str(run_dir))
    _show(console, *resultfiles.set_aside(commits_of.RESULTS, machine.machine, plan.commit))
    done = (run_dir / "receipt.json").is_file() and not inventory.kernels_left(plan, run_dir, commits_of.RESULTS)
    if done:
        console.print(f"  measured before, in {run_dir.name}", highlight=False)
    else:
        _measure(plan, run_dir, machine)
    found = planning.problems(plan, run_dir, commits_of.RESULTS, may_lack=True)
    if not done:
        planning.write_receipt(run_dir, found)
    for problem in found:
        terminal.say(f"  {problem}", "red")
    return not found


def _measure(plan: Plan, run_dir: Path, machine: Machine) -> None:
    from benchmarks.asv import runner
    from benchmarks.environment import checkout
    from benchmarks.pairing import conductor
    from benchmarks.runs import history as commits_of
    from benchmarks.runs import inventory, planning
    from lab import progress

    checkout.note(run_dir)
    for mark in conductor.broken_marks(run_dir):
        mark.unlink()
    with progress.shown("asv: environment", planning.lines_planned(plan)) as update:
        for kernel in inventory.kernels_left(plan, run_dir, commits_of.RESULTS):
            names = [entry.case for entry in plan.kernels[kernel]]

            def tick(kernel: str = kernel) -> None:
                update(kernel, planning.lines_done(plan, run_dir))

            runner.run_kernel(run_dir, kernel, names, machine, tick, commit=plan.commit, results=commits_of.RESULTS)
            (run_dir / f"{kernel}.done").touch()
