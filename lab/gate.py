"""``python -m lab gate``: tell whether a change made kernels slower, from two wheels measured in lock-step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from lab.gate_run import GateRun

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.gate.builds import Build
    from benchmarks.gate.plan import Plan
    from reports.stats.exits import Exit
    from reports.stats.gate_pairs import Evidences
    from reports.stats.gating import Judged


def gate(  # noqa: PLR0917 (typer hands them over by name)
    base: Annotated[str, typer.Argument(metavar="BASE", help="The older commit.")],
    head: Annotated[str, typer.Argument(metavar="[HEAD]", help="The newer commit.")] = "HEAD",
    kernel: Annotated[
        list[str] | None,
        typer.Option("--kernel", metavar="KERNEL", help="Only this kernel; may be repeated. Default: all affected."),
    ] = None,
    case: Annotated[list[str] | None, typer.Option(metavar="CASE", help="Exactly this case; may be repeated.")] = None,
    tier: Annotated[str, typer.Option(metavar="TIER", help="smoke, core or full, with the centre cases.")] = "smoke",
    everything: Annotated[bool, typer.Option("--everything", help="Also what the change cannot affect.")] = False,
    own: Annotated[
        str,
        typer.Option(metavar="NAME", help="Your own package.module:function; BASE and HEAD are directories."),
    ] = "",
    budget: Annotated[str, typer.Option(metavar="TIME", help="Measure no longer than 10m, or 90s, or 1h.")] = "10m",
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON, and nothing else.")] = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what changed as Markdown, for a pull request.")
    ] = None,
    beside: Annotated[
        str, typer.Option(metavar="LOAD", help="Try the gate under load: cpu, bandwidth or bursts. Ends with 2.")
    ] = "",
) -> None:
    """Compare two commits cell by cell, and say of each whether it regressed.

    Both wheels are built, or found in the cache. Exits with 0 when nothing regressed and at least 90 % of the cells are
    decided, with 1 when something regressed, and with 2 when too little is known, or something is broken.
    """
    from benchmarks.asv import runner
    from benchmarks.runs import budget as durations

    limit_s = durations.parse(budget)
    runner.heed_interrupts()
    planned = _planned(base, head, _Wanted(kernel or [], tier, case or [], everything, own, beside))
    measure_and_tell(planned, limit_s, GateRun.decided, as_json=as_json, markdown=markdown)


class _Wanted(NamedTuple):
    """What was asked for on the command line."""

    kernels: list[str]
    tier: str
    cases: list[str]
    everything: bool
    own: str
    beside: str


def _planned(base: str, head: str, wanted: _Wanted) -> Plan:
    """Build both commits, and return what is to be compared."""
    from dataclasses import replace

    from benchmarks.gate import loads

    kind = loads.named(wanted.beside) if wanted.beside else ""
    return replace(_compared(base, head, wanted), beside=kind)


def _compared(base: str, head: str, wanted: _Wanted) -> Plan:
    from benchmarks.environment import checkout
    from benchmarks.gate import builds, plan
    from benchmarks.gate.affected import affected
    from lab import progress

    chosen = plan.chosen_cases(wanted.kernels, wanted.tier, wanted.cases)
    if wanted.own:
        module, _, function = wanted.own.partition(":")
        if not function.isidentifier() or module.endswith(".py"):
            raise ValueError(f"own: was {wanted.own!r}; accepted is package.module:function")
        if len(wanted.kernels) != 1:
            raise ValueError("kernel: name the one whose arguments and contract your function has")
        own = builds.directory(base, module), builds.directory(head, module)
        _require_two(*own, everything=wanted.everything)
        return plan.plan_of_own(*own, wanted.own, chosen)
    if head == "HEAD":
        checkout.require_clean()
    with progress.shown("building the wheels, or finding them in the cache"):
        sides = builds.build(base), builds.build(head)
    everything = wanted.everything or bool(wanted.kernels and wanted.cases)
    _require_two(*sides, everything=everything)
    return plan.make_plan(*sides, affected(*sides), chosen, everything=everything)


def _require_two(base: Build, head: Build, *, everything: bool) -> None:
    """Refuse to hold something against itself unasked: a gate that was set up so would be green for ever."""
    if base.commit == head.commit and not everything:
        raise ValueError(f"head: was {head.named}, as base is; accepted is another, or --everything for A against A")


def measure_and_tell(
    planned: Plan,
    limit_s: float,
    measure: Callable[[GateRun], Evidences],
    *,
    as_json: bool,
    markdown: Path | None = None,
) -> None:
    """Keep the plan and say what it is, measure it no longer than that, tell the verdicts, and exit as they say."""
    from lab import terminal

    console = terminal.console(stderr=True)
    folder = planned.begin()
    _announce(console, planned)
    try:
        known = measure(GateRun(planned, folder, monotonic() + limit_s))
    except KeyboardInterrupt:
        console.print(f"Interrupted. What was measured is kept in {folder}.", highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    _tell(planned, known, folder, as_json=as_json, markdown=markdown)


def _announce(console: Console, planned: Plan) -> None:
    from reports.words import count

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, soft_wrap=True)

    say(f"base {planned.base.short} {planned.base.subject}")
    say(f"head {planned.head.short} {planned.head.subject}")
    if not planned.cells:
        same = bool(planned.base.digest) and planned.base.digest == planned.head.digest
        say("nothing to compare: " + ("both wheels are the same" if same else "the change reaches none of the cells"))
        return
    kernels = len({cell.kernel for cell in planned.cells})
    say(f"{count(len(planned.cells), 'cell')} of {count(kernels, 'kernel')} to compare")
    if planned.not_gated:
        say(f"{count(len(planned.not_gated), 'cell')} that the change cannot affect")


def _tell(planned: Plan, known: Evidences, folder: Path, *, as_json: bool, markdown: Path | None) -> None:
    """Print the verdicts, keep them beside the pairs, and exit as they say."""
    from benchmarks.environment.jsonfiles import write_object
    from lab import terminal
    from reports.stats import gating
    from reports.stats.exits import exit_code
    from reports.write import gate_page

    judged = gating.judge_all(known)
    verdicts = {one.cell: one.verdict for one in judged}
    excuse = "the change can affect no cell, so none was gated" if planned.not_gated and not planned.cells else ""
    ending = exit_code(verdicts, list(planned.cells), excused=excuse, beside=planned.beside)
    told = gate_page.as_object(planned, judged, ending, known)
    write_object(folder / "verdicts.json", told)
    if markdown is not None:
        markdown.write_text(gate_page.markdown(planned, judged, ending, known), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        _show(planned, judged, ending)
        for note in gate_page.notes(planned, known):
            terminal.say(note)
        for sentence in gate_page.broken(planned, known):
            terminal.say(f"  {sentence}", "red")
        if known.links.refused:
            terminal.say(f"  without another link to compare: {known.links.refused}", "yellow")
        terminal.say(f"All pairs are in {folder}.")
    raise typer.Exit(ending.code)


def _show(planned: Plan, judged: list[Judged], ending: Exit) -> None:
    from lab import terminal
    from reports.write import gate_page

    console = terminal.console()
    for one in gate_page.changed(judged):
        console.print(gate_page.sentence(one), highlight=False, soft_wrap=True)
        console.print(f"    {one.verdict.reason}", highlight=False, soft_wrap=True)
        console.print(f"    again: {gate_page.command(planned, one)}", highlight=False, soft_wrap=True)
    console.print(gate_page.counts(judged), highlight=False, soft_wrap=True)
    terminal.say_ending(ending)
