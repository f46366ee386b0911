"""``python -m lab verify``: every implementation against the contract, as a table or as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.contract.verdict import Verdict


def verify(
    kernels: Annotated[list[str] | None, typer.Argument(metavar="KERNEL", help="Default: all of them.")] = None,
    implementation: Annotated[
        list[str] | None, typer.Option("--implementation", "-i", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option("--dtype", "-d", metavar="DTYPE", help="Only this one; may be repeated.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Ask again what is kept of this wheel and lab.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of verdicts and nothing else.")] = False,
) -> None:
    """Check every implementation against oracle, golden values, real data and an outside authority.

    Checks the wheel that is installed, and refuses where the checkout's sources would build another one. Exits with 1
    when the contract is broken anywhere, and names kernel, implementation, dtype and case. What was asked before of the
    same wheel, by the same lab on the same machine, is kept and not asked again, unless --anew says so. The counts of a
    verification of everything stand in the reports of later runs of the same wheel.
    """
    started = time.perf_counter()
    verdicts = _collect(kernels, implementation, dtype, anew)
    failed = [verdict for verdict in verdicts if verdict.status == "failed"]
    if not (kernels or implementation or dtype):
        _keep(verdicts)
    if as_json:
        json.dump([dataclasses.asdict(verdict) for verdict in verdicts], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        _show(verdicts, failed, time.perf_counter() - started)
    if failed or not verdicts:
        raise typer.Exit(1)


def _collect(
    kernels: list[str] | None, implementations: list[str] | None, dtypes: list[str] | None, anew: bool
) -> list[Verdict]:
    from benchmarks import registry
    from benchmarks.contract import parallel
    from benchmarks.environment import wheel
    from benchmarks.environment.process import handed_down, numba_cache
    from inputs.host.cache import cache_dir
    from lab import progress

    try:
        chosen = [registry.get(name) for name in kernels or registry.KERNELS]
        for kernel in chosen:
            for name in set(implementations or ()) - set(registry.arms(kernel)):
                raise ValueError(f"implementation: was {name!r}; {kernel.name} has {', '.join(registry.arms(kernel))}")
        taken = dict.fromkeys(dtype for kernel in chosen for dtype in kernel.contract.dtypes)
        for dtype in set(dtypes or ()) - set(taken):
            raise ValueError(f"dtype: was {dtype!r}; these kernels take {', '.join(taken)}")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    wheel.require_source()
    verdicts: list[Verdict] = []
    names = [kernel.name for kernel in chosen]
    jobs = parallel.jobs_of(names, dtypes)
    compiled = numba_cache(cache_dir(), wheel.installed_digest())
    with handed_down(compiled), progress.shown("verifying", len(jobs)) as update:
        update(done=0)
        for done, batch in enumerate(parallel.verify(names, implementations, dtypes, anew=anew), 1):
            verdicts += batch
            update(f"verifying, {len(verdicts):,} checks", done)
    return verdicts


def _keep(verdicts: list[Verdict]) -> None:
    from benchmarks.contract import parallel
    from benchmarks.environment import wheel

    if digest := wheel.installed_digest():
        parallel.keep(verdicts, digest)


def _show(verdicts: list[Verdict], failed: list[Verdict], seconds: float) -> None:
    from lab import terminal

    console = terminal.console()
    for kernel in dict.fromkeys(verdict.kernel for verdict in verdicts):
        _table(console, kernel, [verdict for verdict in verdicts if verdict.kernel == kernel])
    skipped: dict[str, int] = defaultdict(int)
    for verdict in verdicts:
        if verdict.status == "skipped":
            skipped[f"{verdict.kernel} {verdict.implementation} {verdict.case}: {verdict.detail}"] += 1
    for reason, count in skipped.items():
        console.print(f"skipped ({count}) {reason}", markup=False, soft_wrap=True, style="dim")
    for v in failed:
        line = f"BREACH {v.kernel} {v.implementation} {v.dtype} {v.case}: {v.detail}"
        console.print(line, markup=False, soft_wrap=True, style="red")
    total = f"{len(verdicts)} checks in {seconds:.1f} s: {len(failed)} failed, {sum(skipped.values())} skipped"
    console.print(total, style="bold red" if failed else "bold green")


def _table(console: Console, kernel: str, verdicts: list[Verdict]) -> None:
    from lab.terminal import Column, Row, show

    numbers = ("checks", "ok", "failed", "skipped", "worst ulp")
    columns = [Column("implementation"), Column("dtype"), *(Column(heading, number=True) for heading in numbers)]
    rows = []
    implementations = list(dict.fromkeys(verdict.implementation for verdict in verdicts))
    dtypes = list(dict.fromkeys(verdict.dtype for verdict in verdicts))
    for name, dtype in product(implementations, dtypes):
        group = [verdict for verdict in verdicts if (verdict.implementation, verdict.dtype) == (name, dtype)]
        if group:
            counts = [sum(verdict.status == status for verdict in group) for status in ("ok", "failed", "skipped")]
            worst = max((verdict.max_ulp for verdict in group if verdict.max_ulp is not None), default=None)
            cells = [str(len(group)), *map(str, counts), "–" if worst is None else f"{worst:.2g}"]
            rows.append(Row([name, dtype, *cells], "red" if counts[1] else ""))
    show(console, kernel, columns, rows)
    console.print()
