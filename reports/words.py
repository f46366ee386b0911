"""Numbers in words: how the report writes times, ratios and verdicts, the same in every one of its forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find
from reports.read.rows import Control
from reports.stats import limits
from reports.stats.cells import Cell, Contest, Versus
from reports.stats.summary import Summary

if TYPE_CHECKING:
    from reports.stats.break_even import BreakEven
    from reports.stats.losses import Tally

NONE = "–"
OURS = ("numpy", "numpy_naive", "numba", "rust")
DISPLAY = {"numpy": "expert NumPy", "numpy_naive": "naive NumPy", "numba": "Numba", "rust": "Rust"}
SYMBOLS = {
    "baseline": "=",
    "faster": "▲",
    "slower": "▼",
    "no difference shown": "≈",
    "no interval": "·",
    "not known": "·",
}


@dataclass(frozen=True)
class Line:
    """One row of the overview, in words: a kernel's implementation at the centre case; * is on the centre crop."""

    kernel: str
    case: str
    implementation: str
    time: str
    ratio: str
    word: str
    fraction: str
    verified: str


def name(implementation: str) -> str:
    """Return an implementation's name for readers."""
    return DISPLAY.get(implementation, implementation)


def significant(value: float, digits: int = 3) -> str:
    """Write a positive number with so many significant digits, without exponents between 0.001 and a million."""
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    rounded = f"{value:.{digits - 1}e}"
    return f"{float(rounded):.{max(digits - 1 - int(rounded.split('e')[1]), 0)}f}"


def seconds(value: float | None) -> str:
    """Write seconds in the unit that leaves 1 to 999."""
    if value is None:
        return NONE
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= 0.9995 * scale:
            return f"{significant(value / scale)} {unit}"
    return f"{significant(value / 1e-9)} ns"


def times(value: float | None) -> str:
    """Write a ratio with the sign ×."""
    return NONE if value is None else f"{factor(value)}×"


def factor(value: float) -> str:
    """Write a ratio: two decimals up to 2, where they decide something, and above that no more digits than help."""
    if value >= 10:
        return significant(value)
    return significant(value, 2) if value >= 2 or value < 0.1 else f"{value:.2f}"


def interval(low: float | None, high: float | None) -> str:
    """Write an interval of ratios in brackets, and nothing where there is none."""
    return "" if low is None or high is None else f"[{factor(low)}, {factor(high)}]"


def fraction(value: float | None) -> str:
    """Write a fraction of the limit."""
    return NONE if value is None else f"{value:.2f}" if value >= 0.1 else significant(value, 2)


def size(value: int | None) -> str:
    """Write bytes in binary units."""
    if value is None:
        return NONE
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= scale:
            return f"{significant(value / scale)} {unit}"
    return f"{value} B"


def whole(value: int | None) -> str:
    """Write a whole number."""
    return NONE if value is None else f"{value:,}".replace(",", "\u202f")


def break_even(found: BreakEven) -> str:
    """Say up to which of the measured sizes NumPy is the faster choice, and from which on it no longer is."""
    lost, won = found.numpy_wins_up_to, found.faster_from
    if lost is None:
        return "on none of these sizes" if won == found.points[0].shape else "not shown on these sizes"
    return f"up to {shape(lost)}" + (f"; slower from {shape(won)} on" if won else "")


def shape(lengths: Sequence[int] | None) -> str:
    """Write a shape as lengths joined by ×."""
    return NONE if lengths is None else "×".join(str(n) for n in lengths)


def ratio(cell: Cell) -> str:
    """Write a cell's ratio with its interval."""
    return f"{times(cell.ratio_vs_numpy)} {interval(cell.ratio_low, cell.ratio_high)}".strip()


def centre(kernel: Kernel, summary: Summary) -> Case | None:
    """Return the case that stands for a kernel: its family's centre, or the largest measured where that is absent."""
    names = dict.fromkeys(c.case for c in summary.cells if c.kernel == kernel.name)
    cases = [find(kernel.family, n) for n in names]
    return max(cases, key=lambda c: (c.centre, c.pixels), default=None)


def at_centre(kernel: Kernel, summary: Summary) -> Mapping[str, Cell]:
    """Return implementation → cell at the kernel's centre case."""
    case = centre(kernel, summary)
    return {c.implementation: c for c in summary.cells if case and c.kernel == kernel.name and c.case == case.name}


def contest_at_centre(kernel: Kernel, summary: Summary) -> Contest | None:
    """Return who wins the kernel's centre case."""
    case = centre(kernel, summary)
    return next((c for c in summary.contests if case and (c.kernel, c.case) == (kernel.name, case.name)), None)


def sentence(kernel: Kernel, summary: Summary) -> str:
    """Say in one line what came out at the centre case: Rust against expert NumPy, Numba and the best peer, by name."""
    rust, contest = at_centre(kernel, summary).get("rust"), contest_at_centre(kernel, summary)
    if rust is None or rust.status != "ok" or contest is None:
        return f"Rust has no time here: {rust.reason if rust else 'it was not planned'}."
    parts = []
    if contest.rust_vs_numpy is not None:
        parts.append(f"{against(contest.rust_vs_numpy)} as fast as expert NumPy")
    if contest.rust_vs_numba is not None:
        parts.append(f"{against(contest.rust_vs_numba)} as fast as Numba")
    if contest.rust_vs_best_peer is not None:
        parts.append(f"{against(contest.rust_vs_best_peer)} as fast as the best peer, {contest.best_peer}")
    if rust.fraction_of_limit is not None:
        parts.append(f"it reaches {fraction(rust.fraction_of_limit)} of the {rust.limit} limit")
    if rust.max_ulp is not None:
        parts.append(f"its values are at most {significant(rust.max_ulp, 2)} ulp off")
    return f"Rust takes {seconds(rust.median_s)}: " + "; ".join(parts) + "."


def against(versus: Versus) -> str:
    """Write the subject's ratio to another arm, with its interval, and in a word where it is not plainly faster."""
    notes = [*([] if versus.word == "faster" else [versus.word]), *(["crop"] if versus.cropped else [])]
    text = f"{times(versus.ratio)} {interval(versus.low, versus.high)}".strip()
    return text + (f" ({', '.join(notes)})" if notes else "")


def winners(contest: Contest) -> str:
    """Name the best implementation of a case and those that tie with it."""
    return arms((contest.best, *contest.tied)) if contest.best else NONE


def arms(winners: Sequence[str]) -> str:
    """Name the best arm and, after ≈, those that tie with it."""
    return " ≈ ".join(name(arm) for arm in winners) or NONE


def worst(tally: Tally) -> str:
    """Say which loss of a kernel is the worst."""
    loss = tally.worst
    return f"{times(loss.worst.ratio)} {name(loss.worst.other)}, {loss.case}" if loss else "none"


def verified(cell: Cell) -> str:
    """Say whether a cell's answer was right, in the processes that timed it."""
    if cell.status != "ok":
        return f"{cell.status}: {cell.reason}"
    return "yes" if cell.max_ulp is None else f"yes, {significant(cell.max_ulp, 2)} ulp"


def overview(summary: Summary, kernels: Mapping[str, Kernel]) -> list[Line]:
    """Return the overview: every implementation of every kernel at the kernel's centre case."""
    return [
        Line(
            kernel=c.kernel,
            case=c.case,
            implementation=c.implementation,
            time=seconds(c.median_s) + ("*" if c.time_cropped else ""),
            ratio="1" if c.against_numpy == "baseline" else ratio(c) + ("*" if c.cropped else ""),
            word=c.against_numpy if c.status == "ok" else c.status,
            fraction=fraction(c.fraction_of_limit),
            verified=verified(c),
        )
        for kernel in dict.fromkeys(c.kernel for c in summary.cells)
        for c in at_centre(kernels[kernel], summary).values()
    ]


def canary_sentence(canary: limits.Canary) -> str:
    """Say what the canary measured, each number with the limit of a calm machine, and which limits were passed."""
    if canary.triad_ratio is None:
        return "Bandwidth on one and on two threads was not measured in this run."
    low, high = (factor(value or 0.0) for value in (canary.triad_ratio_low, canary.triad_ratio_high))
    least = "no limit on one core" if canary.cores == 1 else f"calm from {times(limits.CALM_TRIAD_RATIO)} on"
    parts = {
        "threads": f"two threads got {times(canary.triad_ratio)} the bandwidth of one ({low} to {high} over "
        f"{canary.processes} processes; {least})"
    }
    if canary.triad_spread is not None:
        parts["spread"] = (
            f"the bandwidth of one varied by {times(canary.triad_spread)} over the middle 80 % of processes "
            f"(calm up to {times(limits.CALM_TRIAD_SPREAD)})"
        )
    if canary.steal_share is not None:
        parts["steal"] = (
            f"at most {canary.steal_share:.1%} of the time was stolen (calm up to {limits.CALM_STEAL_SHARE:.0%})"
        )
    if canary.throttled_share is not None and (canary.quota_cores or canary.throttled_share):
        of = f" of {canary.quota_cores:.3g} cores" if canary.quota_cores else ""
        parts["quota"] = (
            f"a quota{of} stopped the threads in at most {canary.throttled_share:.1%} of its periods "
            f"(calm up to {limits.CALM_THROTTLED_SHARE:.0%})"
        )
    if canary.load is not None and canary.online_cores is not None:
        on = count(canary.online_cores, "core")
        parts["load"] = f"the load was {canary.load:.1f} on {on} (calm up to {canary.most_load:.1f})"
    passed = canary.disturbances()
    text = "; ".join(parts[name] for name in (*passed, *(name for name in parts if name not in passed)))
    reason = {0: "", 1: " The first is beyond its limit."}.get(
        len(passed), f" The first {len(passed)} are beyond theirs."
    )
    return f"{text[0].upper()}{text[1:]}.{reason}"


def floors(controls: Sequence[Control]) -> str:
    """Write the median seconds of a call on empty arrays, per implementation; empty where nothing was measured."""
    arms = dict.fromkeys(arm for control in controls for arm in control.floor_s)
    medians = {arm: median(c.floor_s[arm] for c in controls if arm in c.floor_s) for arm in arms}
    return ", ".join(f"{name(arm).replace('_', ' ')} {seconds(value)}" for arm, value in medians.items())


def count(number: int, noun: str) -> str:
    """Write a number of things, in the singular where it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe(case: Case) -> str:
    """Say what a case is, in a line: shape, dtype, missing data, layout, output, threads and source."""
    gaps = {
        "none": "",
        "iid": "scattered gaps",
        "cloud": "cloud-shaped gaps",
        "heavy": "heavy gaps",
        "swath_edge": "a swath edge",
    }[case.mask]
    layouts = {
        "c": "",
        "band_last": "a band of a band-last array",
        "window": "a window of a larger tile",
        "pixel_major": "pixel-major memory",
        "time_last": "time-last view",
    }
    parts = [f"{shape(case.shape)} {case.dtype}"]
    if case.source == "synthetic":
        parts.append(f"{gaps} {case.missing:.0%}" if gaps and case.missing else gaps)
    parts.append(f"nodata {case.nodata}" if case.nodata is not None else "")
    parts.append({"": "", "scl": "scene classes", "qa_pixel": "quality bits"}[case.quality])
    parts.append(layouts[case.layout])
    parts.append("many ties" if case.ties else "")
    parts.append("out= reused" if case.out else "")
    parts.append("" if case.threads == 1 else f"{case.threads} threads" if case.threads else "all threads")
    parts.append("real Sentinel-2 data" if case.source == "romania" else "")
    return ", ".join(part for part in parts if part)
