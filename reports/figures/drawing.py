"""How every figure is drawn: one style, one colour and marker per implementation, and the two ways out, SVG and PNG.

The ink of a figure is drawn in three known colours; inside the page they become the page's own variables, so that
one figure is legible on light and on dark paper. Implementations keep one colour *and* one marker everywhere (Okabe
and Ito's palette, safe for colour-blind readers).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

INK, MUTED, GRID = "#1b1f24", "#5b6570", "#d5dae0"
THEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)"}
WIDTH_IN = 5.0
STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "savefig.dpi": 160,
}
COLOURS = {"numpy": "#56B4E9", "numpy_naive": "#8a8f98", "numba": "#009E73", "rust": "#D55E00"}
MARKERS = {"numpy": "o", "numpy_naive": "x", "numba": "s", "rust": "D"}
PEER_COLOURS = ("#CC79A7", "#E69F00", "#4477CC", "#997700")
PEER_MARKERS = ("^", "v", "P", "*")


@dataclass(frozen=True)
class Plot:
    """A figure with its file name (without suffix), heading and the text that stands for it where it can't be seen."""

    key: str
    title: str
    alt: str
    figure: Figure


@dataclass(frozen=True)
class Look:
    """How an implementation is drawn."""

    colour: str
    marker: str


def looks(implementations: Sequence[str]) -> dict[str, Look]:
    """Give every implementation its colour and marker; peers take theirs in alphabetical order."""
    peers = sorted(set(implementations) - set(COLOURS))
    found = {arm: Look(COLOURS[arm], MARKERS[arm]) for arm in COLOURS}
    for i, arm in enumerate(peers):
        found[arm] = Look(PEER_COLOURS[i % len(PEER_COLOURS)], PEER_MARKERS[i % len(PEER_MARKERS)])
    return found


def svg(plot: Plot) -> str:
    """Return a figure as an inline SVG whose ink follows the page's colours."""
    buffer = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": plot.key}):
        plot.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="(?![pm][0-9a-f]{10}")[^"]*"', "<g", text)
    text = re.sub(r'xlink:href="#', 'href="#', re.sub(r'\s+xmlns(:xlink)?="[^"]*"', "", text))
    for length in ("width", "height"):
        text = re.sub(rf'(<svg[^>]*?) {length}="[^"]*"', r"\1", text, count=1)
    label = plot.alt.replace('"', "'")
    for colour, variable in THEME.items():
        text = text.replace(colour, variable)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG on white paper, the same bytes for the same figure."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def blank(height_in: float) -> Figure:
    """Return an empty figure of the report's width."""
    return Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def plain_ticks(axes: Axes, at: Sequence[float] | None = None) -> None:
    """Write ticks of log axes as plain numbers, at 1, 2 and 5 of each decade or less; `at` sets those of the x axis."""
    for axis, scale in ((axes.xaxis, axes.get_xscale()), (axes.yaxis, axes.get_yscale())):
        if scale == "log":
            low, high = sorted(axis.get_view_interval())
            steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
            axis.set_major_locator(LogLocator(subs=steps, numticks=12))
            axis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))
            axis.set_minor_formatter(NullFormatter())
    if at is not None:
        axes.set_xticks(list(at), [f"{value:g}" for value in at])
        axes.xaxis.set_minor_locator(NullLocator())


def _plain(value: float) -> str:
    for scale, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{value / scale:g}{letter}"
    return f"{value:g}"
