"""``python -m lab inject``: slow one implementation down on purpose, and see whether the gate finds it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.gate.injections import Injection
    from benchmarks.gate.plan import Plan


def inject(  # noqa: PLR0917 (typer hands them over by name)
    kernel: Annotated[str, typer.Argument(help="Which kernel.")],
    arm: Annotated[str, typer.Argument(metavar="IMPLEMENTATION", help="numpy, numba or rust.")],
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="spin, pass, strided-copy, lost-out, allocation or scalar.")
    ] = "spin",
    amount: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of the call's time for spin, of the elements for others. Default: a tenth, or all.",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="CASE", help="May be repeated. Default: smoke and centre.")
    ] = None,
    budget: Annotated[str, typer.Option(metavar="TIME", help="Measure no longer than 10m, or 90s, or 1h.")] = "5m",
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON, and nothing else.")] = False,
) -> None:
    """Gate the commit that is checked out against itself with a slowdown put in.

    spin waits for a share of what the call takes, so its size is exactly known. pass reads the first array once more,
    strided-copy copies it against its order, lost-out makes a fresh result and copies it, allocation makes one more
    array, scalar takes plain instructions; what these cost is found by measuring. The other implementations of the
    kernel are compared too. Exits as the gate does: with 1 where it finds a regression.
    """
    from benchmarks.asv import runner
    from benchmarks.gate import plan
    from benchmarks.gate.injections import Injection
    from benchmarks.runs import budget as durations
    from lab.gate import measure_and_tell
    from lab.gate_run import GateRun

    limit_s = durations.parse(budget)
    planned = _planned(Injection.named(kernel, arm, kind, amount), plan.chosen_cases([kernel], "smoke", case or ()))
    runner.heed_interrupts()
    measure_and_tell(planned, limit_s, GateRun.run, as_json=as_json)


def _planned(put_in: Injection, cases: dict[str, tuple[str, ...]]) -> Plan:
    """Return the plan that compares the wheel of HEAD with the same and something put in."""
    from benchmarks.environment import checkout
    from benchmarks.gate import builds, injections, plan
    from lab import progress

    checkout.require_clean()
    with progress.shown("building the wheel, or finding it in the cache"):
        base = builds.build("HEAD")
    planned = plan.make_plan(base, injections.injected(base, put_in), {}, cases, everything=True)
    again = f"python -m lab inject {put_in.kernel} {put_in.arm} {put_in.kind} --amount {put_in.amount:g}"
    return replace(planned, again=again)
