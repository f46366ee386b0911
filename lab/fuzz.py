"""``python -m lab fuzz``: random calls of the Rust kernels by the million, none of which may do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.fuzzing.campaign import Finding
    from benchmarks.fuzzing.child import Tally


def fuzz(
    calls: Annotated[int, typer.Option(metavar="N", min=1, help="Calls, shared out among the kernels.")] = 1_000_000,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="The same seed draws the same calls.")] = 0,
    kernel: Annotated[
        list[str] | None, typer.Option("--kernel", "-k", metavar="K", help="May be repeated. Default: all of them.")
    ] = None,
    first: Annotated[int, typer.Option(metavar="I", min=0, help="Number of the first call of each kernel.")] = 0,
) -> None:
    """Call kernels with random shapes, strides, dtypes, overlaps and options, right and wrong.

    No call may crash, panic, raise anything but TypeError and ValueError, write beside its output, or keep memory;
    every twentieth answer is compared with the oracle's. Exits with 1 when one does, and names the call. A million
    calls take some minutes.
    """
    from benchmarks import registry
    from benchmarks.environment.wheel import require_source
    from benchmarks.fuzzing.campaign import Campaign, wage
    from lab import progress, terminal

    names = [registry.get(name).name for name in kernel or registry.KERNELS]
    require_source()
    console = terminal.console()
    findings: list[Finding] = []
    tallies: dict[str, Tally] = {}
    share = -(-calls // len(names))
    with progress.shown("drawing", share * len(names)) as update:
        update(done=0)
        for place, name in enumerate(names):
            wanted = Campaign(name, share, seed, first)
            before = place * share
            tally, found = wage(wanted, lambda done, name=name, before=before: update(name, before + done))  # type: ignore[misc]
            tallies[name] = tally
            findings += found
    _show(console, tallies, findings, seed)
    if findings:
        raise typer.Exit(1)


def _show(console: Console, tallies: dict[str, Tally], findings: list[Finding], seed: int) -> None:
    from lab.terminal import Column, Row, show

    numbers = ("calls", "accepted", "compared", "µs/call", "memory", "findings")
    columns = [Column("kernel"), *(Column(heading, number=True) for heading in numbers)]
    rows = []
    for name, tally in tallies.items():
        own = sum(finding.kernel == name for finding in findings)
        each = f"{tally.seconds / tally.calls * 1e6:.0f}" if tally.seconds else "–"
        grown = f"{tally.grown_bytes / 2**20:+.1f} MiB"
        cells = [f"{tally.calls:,}", f"{tally.accepted:,}", f"{tally.compared:,}", each, grown, str(own)]
        rows.append(Row([name, *cells], "red" if own else ""))
    show(console, f"random calls, seed {seed}", columns, rows)
    for finding in findings:
        at = f"call {finding.index}" if finding.index >= 0 else "all calls"
        line = f"FINDING {finding.kernel} {at}: {finding.detail}"
        console.print(line, markup=False, soft_wrap=True, style="red")
        for more in (finding.call, finding.again):
            if more:
                console.print(f"  {more}", markup=False, soft_wrap=True, style="dim")
    total = sum(tally.calls for tally in tallies.values())
    line = f"{total:,} calls: {len(findings)} findings"
    console.print(line, style="bold red" if findings else "bold green")
