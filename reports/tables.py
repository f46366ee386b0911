"""The tables that the page, the Markdown and the README share, as data frames of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.spec import Kernel
from reports import words
from reports.cells import BASELINE, Cell
from reports.summary import Summary


def of_cells(cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one row per cell with the fields of ``summary.json``; shapes are written 2048x2048."""
    frame = pd.DataFrame([_flat(cell) for cell in cells], columns=list(Cell.__dataclass_fields__))
    whole = ["threads", "processes", "peak_bytes", "minor_faults"]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def of_kernels(summary: Summary, kernels: Mapping[str, Kernel]) -> pd.DataFrame:
    """Return the headline: a row per kernel at its centre case, a column per implementation and for the best peer."""
    records = []
    for kernel in dict.fromkeys(c.kernel for c in summary.cells):
        cells = words.at_centre(kernels[kernel], summary)
        record = {"kernel": f"`{kernel}`", "case": f"`{next(iter(cells.values())).case}`"}
        record |= {words.name(a): headline(cells[a]) if a in cells else words.NONE for a in words.OURS}
        peer = words.best_peer(cells)
        records.append(record | {"best peer": f"{peer.implementation}: {headline(peer)}" if peer else words.NONE})
    return pd.DataFrame(records)


def headline(cell: Cell) -> str:
    """Write the cell of a headline table: the baseline by its time, the others by their ratio to it."""
    if cell.status != "ok":
        return cell.status
    if cell.implementation == BASELINE or cell.ratio_vs_numpy is None:
        return words.seconds(cell.median_s) + (" (crop)" if cell.time_cropped else "")
    word = "" if cell.against_numpy == "faster" else f" {cell.against_numpy}"
    return words.ratio(cell) + word + (" (crop)" if cell.cropped else "")


def of_case_results(cells: Sequence[Cell]) -> pd.DataFrame:
    """Return the results of one kernel in words, a row per cell."""
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
                "GB/s": words.NONE if c.gb_per_s is None else words.significant(c.gb_per_s),
                "of the limit": words.fraction(c.fraction_of_limit),
                "peak": words.size(c.peak_bytes),
                "faults": words.NONE if c.minor_faults is None else c.minor_faults,
                "ulp": words.NONE if c.max_ulp is None else words.significant(c.max_ulp, 2),
            }
            for c in cells
        ]
    )


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table, with nothing of its text read as a number."""
    text: str = frame.to_markdown(index=False, disable_numparse=True)
    return text


def _flat(cell: Cell) -> dict[str, Any]:
    record = {key: getattr(cell, key) for key in Cell.__dataclass_fields__}
    for key in ("shape", "measured_shape"):
        record[key] = None if record[key] is None else "x".join(str(n) for n in record[key])
    return record
