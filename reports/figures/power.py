"""The power curve of the gate: which share of slowdowns is found, against their amount, beside two other rules."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from reports.figures.drawing import INK, MUTED, STYLE, Look, Plot, blank, plain_ticks
from reports.stats.error_rates import WAIT, ErrorRates, Power
from reports.stats.found import MOSTLY
from reports.stats.rules import RULES
from reports.stats.sizes import SIZES

KEY = "gate-power"
LOOKS = dict(zip(RULES, (Look("#D55E00", "D"), Look("#56B4E9", "o"), Look("#8a8f98", "x")), strict=True))
APART = 1.05
"""Factor between the amounts at which rules are drawn, so that their whiskers do not hide each other."""


def power_curve(errors: ErrorRates) -> Plot | None:
    """Draw the shares that are found with their intervals, a panel for each size of a call; None without slowdowns."""
    found = {rule.rule: [one for one in rule.power if one.injection == WAIT] for rule in errors.rules}
    present = {one.size for mine in found.values() for one in mine}
    sizes = [size for size, _ in SIZES if size in present]
    if not sizes:
        return None
    with mpl.rc_context(STYLE):
        figure = blank(3.0)
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, size in zip(panels, sizes, strict=True):
            _panel(axes, size, {rule: [one for one in mine if one.size == size] for rule, mine in found.items()})
        panels[0].set_ylabel("found")
        figure.supxlabel("slower by (%, logarithmic)", fontsize=10)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return Plot(
        KEY,
        "Slowdowns found",
        "Share of the slowdowns that each rule flags, against their amount, by the time of a call; whiskers are 95 % "
        "intervals, the dotted line is four of five.",
        figure,
    )


def _panel(axes: Axes, size: str, found: dict[str, Sequence[Power]]) -> None:
    for at, (rule, mine) in enumerate(found.items()):
        look, aside = LOOKS[rule], APART ** (at - 1)
        amounts = [100 * one.amount * aside for one in mine]
        axes.plot(amounts, [one.found.share or 0.0 for one in mine], color=look.colour, marker=look.marker, ms=5,
                  lw=1.6, label=rule)  # fmt: skip
        for amount, one in zip(amounts, mine, strict=True):
            axes.plot([amount] * 2, [one.found.low or 0.0, one.found.high or 1.0], color=look.colour, lw=1)
    axes.axhline(MOSTLY, color=INK, lw=1, ls=":")
    axes.set_title(size, fontsize=9, color=MUTED)
    axes.set(xscale="log", ylim=(-0.03, 1.03))
    plain_ticks(axes, sorted({100 * one.amount for mine in found.values() for one in mine}))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(True, axis="y")
