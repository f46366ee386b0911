"""``python -m lab run``: measure named cases of HEAD through asv, paired and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.runs.budget import LeftOut
    from benchmarks.runs.planning import Plan

REPO = Path(__file__).resolve().parents[1]


def run(  # noqa: PLR0917 (typer hands them over by name)
    kernels: Annotated[list[str] | None, typer.Argument(metavar="KERNEL", help="Default: all of them.")] = None,
    tier: Annotated[
        str | None,
        typer.Option(metavar="TIER", help="smoke, core or full: how many of the named cases. Default: smoke."),
    ] = None,
    centre: Annotated[bool, typer.Option("--centre", help="Also the centre case of each family.")] = False,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="Exactly this case, of any tier; may be repeated."),
    ] = None,
    budget: Annotated[
        str,
        typer.Option(metavar="TIME", help="Of the tier (default: core) only the most valuable that fit into 10m."),
    ] = "",
    processes: Annotated[
        int, typer.Option(metavar="N", help="Spawned processes; below 6 there is no 95 % interval.")
    ] = 6,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this plan.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the cells and about how long they take; write nothing.")
    ] = False,
) -> None:
    """Measure the commit that is checked out, in asv's environment, into reports/runs and asv's results.

    An interrupt loses nothing that was measured: --resume goes on. Where another run of this checkout is going on, this
    one waits for it. Exits with 2 when a planned cell was not measured or failed, when nothing was measured, when the
    wheel is not the one just built, or when there is no space left, and says which.
    """
    from benchmarks.asv import runner
    from lab import terminal

    console = terminal.console(stderr=True)
    wanted = _Wanted(tuple(kernels or ()), tier or ("core" if budget else "smoke"), centre, tuple(case or ()), budget)
    if dry_run and resume:
        raise ValueError("dry-run: shows what a new run measures, and is not accepted together with --resume")
    runner.heed_interrupts()
    try:
        _begin(console, _plan(wanted, processes, is_dry=dry_run), budget, resume=resume, is_dry=dry_run)
    except KeyboardInterrupt:
        console.print("Interrupted before anything was measured.")
        raise typer.Exit(130) from None


def _begin(console: Console, plan: Plan, budget: str, *, resume: bool, is_dry: bool) -> None:
    """Say what is left out, then measure, or say how long that would take."""
    if resume or budget:
        _name_unreadable(console)
    _show_left_out(console, plan, budget)
    if is_dry:
        _foretell(plan)
    else:
        _alone(console, plan, resume)


def _alone(console: Console, plan: Plan, resume: bool) -> None:
    """Measure when no other run of this checkout does."""
    from benchmarks.environment import lock

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, soft_wrap=True)

    with lock.one_run("run", say) as measuring:
        plan, run_dir = _run_dir(plan, resume)
        measuring(str(run_dir))
        _measured(console, plan, run_dir)


def _measured(console: Console, plan: Plan, run_dir: Path) -> None:
    """Measure and finish a run, or say how it goes on where it was ended."""
    from benchmarks.environment import checkout, disk_room
    from lab import terminal

    kept = f"What was measured is kept in {run_dir}; the same command with --resume goes on"
    try:
        checkout.note(run_dir, plan.commit)
        _measure(console, plan, run_dir)
        _finish(console, plan, run_dir)
    except KeyboardInterrupt:
        console.print(f"Interrupted. {kept}.")
        raise typer.Exit(130) from None
    except OSError as error:
        if error.errno not in disk_room.FULL:
            raise
        terminal.say(f"error: {disk_room.said(error)}. {kept} when there is room.", "red")
        raise typer.Exit(2) from None


def _name_unreadable(console: Console) -> None:
    """Name the earlier runs that can neither be resumed nor tell how long a case takes."""
    from benchmarks.runs import inventory, planning

    for found in inventory.of_folder(planning.RUNS):
        if found.state == "unreadable":
            console.print(f"left out: {found.sentence()}", highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class _Wanted:
    """What was asked for on the command line."""

    kernels: tuple[str, ...]
    tier: str
    centre: bool
    cases: tuple[str, ...]
    budget: str


def _plan(wanted: _Wanted, processes: int, *, is_dry: bool = False) -> Plan:
    """Return what is to be measured; one that is dry is of no wheel."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.environment import checkout, wheel
    from benchmarks.runs import budget, planning
    from inputs.cases import TIERS
    from lab import progress

    machine = this_machine().machine
    if wanted.tier not in TIERS:
        raise ValueError(f"tier: was {wanted.tier!r}; accepted are {', '.join(TIERS)}")
    planning.require_processes(processes)
    limit_s = budget.parse(wanted.budget) if wanted.budget else None
    chosen = planning.chosen_cases(wanted.kernels, wanted.tier, centre=wanted.centre, cases=wanted.cases)
    left_out: tuple[budget.LeftOut, ...] = ()
    if limit_s is not None:
        choice = planning.within_budget(chosen, limit_s, processes)
        chosen, left_out = dict(choice.cases), choice.left_out
    digest = ""
    if not is_dry:
        checkout.require_clean()
        with progress.shown("building the wheel, or finding it in the cache"):
            digest = wheel.digest(wheel.build(REPO))
    tier = "cases" if wanted.cases else wanted.tier
    return planning.make_plan(chosen, tier, digest, processes, machine=machine, budget_s=limit_s, left_out=left_out)


def _foretell(plan: Plan) -> None:
    """Print the cells of a plan, and about how long each case, kernel and all of it will take."""
    from benchmarks import registry
    from benchmarks.runs import budget, planning
    from inputs.families import find

    estimate, begun_s = budget.estimator(planning.RUNS, plan.processes), budget.opening_s(plan.processes)
    cells, total_s = 0, 0.0
    for name, entries in plan.kernels.items():
        kernel = registry.get(name)
        cases_s = {entry.case: estimate(kernel, find(kernel.family, entry.case)) for entry in entries}
        typer.echo(f"{name}: {budget.said(begun_s + sum(cases_s.values()))}, {budget.said(begun_s)} of it to begin")
        typer.echo(f"  on each case: {', '.join(entries[0].arms)}")
        for case, case_s in cases_s.items():
            typer.echo(f"  {budget.said(case_s):>10}  {case}")
        cells += sum(len(entry.arms) for entry in entries)
        total_s += begun_s + sum(cases_s.values())
    in_each = "1 process" if plan.processes == 1 else f"{plan.processes} processes"
    typer.echo(f"{cells} cells, each in {in_each}: about {budget.said(total_s)}")
    typer.echo(
        "A dry run: nothing is measured. Where wheel and asv's environment are not built, they take minutes more."
    )


def _show_left_out(console: Console, plan: Plan, limit: str) -> None:
    """Name what a run of limited time has no room for."""
    if plan.budget_s is None:
        return
    total = len(plan.chosen_from())
    console.print(f"{total - len(plan.left_out)} of {total} cases fit into {limit}, the most valuable first.")
    by_kernel: dict[str, list[LeftOut]] = {}
    for left in plan.left_out:
        by_kernel.setdefault(left.kernel, []).append(left)
    for kernel, cases in by_kernel.items():
        needed_s = sum(left.estimate_s for left in cases)
        names = ", ".join(left.case for left in cases)
        console.print(f"  left out of {kernel}, which would take about {needed_s:.0f} s more: {names}")


def _run_dir(plan: Plan, resume: bool) -> tuple[Plan, Path]:
    """Return the plan that counts and its directory: those of an unfinished run, or new ones."""
    from benchmarks.pairing import conductor
    from benchmarks.runs import inventory, planning

    found = inventory.unfinished(plan, planning.RUNS) if resume else None
    if found is None:
        return inventory.claim(plan, planning.RUNS)
    for mark in conductor.broken_marks(found):
        mark.unlink()
    return planning.Plan.load(found), found


def _measure(console: Console, plan: Plan, run_dir: Path) -> None:
    from benchmarks.asv import resultfiles, runner
    from benchmarks.asv.machine import ensure_machine, this_machine
    from benchmarks.runs import inventory, planning
    from lab import progress

    machine = this_machine()
    for said in (
        ensure_machine(machine),
        *resultfiles.set_aside(planning.ASV_RESULTS, machine.machine, plan.commit),
    ):
        if said:
            console.print(said, highlight=False, soft_wrap=True)
    runner.ensure_peers()
    with progress.shown("asv: environment", planning.lines_planned(plan)) as update:
        for kernel in inventory.kernels_left(plan, run_dir):
            cases = [entry.case for entry in plan.kernels[kernel]]

            def tick(kernel: str = kernel) -> None:
                measuring = (run_dir / f"{kernel}.jsonl").exists()
                what = "measuring" if measuring else f"{kernel}: asv builds and prepares"
                update(what, planning.lines_done(plan, run_dir))

            runner.run_kernel(run_dir, kernel, cases, machine, tick, commit=plan.commit, results=planning.ASV_RESULTS)
            (run_dir / f"{kernel}.done").touch()
            tick()


def _finish(console: Console, plan: Plan, run_dir: Path) -> None:
    from benchmarks.contract import parallel
    from benchmarks.runs import planning
    from lab import terminal

    found = planning.problems(plan, run_dir)
    parallel.carry(run_dir, plan.wheel_digest)
    planning.write_receipt(run_dir, found)
    cells = sum(len(entry.arms) for entries in plan.kernels.values() for entry in entries)
    if plan.left_out:
        console.print(f"{len(plan.left_out)} cases were left out for want of time; plan.json names them with reasons")
    console.print(f"{cells} cells planned, run {run_dir.name}: {'complete' if not found else 'not complete'}")
    if found:
        for problem in found:
            terminal.say(f"  {problem}", "red")
        raise typer.Exit(2)
