"""``python -m lab calibrate``: compare what is known to be the same, or known to differ, and keep what the gate said."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.gate.builds import Build
    from benchmarks.gate.injections import Injection
    from benchmarks.gate.ledger import Entry
    from benchmarks.gate.plan import Plan
    from reports.stats.gating import Evidences

AMOUNTS = (0.02, 0.05, 0.10, 0.20)
STATE = "calibration.json"


def calibrate(
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="same: a wheel with itself; injected: slowed down.")
    ] = "same",
    limit: Annotated[str, typer.Option("--slice", metavar="TIME", help="Go on for about so long.")] = "20m",
    kernel: Annotated[
        list[str] | None, typer.Option("--kernel", metavar="KERNEL", help="Only this kernel; may be repeated.")
    ] = None,
    tier: Annotated[str, typer.Option(metavar="TIER", help="smoke, core or full, with the centre cases.")] = "smoke",
) -> None:
    """Measure how often the gate's flag lies, and what it overlooks, on the commit that is checked out.

    One pass takes all cells of the tier, as a gate would. What a slice leaves, the next one goes on with; a pass that
    is whole goes into the ledger under reports/record/ledger. Exits with 2 when nothing could be measured.
    """
    from benchmarks.asv import runner
    from benchmarks.environment import checkout
    from benchmarks.runs import budget as durations
    from inputs.cases import TIERS
    from lab import progress, terminal
    from lab.gate_run import GateRun

    console = terminal.console(stderr=True)
    if kind not in {"same", "injected"}:
        raise ValueError(f"kind: was {kind!r}; accepted are same and injected")
    if tier not in TIERS:
        raise ValueError(f"tier: was {tier!r}; accepted are {', '.join(TIERS)}")
    until = monotonic() + durations.parse(limit)
    checkout.require_clean()
    runner.heed_interrupts()
    passes = 0
    while monotonic() < until:
        with progress.shown("building the wheel, or finding it in the cache"):
            folder, planned, injections = _pass(kind, kernel or [], tier)
        run = GateRun(planned, folder, until)
        try:
            known = run.run()
        except KeyboardInterrupt:
            console.print(f"Interrupted. The next slice goes on with {folder.name}.", highlight=False)
            raise typer.Exit(130) from None
        if not run.complete:
            console.print(f"The slice is over; the next one goes on with {folder.name}.", highlight=False)
            break
        _keep(folder, planned, injections, known)
        passes += 1
    console.print(f"{passes} passes went into the ledger.", highlight=False)


def _pass(kind: str, kernels: list[str], tier: str) -> tuple[Path, Plan, list[Injection]]:
    """Return the pass that an earlier slice began, or a new one: its directory, plan, and what is put in."""
    from benchmarks.environment.jsonfiles import read_object, write_object
    from benchmarks.gate import builds, plan
    from benchmarks.gate.injections import Injection

    base = builds.build("HEAD")
    cases = plan.chosen_cases(kernels, tier, ())  # type: ignore[arg-type]
    wanted = {"kind": kind, "wheel": base.digest, "cases": {name: list(mine) for name, mine in cases.items()}}
    for folder in sorted(plan.GATES.glob("*"), reverse=True):
        if (folder / STATE).is_file():
            state = read_object(folder / STATE)
            if not state["done"] and all(state[name] == value for name, value in wanted.items()):
                return folder, plan.Plan.load(folder), [Injection(**one) for one in state["injections"]]
    folder, planned, injections = _begin(kind, base, cases)
    told = [{"kernel": one.kernel, "arm": one.arm, "kind": one.kind, "amount": one.amount} for one in injections]
    write_object(folder / STATE, {**wanted, "injections": told, "done": False})
    return folder, planned, injections


def _begin(kind: str, base: Build, cases: dict[str, tuple[str, ...]]) -> tuple[Path, Plan, list[Injection]]:
    from benchmarks.gate import plan
    from benchmarks.gate.injections import drawn, injected

    planned = plan.make_plan(base, base, {}, cases, everything=True)
    injections = drawn(list(cases), planned.seed, AMOUNTS) if kind == "injected" else []
    if injections:
        planned = plan.make_plan(base, injected(base, *injections), {}, cases, everything=True)
    folder = plan.GATES / planned.gate_id
    planned.save(folder)
    return folder, planned, injections


def _keep(folder: Path, planned: Plan, injections: list[Injection], known: Evidences) -> None:
    """Put a pass that is whole into the ledger."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.environment.jsonfiles import read_object, write_object
    from benchmarks.gate import ledger

    machine = this_machine().machine
    path = ledger.add(_entries(planned, injections, known, machine), machine)
    write_object(folder / STATE, {**read_object(folder / STATE), "done": True})
    typer.echo(f"{len(planned.cells)} comparisons in {path}")


def _entries(planned: Plan, injections: list[Injection], known: Evidences, machine: str) -> list[Entry]:
    from benchmarks.gate.ledger import Entry
    from reports.stats import gating

    put_in = {(one.kernel, one.arm): one for one in injections}
    found = []
    for one in gating.judge_all(known):
        injection = put_in.get((one.cell.kernel, one.cell.arm))
        found.append(
            Entry(
                gate=planned.gate_id, when=planned.created, machine=machine, commit=planned.base.commit,
                wheel=planned.base.digest[:16], kind="injected" if injection else "same",
                injection=injection.kind if injection else "", amount=injection.amount if injection else 0.0,
                kernel=one.cell.kernel, case=one.cell.case, arm=one.cell.arm, side=one.side,
                planned=len(planned.cells), verdict=str(one.verdict.word), screen=known.times(one.cell, "screen"),
                confirm=known.times(one.cell, "confirm"), void=one.void,
            )
        )  # fmt: skip
    return found
