"""``python -m lab calibrate``: compare what is known to be the same, or to differ, and keep what the gate said."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.gate.injections import Injection
    from benchmarks.gate.ledger import Entry, Kind
    from benchmarks.gate.plan import Plan
    from reports.stats.gate_pairs import Evidences

AMOUNTS = (0.02, 0.05, 0.10, 0.20)
KINDS = ("same", "relink", "injected")
STATE = "calibration.json"


class Pass(NamedTuple):
    """One pass over all cells: what is compared, its directory, its plan, and what is put in."""

    kind: str
    folder: Path
    plan: Plan
    injections: list[Injection]


def calibrate(  # noqa: PLR0917 (typer hands them over by name)
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="same: a wheel with itself; relink: with another link of it; injected: with one slowed down.",
        ),
    ] = "same",
    limit: Annotated[str, typer.Option("--slice", metavar="TIME", help="Go on for about so long.")] = "20m",
    kernel: Annotated[list[str] | None, typer.Option(metavar="KERNEL", help="Only this one; may be repeated.")] = None,
    tier: Annotated[str, typer.Option(metavar="TIER", help="smoke, core or full, with the centre cases.")] = "smoke",
    beside: Annotated[
        str, typer.Option(metavar="LOAD", help="With a load beside it: cpu, bandwidth or bursts. Counted apart.")
    ] = "",
    levels: Annotated[
        bool, typer.Option("--levels", help="Instead: by how much times vary, by process, placement, state of memory.")
    ] = False,
) -> None:
    """Measure how often the gate's flag lies, and what it overlooks, on the commit that is checked out.

    One pass takes all cells of the tier, as a gate would. What a slice leaves, the next one goes on with; a pass that
    is whole goes into the ledger under reports/record/ledger.
    """
    from benchmarks.asv import runner
    from benchmarks.environment import checkout
    from benchmarks.runs import budget as durations
    from lab import level_run, terminal

    wanted = _wanted(kind, kernel or [], tier, beside)
    if levels and beside:
        raise ValueError(f"beside: was {beside!r}; --levels takes no load")
    if levels:
        level_run.run(durations.parse(limit), wanted.kernels)
        return
    until, passes = monotonic() + durations.parse(limit), 0
    checkout.require_clean()
    _require_ledger()
    runner.heed_interrupts()
    console = terminal.console(stderr=True)
    while monotonic() < until:
        if not _passed(console, _pass(console, wanted), until):
            break
        passes += 1
    console.print(f"{passes} passes went into the ledger.", highlight=False)


class _Wanted(NamedTuple):
    """What was asked for on the command line."""

    kind: str
    kernels: list[str]
    tier: str
    beside: str


def _wanted(kind: str, kernels: list[str], tier: str, beside: str) -> _Wanted:
    """Return what was asked for, or raise a ValueError where there is no such kind or no such load."""
    from benchmarks.gate import loads

    if kind not in KINDS:
        raise ValueError(f"kind: was {kind!r}; accepted are {', '.join(KINDS)}")
    return _Wanted(kind, kernels, tier, loads.named(beside) if beside else "")


def _require_ledger() -> None:
    """Raise a ValueError where the ledger cannot be added to, before anything is measured for it."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.gate import ledger

    ledger.read(ledger.LEDGER / f"{this_machine().machine}.jsonl")


def _passed(console: Console, one: Pass, until: float) -> bool:
    """Measure a pass, and keep it where it has become whole before the slice is over; tell whether it has."""
    from lab.gate_run import GateRun

    run = GateRun(one.plan, one.folder, until)
    try:
        known = run.run()
    except KeyboardInterrupt:
        console.print(f"Interrupted. The next slice goes on with {one.folder.name}.", highlight=False)
        raise typer.Exit(130) from None
    if run.complete:
        _keep(one, known)
    else:
        console.print(f"The slice is over; the next one goes on with {one.folder.name}.", highlight=False)
    return run.complete


def _pass(console: Console, wanted: _Wanted) -> Pass:
    """Return the pass that an earlier slice began, or a new one."""
    from benchmarks.environment.jsonfiles import write_object
    from benchmarks.gate import builds, plan
    from benchmarks.gate.injections import drawn, injected
    from benchmarks.gate.relink import relinked
    from lab import progress

    cases = plan.chosen_cases(wanted.kernels, wanted.tier, ())
    with progress.shown("building the wheel, or finding it in the cache"):
        base = builds.build("HEAD")
    state: dict[str, Any] = {"kind": wanted.kind, "wheel": base.digest, "beside": wanted.beside}
    state["cases"] = {name: list(mine) for name, mine in cases.items()}
    if (begun := _begun(console, state)) is not None:
        return begun
    planned = plan.make_plan(base, base, {}, cases, everything=True)
    injections = drawn(list(cases), planned.seed, AMOUNTS) if wanted.kind == "injected" else []
    if wanted.kind == "relink":
        again = relinked(base, planned.seed % (1 << 31) + 1)
        planned = plan.make_plan(base, again, {}, cases, everything=True).of(["rust"])
    if injections:
        planned = plan.make_plan(base, injected(base, *injections), {}, cases, everything=True)
    planned = replace(planned, beside=wanted.beside)
    folder = planned.begin()
    write_object(folder / STATE, {**state, "injections": [asdict(one) for one in injections], "done": False})
    return Pass(wanted.kind, folder, planned, injections)


def _begun(console: Console, wanted: dict[str, Any]) -> Pass | None:
    """Return the newest pass of an earlier slice that can go on here.

    One that cannot be read is set aside, and one of another processor is left as it is; both are told.
    """
    from benchmarks.environment.jsonfiles import read_object
    from benchmarks.gate import plan

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, soft_wrap=True)

    here = plan.processor()
    for path in sorted(plan.GATES.glob(f"*/{STATE}"), reverse=True):
        try:
            state = {"beside": "", **read_object(path)}
            if state["done"] or any(state[name] != value for name, value in wanted.items()):
                continue
            found = _read(path.parent, state)
        except (ValueError, KeyError, TypeError) as error:
            path.replace(path.with_name(f"{STATE}.unreadable"))
            say(f"{path.parent.name} cannot go on, and is set aside: {error}")
            continue
        if found.plan.processor == here:
            return found
        before = found.plan.processor or "one that was not written down"
        say(f"{path.parent.name} was begun on another processor, {before}; a new pass begins on {here}")
    return None


def _read(folder: Path, state: dict[str, Any]) -> Pass:
    """Return the pass in a directory, or raise an error where not all of it can be read."""
    from benchmarks.gate.course import read_controls
    from benchmarks.gate.injections import Injection
    from benchmarks.gate.lines import read_pairs
    from benchmarks.gate.plan import Plan

    read_pairs(folder)
    read_controls(folder)
    return Pass(state["kind"], folder, Plan.load(folder), [Injection(**one) for one in state["injections"]])


def _keep(one: Pass, known: Evidences) -> None:
    """Put a pass that is whole into the ledger."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.environment.jsonfiles import read_object, write_object
    from benchmarks.gate import ledger

    machine = this_machine().machine
    entries = _entries(one, known, machine)
    path = ledger.add(entries, machine)
    write_object(one.folder / STATE, {**read_object(one.folder / STATE), "done": True})
    typer.echo(f"{len(entries)} comparisons in {path}")


def _entries(one: Pass, known: Evidences, machine: str) -> list[Entry]:
    from benchmarks.gate.ledger import Entry
    from reports.stats import gating

    planned, put_in = one.plan, {(injection.kernel, injection.arm): injection for injection in one.injections}
    usual: Kind = "relink" if one.kind == "relink" else "same"
    found = []
    for judged in gating.judge_all(known):
        cell, injection = judged.cell, put_in.get((judged.cell.kernel, judged.cell.arm))
        found.append(
            Entry(
                gate=planned.gate_id, when=planned.created, machine=machine, commit=planned.base.commit,
                wheel=planned.base.digest[:16], kind="injected" if injection else usual,
                injection=injection.kind if injection else "", amount=injection.amount if injection else 0.0,
                kernel=cell.kernel, case=cell.case, arm=cell.arm, side=judged.side, planned=len(planned.cells),
                verdict=str(judged.verdict.word), screen=known.times(cell, "screen"),
                confirm=known.times(cell, "confirm"), void=judged.void, beside=planned.beside,
            )
        )  # fmt: skip
    return found
