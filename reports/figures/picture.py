"""The README's picture: every kernel at its centre case, as times as fast as expert NumPy, with the limit.

The numbers stand in the table beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.spec import Kernel
from reports import words
from reports.figures.drawing import INK, MUTED, STYLE, Look, looks, plain_ticks
from reports.stats.cells import BASELINE, Cell
from reports.stats.summary import Summary

ARMS = ("numpy_naive", "numba", "rust")
BAND = "#f6f6f3"
HEIGHT_IN = 0.86
LINE = 0.21
"""Distance between the lines of a kernel, in rows."""


@dataclass(frozen=True)
class Entry:
    """What is drawn of one kernel: its implementations and best peer, and how fast the limit is; 1 is expert NumPy."""

    kernel: Kernel
    case: str
    baseline: Cell
    cells: Sequence[Cell]
    limit: float | None


def entries(kernels: Mapping[str, Kernel], summary: Summary) -> list[Entry]:
    """Return an entry per kernel whose expert NumPy has a time at the centre case, in the order of the run."""
    found = []
    for name in dict.fromkeys(c.kernel for c in summary.cells):
        cells, contest = words.at_centre(kernels[name], summary), words.contest_at_centre(kernels[name], summary)
        baseline = cells.get(BASELINE)
        if baseline is None or contest is None or baseline.ratio_vs_numpy is None:
            continue
        arms = [*ARMS, contest.best_peer] if contest.best_peer else [*ARMS]
        shown = [c for arm in arms if (c := cells.get(arm)) is not None and c.ratio_vs_numpy is not None]
        fraction = baseline.fraction_of_limit
        found.append(Entry(kernels[name], contest.case, baseline, shown, 1 / fraction if fraction else None))
    return found


def draw(kernels: Mapping[str, Kernel], summary: Summary) -> Figure:
    """Draw the picture."""
    shown = entries(kernels, summary)
    look = looks([c.implementation for c in summary.cells])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 1.25 + HEIGHT_IN * max(len(shown), 1)), layout="constrained")
        axes = figure.add_subplot()
        for row, entry in enumerate(shown):
            _entry(axes, row, entry, look)
        ends = [x for e in shown for c in e.cells for x in _ends(c)] + [e.limit for e in shown if e.limit]
        axes.set(xscale="log", ylim=(max(len(shown), 1) - 0.5, -0.5))
        axes.set_xlim(min(0.5, *ends, 0.5) / 1.25, 2.6 * max(2.0, *ends, 2.0))
        axes.axvline(1.0, color=INK, lw=1)
        axes.set_yticks(range(len(shown)), [_label(e) for e in shown], color=INK, fontsize=8.5)
        axes.set_xlabel("times as fast as expert NumPy (logarithmic; whiskers: 95 % interval)")
        axes.tick_params(axis="y", length=0)
        plain_ticks(axes)
        axes.grid(True, axis="x")
        figure.legend(handles=_legend(shown, look), loc="outside upper center", ncols=4, columnspacing=1.6, fontsize=9)
        return figure


def _label(entry: Entry) -> str:
    return f"{textwrap.fill(entry.kernel.title, 28)}\n{entry.case}"


def _entry(axes: Axes, row: int, entry: Entry, look: Mapping[str, Look]) -> None:
    if row % 2:
        axes.axhspan(row - 0.5, row + 0.5, color=BAND, lw=0, zorder=-2)
    first = row - LINE * (len(entry.cells) - 1) / 2
    for i, cell in enumerate(entry.cells):
        y, value, (low, high) = first + i * LINE, cell.ratio_vs_numpy or 1.0, _ends(cell)
        style = look[cell.implementation]
        axes.plot([1, value], [y, y], color=style.colour, lw=2.2, alpha=0.55, solid_capstyle="butt")
        axes.plot([low, high], [y, y], color=INK, lw=1.2, solid_capstyle="butt", zorder=3)
        axes.plot(value, y, color=style.colour, marker=style.marker, ms=5.5, ls="", zorder=4)
        text = "*" if cell.cropped else ""
        text = text if cell.implementation in words.OURS else f"{cell.implementation}{text}"
        bold = "bold" if cell.implementation == "rust" else "normal"
        at = (max(high, 1.0), y)
        plain = {"facecolor": BAND if row % 2 else "white", "edgecolor": "none", "pad": 0.6}
        axes.annotate(text, at, (6, 0), textcoords="offset points", va="center", fontsize=7.5, weight=bold, bbox=plain)
    if entry.limit is not None:
        axes.plot([entry.limit] * 2, [row - 0.42, row + 0.42], color=MUTED, lw=1.6, ls=(0, (3, 1.5)), zorder=2)


def _ends(cell: Cell) -> tuple[float, float]:
    """Return the interval of a ratio, or the ratio twice where it has none."""
    value = cell.ratio_vs_numpy or 1.0
    return cell.ratio_low or value, cell.ratio_high or value


def _legend(shown: Sequence[Entry], look: Mapping[str, Look]) -> list[Line2D]:
    def handle(arm: str, label: str) -> Line2D:
        return Line2D([], [], color=look[arm].colour, marker=look[arm].marker, lw=2.2, ms=5.5, label=label)

    handles = [handle(arm, words.name(arm)) for arm in ARMS]
    peers = dict.fromkeys(c.implementation for e in shown for c in e.cells if c.implementation not in words.OURS)
    handles += [handle(arm, f"best peer: {arm}" if len(peers) == 1 else arm) for arm in peers]
    if any(e.limit for e in shown):
        handles.append(Line2D([], [], color=MUTED, lw=1.6, ls=(0, (3, 1.5)), label="limit of the machine"))
    if any(c.cropped for e in shown for c in e.cells):
        handles.append(Line2D([], [], ls="", label="* on the centre crop"))
    return handles
