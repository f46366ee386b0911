"""The experiment of ``lab calibrate --levels``: at which level times vary on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.gate.memory_states import State
    from reports.stats.levels import Levels

KERNELS = ("temporal_median", "temporal_mean", "evi", "normalized_difference_dn")
"""One of each kind that varied: from memory and in cache, of stacks and of images."""


def run(limit_s: float, kernels: Sequence[str]) -> None:
    """Go on for about so long with the newest experiment of this wheel, or a new one, and print what it has found.

    Raises
    ------
    ValueError
        Where no state of memory but the present one can be entered, or too little was measured to tell anything.
    """
    from benchmarks import registry
    from benchmarks.environment import wheel
    from benchmarks.gate import levels, memory_states
    from inputs.families import get
    from lab import progress
    from reports.stats.levels import levels as found_levels

    wheel.require_source()
    until = monotonic() + limit_s
    cases = {name: [get(registry.get(name).family).centre.name] for name in kernels or KERNELS}
    folder = _folder(wheel.installed_digest()[:16], sorted(cases))
    experiment = levels.Experiment(folder, cases, _states(), 11)
    trials = levels.read(folder)
    number = max((one.visit for one in trials), default=-1) + 1
    try:
        with progress.shown("visiting states of the machine's memory") as update:
            while monotonic() < until:
                update(f"visit {number}")
                experiment.visit(number, lambda: None)
                number += 1
    finally:
        memory_states.leave()
    _show(found_levels(levels.read(folder)), folder)


def _folder(wheel: str, names: Sequence[str]) -> Path:
    from benchmarks.gate.plan import GATES

    return GATES / f"levels-{wheel}-{'-'.join(names)}"


def _states() -> list[State]:
    """Return the states that can be entered here."""
    from benchmarks.gate import memory_states
    from lab import terminal

    found: list[State] = []
    for state in memory_states.STATES:
        try:
            memory_states.enter(state)
        except memory_states.Unavailable as error:
            terminal.say(f"left out: {error}")
        else:
            found.append(state)
    if len(found) < 2:
        raise ValueError("levels: no state of memory but the present one can be entered here; root can enter them")
    return found


def _show(found: Sequence[Levels], folder: Path) -> None:
    from lab import terminal
    from lab.terminal import Column, Row, show

    columns = [Column("case", whole=True), Column("of"), *(Column(one, number=True) for one in HEADINGS)]
    rows = [Row((f"{one.kernel} {one.case}", one.quantity, *_cells(one)), "") for one in found]
    visits = min(one.visits for one in found)
    show(terminal.console(), f"Standard deviations in per cent, {visits} visits", columns, rows)
    terminal.say(f"All trials are in {folder}.")


HEADINGS = ("block", "process", "visit", "state", "states from", "to", "ballast", "huge pages")


def _cells(one: Levels) -> tuple[str, ...]:
    spread = [100 * (mean - 1) for mean in one.by_state.values()]
    deviations = ["–" if sd is None else f"{100 * sd:.1f}" for sd in (one.block, one.process, one.visit, one.state)]
    effects = [f"{100 * (effect.estimate - 1):+.1f}" for effect in (one.ballast, one.huge_pages)]
    return (*deviations, f"{min(spread):+.1f}", f"{max(spread):+.1f}", *effects)
