"""The page of the history: what stepped, and per kernel the curves over its size and its ratio to NumPy over commits.

asv-tachyon draws a series over commits for each parameter, and no curve over a parameter; this page stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

from benchmarks.runs.history import unmeasured
from benchmarks.spec import Kernel
from inputs.sweep import centre, sweep
from reports.figures import drawing
from reports.figures.drawing import INK, STYLE, Look, Plot, blank, looks, plain_ticks
from reports.read.rows import WALL
from reports.stats import flags
from reports.stats.flags import Flag
from reports.stats.series import CommitResults, by_machine, curves, ratios
from reports.words import name
from reports.write import flagging, render

FILE = flagging.PAGE
FEED = "flags.atom"
LABELS = {"side": "side of a square array", "dates": "dates T, at about equal bytes"}


@dataclass(frozen=True)
class KernelHistory:
    """The figures of one kernel on one machine."""

    kernel: Kernel
    figures: Sequence[Plot]


@dataclass(frozen=True)
class MachineHistory:
    """One machine's commits, the oldest first, what stepped over them, and its kernels."""

    machine: str
    commits: Sequence[CommitResults]
    flags: Sequence[Flag]
    kernels: Sequence[KernelHistory]


def write(results: Path, kernels: Mapping[str, Kernel], folder: Path) -> Path:
    """Write the page of a directory of asv's layout and its feed beside asv's own, and return the page's path."""
    machines = by_machine(results)
    shown = flags.find(machines, list(kernels), unmeasured)
    found = [_machine(machine, commits, kernels, shown.flags) for machine, commits in machines.items()]
    style = (render.ROOM / "templates" / "style.css").read_text(encoding="utf-8")
    template = render.environment(html=True).get_template("history.html.j2")
    path = folder / FILE
    path.write_text(
        template.render(machines=found, style=style, svg=drawing.svg, feed=FEED, flagging=flagging), encoding="utf-8"
    )
    (folder / FEED).write_bytes(flagging.atom(shown))
    return path


def link(index: Path) -> None:
    """Add a link to the page to asv's own index, once."""
    text = index.read_text(encoding="utf-8")
    anchor = f'<a href="{FILE}" style="position:fixed;right:1rem;bottom:1rem;padding:.4rem .8rem;background:#14578c;'
    anchor += 'color:#fff;border-radius:.3rem;font:14px sans-serif;z-index:9999">Curves over sizes</a>'
    if anchor not in text:
        index.write_text(text.replace("</body>", f"{anchor}\n</body>", 1), encoding="utf-8")


def _machine(
    machine: str, commits: Sequence[CommitResults], kernels: Mapping[str, Kernel], found: Sequence[Flag]
) -> MachineHistory:
    mine = [flag for flag in found if flag.machine == machine]
    with mpl.rc_context(STYLE):
        histories = []
        for kernel in kernels.values():
            plots = (curve_plot(machine, kernel, commits), ratio_plot(machine, kernel, commits, mine))
            histories.append(KernelHistory(kernel, [plot for plot in plots if plot is not None]))
    return MachineHistory(machine, commits, mine, [entry for entry in histories if entry.figures])


def curve_plot(machine: str, kernel: Kernel, commits: Sequence[CommitResults]) -> Plot | None:
    """Draw time per output pixel over the swept size: the newest commit that has it in full, older ones faint."""
    known = [(c.commit, found) for c in commits if (found := curves(c, kernel.name))]
    if not known:
        return None
    look = looks([arm for _, found in known for arm in found if arm != WALL]) | {WALL: Look(INK, ".")}
    figure = blank(3.8)
    axes = figure.add_subplot()
    for age, (_, found) in enumerate(reversed(known)):
        for arm, points in found.items():
            style, newest = look[arm], age == 0
            lengths, values = zip(*((x, s * 1e9) for x, s in points), strict=True)
            axes.plot(
                lengths, values, color=style.colour, lw=1.7 if newest else 0.9, alpha=1 if newest else 0.35, ms=5,
                marker=style.marker if newest else "", label=name(arm) if newest else None,
                ls="--" if arm == WALL else "-",
            )  # fmt: skip
    swept = sweep(kernel.family)
    axes.set(xscale="log", yscale="log", xlabel=LABELS[swept.parameter], ylabel="ns per output pixel")
    plain_ticks(axes, [n for n in swept.cases if axes.get_xlim()[0] <= n <= axes.get_xlim()[1]])
    axes.grid(True, which="major")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    newest_commit = known[-1][0][:8]
    return Plot(
        f"{machine}-{kernel.name}-curve",
        f"Over {swept.parameter}, at {newest_commit}",
        f"Nanoseconds per output pixel, both axes logarithmic; lower is faster. Faint: {len(known) - 1} older commits.",
        figure,
    )


def ratio_plot(
    machine: str, kernel: Kernel, commits: Sequence[CommitResults], stepped: Sequence[Flag] = ()
) -> Plot | None:
    """Draw the ratio to expert NumPy at the centre case over the commits, with intervals and steps if there are any."""
    case = centre(kernel.family).name
    known = [(c.commit[:8], found) for c in commits if (found := ratios(c, kernel.name, case))]
    if not known:
        return None
    arms = list(dict.fromkeys(arm for _, found in known for arm in found))
    look = looks(arms)
    figure = blank(3.4)
    axes = figure.add_subplot()
    for arm in arms:
        style = look[arm]
        mine = [(i, found[arm]) for i, (_, found) in enumerate(known) if arm in found]
        axes.plot([i for i, _ in mine], [r.estimate for _, r in mine], color=style.colour, lw=1.5, label=name(arm),
                  marker=style.marker, ms=5)  # fmt: skip
        for i, ratio in mine:
            if ratio.low is not None and ratio.high is not None:
                axes.plot([i, i], [ratio.low, ratio.high], color=style.colour, lw=1)
    for at in _stepped_at(stepped, kernel.name, case, [commit for commit, _ in known]):
        axes.axvline(at - 0.5, color=INK, lw=1, ls=":")
    axes.axhline(1.0, color=INK, lw=1)
    axes.set(yscale="log", ylabel="times as fast as expert NumPy")
    plain_ticks(axes)
    axes.set_xticks(range(len(known)), [commit for commit, _ in known], rotation=45, ha="right", fontsize=8)
    axes.grid(True, axis="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return Plot(
        f"{machine}-{kernel.name}-commits",
        f"Over commits, at {case}",
        "Times as fast as expert NumPy in the same processes, the oldest commit first; whiskers are 95 % intervals, "
        "dotted lines steps.",
        figure,
    )


def _stepped_at(stepped: Sequence[Flag], kernel: str, case: str, commits: Sequence[str]) -> list[int]:
    """Return the places of the commits with which a time of a case stepped."""
    mine = {flag.since[:8] for flag in stepped if (flag.kernel, flag.case, flag.quantity) == (kernel, case, "time")}
    return [at for at, commit in enumerate(commits) if commit in mine]
