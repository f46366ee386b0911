"""The tables that the page, the Markdown and the README share, as data frames of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.spec import Kernel
from reports import words
from reports.read.rows import Start
from reports.stats.break_even import BreakEven
from reports.stats.cells import BASELINE, Cell, Contest, Versus
from reports.stats.losses import Loss, Tally
from reports.stats.summary import Summary
from reports.stats.threads import ThreadScaling
from reports.write.chapters import ClassGroup, FreshAndOut
from reports.write.winners import Axis, describe_change


def of_cells(cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one row per cell with the fields of ``summary.json``; shapes are written 2048x2048."""
    frame = pd.DataFrame([_flat(cell) for cell in cells], columns=list(Cell.__dataclass_fields__))
    whole = ["threads", "processes", "peak_bytes", "minor_faults"]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def of_kernels(summary: Summary, kernels: Mapping[str, Kernel]) -> pd.DataFrame:
    """Return the headline: a row per kernel at its centre case, by cost class; Rust also against Numba and a peer."""
    records = []
    for name in dict.fromkeys(c.kernel for c in summary.cells):
        kernel = kernels[name]
        cells, contest = words.at_centre(kernel, summary), words.contest_at_centre(kernel, summary)
        record = {"class": kernel.cost_class, "kernel": f"`{name}`", "case": f"`{next(iter(cells.values())).case}`"}
        record |= {words.name(a): headline(cells[a]) if a in cells else words.NONE for a in words.OURS}
        numba, peer = (contest.rust_vs_numba, contest.rust_vs_best_peer) if contest else (None, None)
        record["Rust against Numba"] = words.against(numba) if numba else words.NONE
        record["Rust against the best peer"] = f"{words.against(peer)} {peer.other}" if peer else words.NONE
        records.append(record)
    return pd.DataFrame(records)


def of_readme(summary: Summary, kernels: Mapping[str, Kernel]) -> pd.DataFrame:
    """Return the README's table: a row per kernel at its centre case, each number once."""
    frame = of_kernels(summary, kernels).drop(columns=["class", words.name("numpy_naive")])
    centres = [words.at_centre(kernels[name], summary) for name in dict.fromkeys(c.kernel for c in summary.cells)]
    frame["of limit"] = [
        words.fraction(cells["rust"].fraction_of_limit) if "rust" in cells else words.NONE for cells in centres
    ]
    return frame


def headline(cell: Cell) -> str:
    """Write the cell of a headline table: the baseline by its time, the others by their ratio to it."""
    if cell.status != "ok":
        return cell.status
    if cell.implementation == BASELINE or cell.ratio_vs_numpy is None:
        return words.seconds(cell.median_s) + (" (crop)" if cell.time_cropped else "")
    word = "" if cell.against_numpy == "faster" else f" {cell.against_numpy}"
    return words.ratio(cell) + word + (" (crop)" if cell.cropped else "")


def of_losses(found: Sequence[Loss]) -> pd.DataFrame:
    """Return the losing cells in words, in the order in which they are given."""
    return pd.DataFrame(
        [
            {
                "kernel": f"`{loss.kernel}`",
                "case": f"`{loss.case}`",
                "loser": words.name(loss.loser),
                "slower than": "; ".join(_lost_to(versus) for versus in loss.against),
                "best there": words.winners(loss.contest),
            }
            for loss in found
        ]
    )


def _lost_to(found: Versus) -> str:
    """Write whom a cell loses to, and its ratio."""
    crop = " (crop)" if found.cropped else ""
    return f"{words.name(found.other)} {words.times(found.ratio)} {words.interval(found.low, found.high)}{crop}"


def of_tallies(found: Sequence[Tally]) -> pd.DataFrame:
    """Return how Rust stands per kernel."""
    return pd.DataFrame(
        [
            {
                "kernel": f"`{t.kernel}`",
                "Rust is best or tied": f"{t.first} of {t.cases} cases",
                "Rust is slower than": f"expert NumPy {t.to_numpy} · Numba {t.to_numba} · the best peer {t.to_peer}",
                "worst loss": words.worst(t),
            }
            for t in found
        ]
    )


def of_axes(axes: Sequence[Axis]) -> pd.DataFrame:
    """Return who wins along each axis of a kernel, and where that changes."""
    return pd.DataFrame(
        [
            {
                "along": axis.name,
                "winners": " · ".join(f"{s.label}: {words.arms(s.winners)}" for s in axis.steps),
                "changes": "; ".join(describe_change(c) for c in axis.changes) or "nowhere",
            }
            for axis in axes
        ]
    )


def of_outputs(found: FreshAndOut) -> pd.DataFrame:
    """Return time, peak memory and page faults of a case with a fresh output beside those with ``out=``."""
    return pd.DataFrame(
        [
            {
                "": words.name(arm),
                "time, fresh → out=": f"{words.seconds(fresh.median_s)} → {words.seconds(out.median_s)}",
                "peak memory": f"{words.size(fresh.peak_bytes)} → {words.size(out.peak_bytes)}",
                "minor faults": f"{words.whole(fresh.minor_faults)} → {words.whole(out.minor_faults)}",
            }
            for arm, (fresh, out) in found.cells.items()
        ]
    )


def of_threads(found: Sequence[ThreadScaling]) -> pd.DataFrame:
    """Return what more threads give, beside what the controls gain from them."""
    return pd.DataFrame(
        [
            {
                "case": f"{t.case} (against {t.one_thread_case})",
                "implementation": words.name(t.implementation),
                "threads": t.threads,
                "gain": f"{words.times(t.gain)} {words.interval(t.gain_low, t.gain_high)}".strip(),
                "triad gains": words.times(t.triad),
                "FMA gains": words.times(t.fma),
                "of its control": _of_control(t),
            }
            for t in found
        ]
    )


def _of_control(found: ThreadScaling) -> str:
    if found.of_control is None:
        return words.NONE
    range_ = words.interval(found.of_control_low, found.of_control_high)
    control = "FMA" if found.control == "compute" else "triad"
    return f"{words.factor(found.of_control)} {range_} of {control}".replace("  ", " ")


def of_starts(found: Sequence[Start]) -> pd.DataFrame:
    """Return how the implementations begin: import, first calls, a warm call, and the floors below any call."""
    return pd.DataFrame(
        [
            {
                "": words.name(s.implementation) + ("" if s.status == "ok" else f", {s.status}: {s.reason}"),
                "import": words.seconds(s.import_s),
                "first call, compiling": words.seconds(s.compile_s),
                "first call of a process": words.seconds(s.first_s),
                "the same call, warm": words.seconds(s.warm_s),
                "call on empty arrays": words.seconds(s.floor_s),
                "bare dispatch": words.seconds(s.dispatch_s),
            }
            for s in found
        ]
    )


def of_break_even(found: Sequence[BreakEven]) -> pd.DataFrame:
    """Return implementation × size: the faster NumPy's time ÷ the implementation's, and the size that divides them."""
    records = []
    for entry in found:
        record = {"": words.name(entry.implementation), "NumPy wins": words.break_even(entry)}
        record |= {words.shape(p.shape): f"{words.times(p.ratio)} {words.SYMBOLS[p.word]}" for p in entry.points}
        records.append(record)
    return pd.DataFrame(records).fillna(words.NONE)


def of_changes(groups: Sequence[ClassGroup]) -> pd.DataFrame:
    """Return where the winner changes, a row per kernel and axis along which it does."""
    return pd.DataFrame(
        [
            {
                "kernel": f"`{chapter.kernel.name}`",
                "along": axis.name,
                "the winner changes": "; ".join(describe_change(change) for change in axis.changes),
            }
            for group in groups
            for chapter in group.chapters
            for axis in chapter.axes
            if axis.changes
        ]
    )


def of_case_results(cells: Sequence[Cell], contests: Mapping[str, Contest]) -> pd.DataFrame:
    """Return the results of one kernel in words, a row per cell, with how Rust does against it."""
    return pd.DataFrame(
        [
            {
                "case": c.case,
                "implementation": words.name(c.implementation),
                "threads": c.threads,
                "time": words.seconds(c.median_s),
                "measured shape": words.shape(c.measured_shape),
                "× expert NumPy": words.times(c.ratio_vs_numpy) + (" (crop)" if c.cropped else ""),
                "95 % interval": words.interval(c.ratio_low, c.ratio_high) or words.NONE,
                "verdict": c.against_numpy if c.status == "ok" else f"{c.status}: {c.reason}",
                "Rust against it": _rust_against(c.implementation, contests[c.case]),
                "GB/s": words.NONE if c.gb_per_s is None else words.significant(c.gb_per_s),
                "of the limit": words.fraction(c.fraction_of_limit),
                "peak": words.size(c.peak_bytes),
                "faults": words.whole(c.minor_faults),
                "ulp": words.NONE if c.max_ulp is None else words.significant(c.max_ulp, 2),
            }
            for c in cells
        ]
    )


def _rust_against(arm: str, contest: Contest) -> str:
    """Return the subject's ratio to an arm."""
    return next((words.against(v) for v in contest.rust_vs_others if v.other == arm), words.NONE)


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table, with nothing of its text read as a number."""
    text: str = frame.to_markdown(index=False, disable_numparse=True)
    return text


def _flat(cell: Cell) -> dict[str, Any]:
    record = {key: getattr(cell, key) for key in Cell.__dataclass_fields__}
    for key in ("shape", "measured_shape"):
        record[key] = None if record[key] is None else "x".join(str(n) for n in record[key])
    return record
