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

    from benchmarks.contract.verdict import Verdict
    from benchmarks.pairing.runlines import Line
    from benchmarks.spec import Kernel

BESIDE = ("numpy", "numba", "rust")
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
    """Check a function of your own against a kernel's contract, then time it beside ours and the wall.

    It is called as the kernel is. First it is said whether its values are right, then how it behaves and which keywords
    (mask, out, …) it does not take; it is timed wherever its answer on the timed input is right. Nothing is stored.
    Exits with 0 when it keeps the contract, with 1 when it breaks it, with 2 when there is nothing to try.
    """
    from benchmarks import foreign, registry
    from benchmarks.contract import trial
    from benchmarks.environment import wheel
    from benchmarks.runs import planning
    from lab import terminal

    console = terminal.console()
    declared = registry.get(kernel)
    arm = foreign.arm_of(function, Path.cwd())
    differences = trial.differences(declared, foreign.load(arm))
    cases, beside = chosen(kernel, case or [], implementation or BESIDE)
    planning.require_processes(processes)
    wheel.require_source()
    with tempfile.TemporaryDirectory(prefix="lab-try-") as scratch:
        dtypes = _dtypes(declared, dtype)
        verdicts = _contract(declared, arm, dtypes, Path(scratch))
        _show_findings(console, f"{_label(arm)} as {kernel}", verdicts, *differences)
        measured = _timed(Path(scratch) / "run", kernel, cases, (*beside, arm), processes)
        lines = [_named(line, arm) for line in measured]
    for name in cases:
        show(console, lines, kernel, name)
    if not _conclude(console, verdicts, _faults(lines, _label(arm)), dtypes if dtype else ()):
        raise typer.Exit(1)


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


def _contract(kernel: Kernel, arm: str, dtypes: tuple[str, ...], scratch: Path) -> Grouped:
    """Have a process of its own ask everything, so that a crash ends that process and is said."""
    from benchmarks.contract.trial import Trial
    from benchmarks.contract.verdict import Verdict
    from benchmarks.environment.process import MeasurementError, spawn
    from benchmarks.environment.wheel import installed_digest
    from lab import progress

    path, trail = scratch / "verdicts.json", scratch / "asked"
    job = scratch / "trial.json"
    job.write_text(json.dumps(asdict(Trial(kernel.name, arm, dtypes, str(path), str(trail)))), encoding="utf-8")
    try:
        with progress.shown("holding it against the contract"):
            spawn("benchmarks.contract.trial", job, installed_digest(), scratch / "trial.log")
    except MeasurementError as error:
        raise MeasurementError(_ended(arm, trail, str(error))) from None
    if not path.is_file():
        raise MeasurementError(_ended(arm, trail, "it ended without an error"))
    return [(group, Verdict.read(raw)) for group, raw in json.loads(path.read_text(encoding="utf-8"))]


def _ended(arm: str, trail: Path, how: str) -> str:
    """Return what is said of a function that brought its process down: at which question, and how."""
    asked = trail.read_text(encoding="utf-8").replace(f" {arm} ", " ") if trail.is_file() else ""
    return f"{_label(arm)} brought its process down at {asked}: {how}" if asked else how


def _timed(folder: Path, kernel: str, cases: tuple[str, ...], arms: tuple[str, ...], processes: int) -> Sequence[Line]:
    from benchmarks.environment.process import MeasurementError
    from benchmarks.environment.wheel import installed_digest
    from benchmarks.pairing import conductor, runlines
    from lab import progress

    digest = installed_digest()
    wanted = conductor.Measurement(folder, kernel, cases, arms, processes, digest, memory=False)
    try:
        with progress.shown("making inputs, measuring: processes", wanted.processes) as update:
            update(done=0)
            done = iter(range(1, wanted.processes + 1))
            conductor.measure(wanted, lambda: update("measuring: processes", next(done)))
    except MeasurementError as error:
        where = f"{_label(wanted.arms[-1])} was timed on {', '.join(wanted.cases)}"
        raise MeasurementError(f"a process ended in which {where}: {error}") from None
    return runlines.read_lines(wanted.run_dir, wanted.kernel)


def _show_findings(
    console: Console, title: str, verdicts: Grouped, lacking: Sequence[str], others: Sequence[str] = ()
) -> None:
    """Print whether the values are right, then everything else, a line each."""
    from benchmarks.contract import told

    console.print(title, style="bold", highlight=False, markup=False)
    for one in told.findings(verdicts, lacking, others):
        style = "red" if one.wrong else "green"
        console.print(one.text, markup=False, highlight=False, soft_wrap=True, style=style)
    skipped = Counter(one.detail for _, one in verdicts if one.status == "skipped")
    for reason, count in skipped.items():
        console.print(f"not asked ({count}): {reason}", markup=False, highlight=False, soft_wrap=True, style="dim")


def _faults(lines: Sequence[Line], label: str) -> list[str]:
    """Return why a function has no time, where that is its own fault."""
    return [line.arms[label].reason for line in lines if line.arms[label].status == "failed"]


def _conclude(console: Console, verdicts: Grouped, faults: Sequence[str], alone: Sequence[str]) -> bool:
    """Say whether the contract is kept, and return it; `alone` are the dtypes that were asked if not all were."""
    from benchmarks.contract import told

    asked = f" for {', '.join(alone)}" if alone else ""
    ways = told.ways(verdicts) or len(faults[:1])
    if not ways:
        console.print(f"it keeps the contract{asked}", style="bold green", soft_wrap=True)
        return True
    right, calls = told.value_calls(verdicts)
    values = "its values are right" if 0 < right == calls else f"its values are right on {right} of {calls} calls"
    if any(fault.startswith("wrong answer") for fault in faults):
        values += ", and wrong on a timed input"
    text = f"it breaks the contract{asked} in {ways} {'way' if ways == 1 else 'ways'}; {values}"
    console.print(text, style="bold red", highlight=False, soft_wrap=True)
    return False
