"""The figures of the report: matplotlib, drawn once and used as themed SVG in the page and as PNG beside it.

Nothing is said by colour alone: numbers are written into the heat map, and every curve has its own marker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find
from inputs.sweep import but_for_shape, sweep
from reports.figures.drawing import INK, MUTED, STYLE, Look, Plot, blank, plain_ticks
from reports.stats.cells import Cell
from reports.words import factor, fraction, name

LABELS = {"dates": "dates T, at about equal bytes", "pixels": "output pixels of a call"}
DIVERGING = LinearSegmentedColormap.from_list("slower-faster", ["#b35806", "#f1a340", "#f7f7f7", "#7fb2d9", "#2166ac"])


def of_kernel(kernel: Kernel, cells: Sequence[Cell], centre: Case, look: Mapping[str, Look]) -> list[Plot]:
    """Return the figures of a kernel, leaving out those for which there are too few numbers."""
    with mpl.rc_context(STYLE):
        plots = [
            heat_map(kernel, cells),
            *scaling(kernel, cells, centre, look),
            limit_bars(kernel, cells, centre, look),
        ]
        return [plot for plot in plots if plot is not None]


def heat_map(kernel: Kernel, cells: Sequence[Cell]) -> Plot | None:
    """Draw cases × implementations, coloured by the ratio to expert NumPy on a log scale centred at 1."""
    arms = [a for a in dict.fromkeys(c.implementation for c in cells) if a != "numpy"]
    cases = list(dict.fromkeys(c.case for c in cells))
    grid = {(c.case, c.implementation): c for c in cells}
    values = np.array([[_value(grid.get((case, arm))) for arm in arms] for case in cases], dtype=float)
    if not np.isfinite(values).any():
        return None
    reach = max(2.0, float(np.nanmax(np.abs(np.log2(values)))))
    norm = LogNorm(2.0**-reach, 2.0**reach)
    figure = blank(1.25 + 0.3 * len(cases))
    axes = figure.add_subplot()
    axes.pcolormesh(values, cmap=DIVERGING, norm=norm, edgecolors="none")
    axes.set_xticks(np.arange(len(arms)) + 0.5, [_narrow(name(a)) for a in arms])
    axes.set_yticks(np.arange(len(cases)) + 0.5, cases)
    axes.invert_yaxis()
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", labelsize=10 if len(arms) <= 4 else 7.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, case in enumerate(cases):
        for j, arm in enumerate(arms):
            _write(axes, j, i, grid.get((case, arm)), norm)
    return Plot(
        f"{kernel.name}-ratio",
        "Ratio to expert NumPy, case by case",
        "Blue is faster than expert NumPy, orange and ▼ slower, brackets show no difference; * is on the crop.",
        figure,
    )


def _write(axes: Axes, column: int, row: int, cell: Cell | None, norm: LogNorm) -> None:
    """Write a cell's ratio: bold where it loses, in brackets where the interval includes 1, its status where none."""
    at = (column + 0.5, row + 0.5)
    if cell is None or cell.ratio_vs_numpy is None:
        missing = "" if cell is None else "no ratio" if cell.status == "ok" else str(cell.status)
        axes.text(*at, missing, ha="center", va="center", color=MUTED, fontsize=7.5, style="italic")
        return
    text = factor(cell.ratio_vs_numpy)
    text = f"({text})" if cell.against_numpy in {"no difference shown", "no interval"} else text
    text += "*" if cell.cropped else ""
    text = f"▼ {text}" if cell.against_numpy == "slower" else text
    red, green, blue, _ = DIVERGING(float(norm(cell.ratio_vs_numpy)))
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
    weight = "bold" if cell.against_numpy == "slower" else "normal"
    axes.text(*at, text, ha="center", va="center", color="#fefefe" if dark else "#111111", fontsize=8.5, weight=weight)


def scaling(kernel: Kernel, cells: Sequence[Cell], centre: Case, look: Mapping[str, Look]) -> list[Plot]:
    """Draw nanoseconds per output pixel over pixels, and for temporal kernels over dates, of cases like the centre."""
    cases = {n: find(kernel.family, n) for n in dict.fromkeys(c.case for c in cells)}
    alike = {n: c for n, c in cases.items() if but_for_shape(c) == but_for_shape(centre)}
    plots = []
    if kernel.dimensions.over_time:
        dates = {n: float(length) for length, n in sweep(kernel.family).cases.items() if n in cases}
        plots.append(_curves(kernel, _within(cells, dates), dates, "dates", look))
        alike = {n: c for n, c in alike.items() if c.shape[0] == centre.shape[0]}
    pixels = {n: float(c.pixels) for n, c in alike.items()}
    plots.append(_curves(kernel, _within(cells, pixels), pixels, "pixels", look))
    return [p for p in plots if p is not None]


def _within(cells: Sequence[Cell], cases: Mapping[str, float]) -> list[Cell]:
    return [c for c in cells if c.case in cases and c.median_s is not None]


def _curves(
    kernel: Kernel, cells: Sequence[Cell], x_of_case: Mapping[str, float], over: str, look: Mapping[str, Look]
) -> Plot | None:
    if len(set(x_of_case.values())) < 2:
        return None
    figure = blank(3.6)
    axes = figure.add_subplot()
    for arm in dict.fromkeys(c.implementation for c in cells):
        mine = [c for c in cells if c.implementation == arm]
        points = sorted((x_of_case[c.case], _ns_per_pixel(kernel, c), c.time_cropped) for c in mine)
        x, y, cropped = zip(*points, strict=True)
        axes.plot(x, y, color=look[arm].colour, lw=1.6, label=name(arm), marker=look[arm].marker, ms=5)
        hollow = [(a, b) for a, b, c in zip(x, y, cropped, strict=True) if c]
        if hollow:
            axes.plot(*zip(*hollow, strict=True), ls="", marker="o", ms=9, mfc="none", mec=look[arm].colour)
    axes.set(xscale="log", yscale="log", xlabel=LABELS[over], ylabel="ns per output pixel")
    plain_ticks(axes, sorted(set(x_of_case.values())) if over == "dates" else None)
    axes.grid(True, which="major")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Plot(
        f"{kernel.name}-{over}",
        f"Scaling over {over}",
        "Nanoseconds per output pixel, both axes logarithmic; lower is faster. A ring marks a time on the centre crop.",
        figure,
    )


def limit_bars(kernel: Kernel, cells: Sequence[Cell], centre: Case, look: Mapping[str, Look]) -> Plot | None:
    """Draw how near every implementation comes to the limit at the centre case, with intervals."""
    mine = [c for c in cells if c.case == centre.name and c.fraction_of_limit is not None]
    if not mine:
        return None
    figure = blank(1.2 + 0.32 * len(mine))
    axes = figure.add_subplot()
    for i, cell in enumerate(mine):
        value = cell.fraction_of_limit or 0.0
        axes.barh(i, value, height=0.62, color=look[cell.implementation].colour)
        if cell.fraction_low is not None and cell.fraction_high is not None:
            axes.plot([cell.fraction_low, cell.fraction_high], [i, i], color=INK, lw=1.2, solid_capstyle="butt")
        axes.annotate(
            fraction(value), (max(value, cell.fraction_high or 0.0), i), (5, 0), textcoords="offset points", va="center"
        )
    axes.axvline(1.0, color=INK, lw=1, ls=(0, (4, 3)))
    axes.set_yticks(range(len(mine)), [name(c.implementation) for c in mine])
    axes.set_xlim(0, 1.15 * max(1.0, *(c.fraction_high or c.fraction_of_limit or 0.0 for c in mine)))
    axes.set_xlabel(f"limit ÷ time at {centre.name} (1 is the {mine[0].limit} limit)")
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    return Plot(
        f"{kernel.name}-limit",
        "Fraction of the limit",
        "Least possible time ÷ time at the centre case, with the 95 % interval; 1 is the limit.",
        figure,
    )


def _value(cell: Cell | None) -> float:
    return float("nan") if cell is None or cell.ratio_vs_numpy is None else cell.ratio_vs_numpy


def _ns_per_pixel(kernel: Kernel, cell: Cell) -> float:
    """Return nanoseconds per output pixel of the shape that was measured."""
    lengths = cell.measured_shape or cell.shape
    return (cell.median_s or float("nan")) / kernel.dimensions.pixels(tuple(lengths)) * 1e9


def _narrow(text: str) -> str:
    return text.replace(" ", "\n").replace("-", "-\n")
