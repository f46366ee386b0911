"""``python -m lab experts``: the expert NumPy form beside every other NumPy form that is known."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.pairing.runlines import Line
    from reports.stats.experts import Standing

PROCESSES, CONFIRMING_PROCESSES = 6, 12


def experts(
    kernels: Annotated[list[str] | None, typer.Argument(metavar="[KERNEL]...", help="Default: all of them.")] = None,
    *,
    tier: Annotated[str, typer.Option(metavar="TIER", help="Cases of this tier: smoke, core or full.")] = "core",
    case: Annotated[list[str] | None, typer.Option("--case", metavar="CASE", help="These cases alone.")] = None,
) -> None:
    """Measure the expert NumPy form beside the naive form and the forms in benchmarks/alternatives.

    Every headline divides by the expert's time. Exits with 1 where another form is faster with its whole interval over
    six processes, and again over twelve new ones. Nothing is stored. All core cases take half an hour on two cores.
    """
    from benchmarks import alternatives, registry
    from benchmarks.environment import wheel
    from inputs.cases import TIERS
    from inputs.families import find, select
    from lab import terminal

    if tier not in TIERS:
        raise ValueError(f"tier: was {tier!r}; accepted are {', '.join(TIERS)}")
    console = terminal.console()
    wheel.require_source()
    faster: list[tuple[str, Standing]] = []
    compared = 0
    for name in kernels or registry.KERNELS:
        family = registry.get(name).family
        forms = ("numpy_naive", *alternatives.arms(name))
        cases = tuple(find(family, one).name for one in case or ())
        cases = cases or tuple(one.name for one in select(family, tier))
        found = _standings(name, cases, forms, PROCESSES)
        _show(console, name, found)
        compared += len(found)
        doubtful = {(one.case, one.form) for one in found if one.is_faster}
        if doubtful:
            again = _standings(name, tuple({one for one, _ in doubtful}), forms, CONFIRMING_PROCESSES)
            faster += [(name, one) for one in again if one.is_faster and (one.case, one.form) in doubtful]
    for name, one in faster:
        form = alternatives.form_of(one.form)
        console.print(f"{name} {one.case}: {form} is faster than the expert form, {_range(one)} times", style="red")
    if faster:
        raise typer.Exit(1)
    if not compared:
        raise ValueError("nothing was measured: no case has a time of the expert form and of another one")
    console.print("no other NumPy form is shown faster than the expert form", style="bold green")


def _standings(kernel: str, cases: tuple[str, ...], forms: tuple[str, ...], processes: int) -> list[Standing]:
    """Measure, in the installed wheel, and refuse to judge by a form whose answer is wrong."""
    from benchmarks.environment import wheel
    from benchmarks.pairing import conductor, runlines
    from lab import progress
    from reports.stats.experts import EXPERT, standings

    with tempfile.TemporaryDirectory(prefix="lab-experts-") as scratch:
        arms, digest = (EXPERT, *forms), wheel.installed_digest()
        wanted = conductor.Measurement(Path(scratch), kernel, cases, arms, processes, digest, memory=False)
        with progress.shown(f"{kernel}: processes", processes) as update:
            update(done=0)
            done = iter(range(1, processes + 1))
            conductor.measure(wanted, lambda: update(done=next(done)))
        lines = runlines.read_lines(Path(scratch), kernel)
    _require_right(kernel, lines)
    return list(standings(lines, forms))


def _require_right(kernel: str, lines: Sequence[Line]) -> None:
    for line in lines:
        for arm, outcome in line.arms.items():
            if outcome.status == "failed":
                raise ValueError(f"{kernel} {line.case}: {arm.partition('@')[0]}: {outcome.reason}")


def _show(console: Console, kernel: str, found: Sequence[Standing]) -> None:
    """Print, per case, the form that comes nearest to the expert form or passes it."""
    from benchmarks import alternatives
    from lab.terminal import Column, Row, show

    columns = [Column("case", whole=True), Column("nearest form")]
    columns += [Column(heading, number=True) for heading in ("× expert", "95 %")]
    rows = []
    for case in dict.fromkeys(one.case for one in found):
        best = max((one for one in found if one.case == case), key=lambda one: one.ratio.estimate)
        cells = case, alternatives.form_of(best.form), f"{best.ratio.estimate:.2f}", _range(best)
        rows.append(Row(cells, "red" if best.is_faster else ""))
    show(console, kernel, columns, rows)
    console.print()


def _range(one: Standing) -> str:
    low, high = one.ratio.low, one.ratio.high
    return "–" if low is None or high is None else f"{low:.2f} – {high:.2f}"
