"""``python -m lab time``: measure a few cells in the installed wheel, at once and without asv."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.pairing.runlines import Line

BASELINE = "numpy"


def time(
    kernel: Annotated[str, typer.Argument(help="Which kernel.")],
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="A named case; may be repeated. Default: the centre."),
    ] = None,
    implementation: Annotated[
        list[str] | None,
        typer.Option("--implementation", "-i", metavar="NAME", help="May be repeated. Default: all of them."),
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", help="Spawned processes; below 6 there is no 95 % interval.")
    ] = 6,
) -> None:
    """Measure implementations side by side with NumPy's and with the wall, in the wheel that is installed here.

    Nothing is stored. Exits with 1 when an answer is wrong, with 2 when nothing was measured.
    """
    from benchmarks.calls.binding import WALL
    from benchmarks.environment import wheel
    from benchmarks.pairing import conductor, runlines
    from benchmarks.runs import planning
    from lab import progress, terminal

    console = terminal.console()
    cases, arms = chosen(kernel, case or [], implementation or [])
    wheel.require_source()
    planning.require_processes(processes)
    with tempfile.TemporaryDirectory(prefix="lab-time-") as scratch:
        digest = wheel.installed_digest()
        wanted = conductor.Measurement(Path(scratch), kernel, cases, arms, processes, digest, memory=False)
        with progress.shown("making inputs, measuring: processes", processes) as update:
            update(done=0)
            done = iter(range(1, processes + 1))
            conductor.measure(wanted, lambda: update("measuring: processes", next(done)))
        lines = runlines.read_lines(Path(scratch), kernel)
    failed = [show(console, lines, kernel, name) for name in cases]
    if any(failed):
        raise typer.Exit(1)
    if not any(outcome.time_s is not None for line in lines for arm, outcome in line.arms.items() if arm != WALL):
        raise ValueError(f"{kernel}: nothing was measured; the tables say why")


def chosen(
    kernel: str, cases: Sequence[str], implementations: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cases and the arms that are measured; NumPy's is always among them, as all ratios are to it."""
    from benchmarks import registry
    from inputs.families import CASES, find

    declared = registry.get(kernel)
    known = registry.arms(declared)
    for name in implementations:
        if name not in known:
            raise ValueError(f"implementation: was {name!r}; {kernel} has {', '.join(known)}")
    names = tuple(find(declared.family, name).name for name in cases) or tuple(
        case.name for case in CASES[declared.family] if case.centre
    )
    wanted = {BASELINE, *implementations} if implementations else set(known)
    return names, tuple(name for name in known if name in wanted)


def show(console: Console, lines: Sequence[Line], kernel: str, case: str) -> bool:
    """Print a table for each group of a case, and return whether an answer was wrong."""
    from benchmarks import registry
    from lab import terminal

    numbers = [terminal.Column(heading, number=True) for heading in ("time", "ns/pixel", "× NumPy", "95 %")]
    columns = [terminal.Column("implementation", least=26), *numbers, terminal.Column("note")]
    failed = False
    for group in ("call", "crop"):
        found = [line for line in lines if (line.case, line.group) == (case, group)]
        if not found:
            continue
        shape = found[0].shape
        pixels = registry.get(kernel).dimensions.pixels(tuple(shape))
        title = f"{kernel} {case}: {' × '.join(map(str, shape))}" + (", the centre crop" if group == "crop" else "")
        arms = found[0].arms
        terminal.show(console, title, columns, [terminal.Row((arm, *_columns(found, arm, pixels))) for arm in arms])
        console.print()
        failed = failed or any(line.arms[arm].status == "failed" for line in found for arm in arms)
    return failed


def _columns(lines: Sequence[Line], arm: str, pixels: int) -> tuple[str, str, str, str, str]:
    """Return time, time per pixel, ratio, interval and note of an arm; dashes where it has no time."""
    from reports.stats.run_ratio import run_ratio

    times = [line.arms[arm].time_s for line in lines]
    known = [seconds for seconds in times if seconds is not None]
    if len(known) < len(times):
        reason = next(line.arms[arm].reason for line in lines if line.arms[arm].time_s is None)
        return "–", "–", "–", "–", reason
    per_pixel = median(known) * 1e9 / pixels
    shown = f"{median(known) * 1e3:.4g} ms", f"{per_pixel:,.0f}" if per_pixel >= 100 else f"{per_pixel:.3g}"
    base = [seconds for line in lines if (seconds := line.arms[BASELINE].time_s) is not None]
    if len(base) < len(known):
        return *shown, "–", "–", ""
    ratio = run_ratio(base, known)
    interval = "–" if ratio.low is None or ratio.high is None else f"{ratio.low:.2f} – {ratio.high:.2f}"
    return *shown, f"{ratio.estimate:.2f}", interval, ""
