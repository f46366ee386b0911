"""``python -m lab try``: anybody's function against contract, speed and limit, before it is anything of the lab's."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.time import chosen, show

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.contract import Verdict
    from benchmarks.pairing import Measurement
    from benchmarks.records import Line
    from benchmarks.spec import Kernel

BESIDE = ("numpy", "numba", "rust")
LONGEST_LINE = 200

Grouped = list[tuple[str, "Verdict"]]


def try_(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="package.module:function or file.py:function.")],
    *,
    kernel: Annotated[str, typer.Option("--kernel", "-k", metavar="K", help="What it is meant to be.")],
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="A named case to time; may be repeated. Default: the centre."),
    ] = None,
    implementation: Annotated[
        list[str] | None,
        typer.Option("--implementation", "-i", metavar="NAME", help="Beside which; default: numpy, numba, rust."),
    ] = None,
    dtype: Annotated[list[str] | None, typer.Option("--dtype", "-d", metavar="DTYPE", help="Check this alone.")] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", help="Spawned processes; below 6 there is no 95 % interval.")
    ] = 6,
) -> None:
    """Hold a function of your own against a kernel's contract, then time it beside ours and the wall.

    It is called as the kernel is. What it does not take (mask, out, …) is said, and so is whether its plain answers
    are right; it is timed wherever its answer on the timed input is right. Nothing is stored. Exits with 1 when the
    lab would refuse to record it.
    """
    from rich.console import Console

    from benchmarks import registry, runs, tried, wheel
    from benchmarks.pairing import Measurement

    console = Console()
    declared = registry.get(kernel)
    arm = tried.arm_of(function, Path.cwd())
    lacking = tried.missing(declared, tried.load(arm))
    cases, beside = chosen(kernel, case or [], implementation or BESIDE)
    runs.require_processes(processes)
    wheel.require_source()
    with tempfile.TemporaryDirectory(prefix="lab-try-") as scratch:
        verdicts = _contract(console, declared, arm, _dtypes(declared, dtype), Path(scratch))
        breached = _show_contract(console, declared, _label(arm), verdicts, lacking)
        digest = wheel.installed_digest()
        wanted = Measurement(Path(scratch) / "run", kernel, cases, (*beside, arm), processes, digest, memory=False)
        lines = [_named(line, arm) for line in _timed(console, wanted)]
    failed = [show(console, lines, kernel, name) for name in cases]
    if breached or any(failed):
        console.print("the lab would refuse to record this until nothing is breached", style="bold red")
        raise typer.Exit(1)
    console.print("the lab would record this", style="bold green")


def _label(arm: str) -> str:
    return arm.partition("@")[0]


def _named(line: Line, arm: str) -> Line:
    """Return a line in which the arm has a name for the reader, without the folder."""
    return replace(line, arms={_label(arm) if name == arm else name: one for name, one in line.arms.items()})


def _dtypes(kernel: Kernel, asked: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(kernel.contract.dtypes)
    for name in asked or ():
        if name not in known:
            raise ValueError(f"dtype: was {name!r}; {kernel.name} takes {', '.join(known)}")
    return tuple(name for name in known if not asked or name in asked)


def _contract(console: Console, kernel: Kernel, arm: str, dtypes: tuple[str, ...], scratch: Path) -> Grouped:
    """Have a process of its own ask everything, so that a crash ends that process and is said."""
    from benchmarks.contract import Verdict
    from benchmarks.process import spawn
    from benchmarks.tried import Trial
    from benchmarks.wheel import installed_digest

    trial = Trial(kernel.name, arm, dtypes, str(scratch / "verdicts.json"))
    job = scratch / "trial.json"
    job.write_text(json.dumps(asdict(trial)))
    with console.status("holding it against the contract"):
        spawn("benchmarks.tried", job, installed_digest(), scratch / "trial.log")
    return [(group, Verdict(**raw)) for group, raw in json.loads(Path(trial.path).read_text())]


def _timed(console: Console, wanted: Measurement) -> Sequence[Line]:
    from benchmarks import pairing, records

    with console.status("making inputs, compiling") as status:
        done = iter(range(1, wanted.processes + 1))
        pairing.measure(wanted, lambda: status.update(f"process {next(done)} of {wanted.processes} done"))
    return records.read_lines(wanted.run_dir, wanted.kernel)


def _show_contract(console: Console, kernel: Kernel, label: str, verdicts: Grouped, lacking: Sequence[str]) -> bool:
    """Print a line for each group of the contract, then what is missing, and return whether anything is wrong."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=f"{label} as {kernel.name}", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("contract")
    for column in ("checks", "ok", "failed", "skipped"):
        table.add_column(column, justify="right")
    counts: Counter[tuple[str, str]] = Counter((group, one.status) for group, one in verdicts)
    names = list(dict.fromkeys(group for group, _ in verdicts))
    for name in names:
        each = [counts[name, status] for status in ("ok", "failed", "skipped")]
        table.add_row(name, str(sum(each)), *map(str, each), style="red" if each[1] else None)
    console.print(table, markup=False)
    for name in names:
        first = next((one for group, one in verdicts if group == name and one.status == "failed"), None)
        if first is not None:
            line = " ".join(f"BREACH {name}: {first.dtype} {first.case}: {first.detail}".split())
            line = line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"
            console.print(line, markup=False, highlight=False, soft_wrap=True, style="red")
    return _show_summary(console, verdicts, counts, lacking)


def _show_summary(
    console: Console, verdicts: Grouped, counts: Counter[tuple[str, str]], lacking: Sequence[str]
) -> bool:
    from benchmarks.tried import VALUES

    failed = sum(one.status == "failed" for _, one in verdicts)
    if lacking:
        console.print(
            f"it takes no {', no '.join(lacking)}: every call that hands one over is a breach", style="yellow"
        )
    if counts[VALUES, "ok"] and not counts[VALUES, "failed"]:
        console.print("its plain answers are right", style="green")
    console.print(f"{len(verdicts)} checks, {failed} failed", style="bold red" if failed else "bold green")
    return failed > 0
