"""A run in ratios: from rows to what is kept, and to what is held against what was kept.

Kept is the log of expert NumPy's time ÷ that of each other implementation of ours, as each process measured it. A
process counts only where the machine was its own: see `reports.stats.disturbances`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any

from benchmarks.spec import Kernel
from reports.read.baseline import RatioCell, RatioName, RatioRun
from reports.read.load import is_crop_notice
from reports.read.rows import Control, Row, Run
from reports.stats.cells import BASELINE
from reports.stats.disturbances import STOLEN_SHARE
from reports.stats.limits import CALM_THROTTLED_SHARE, canary


@dataclass(frozen=True)
class Measured:
    """A run in ratios, and what it has none of.

    Attributes
    ----------
    ratios
        The run.
    lacking
        Cells without a ratio that were planned, and why.
    disturbed
        Why nothing can be decided from the run, by its canary, or nothing.
    """

    ratios: RatioRun
    lacking: Mapping[RatioName, str]
    disturbed: str


def measured(run: Run, kernels: Mapping[str, Kernel]) -> Measured:
    """Return a run in ratios.

    Raises
    ------
    ValueError
        Where the run does not say which version its inputs had.
    """
    unsaid = [name for name in dict.fromkeys(row.kernel for row in run.rows) if name not in run.input_versions]
    if unsaid:
        raise ValueError(
            f"run: {run.run_id} does not say which version the inputs of {unsaid[0]} had; an older lab measured it, "
            "and `python -m lab run` measures again"
        )
    cells, lacking = [], {}
    rows = {(row.kernel, row.case, row.group, row.implementation): row for row in run.rows}
    for row in run.rows:
        if row.implementation in kernels[row.kernel].implementations and row.implementation != BASELINE:
            numpy = rows.get((row.kernel, row.case, row.group, BASELINE))
            found = _cell(row, numpy, _taken(run.controls, row.kernel), run.input_versions[row.kernel])
            if isinstance(found, RatioCell):
                cells.append(found)
            else:
                lacking[RatioName(row.kernel, row.case, row.group, row.implementation)] = found
    return Measured(_with_receipt(run, tuple(cells)), lacking, _disturbed(run))


def _cell(row: Row, numpy: Row | None, taken: Collection[int], version: str) -> RatioCell | str:
    """Return the ratios of a cell, or why it has none."""
    if row.status != "ok":
        return "it was measured on a crop this time" if is_crop_notice(row) else row.reason
    if numpy is None or numpy.status != "ok":
        return f"expert NumPy has no time: {numpy.reason if numpy else 'not measured'}"
    both = sorted(row.samples_s.keys() & numpy.samples_s.keys())
    kept = [process for process in both if process not in taken]
    if not kept:
        return "the machine was taken away from all of its processes" if both else "no process has both times"
    return RatioCell(
        row.kernel,
        row.case,
        row.group,
        row.implementation,
        version=version,
        shape=row.measured_shape,
        threads=row.threads,
        median_s=median(row.samples_s[process] for process in kept),
        void=len(both) - len(kept),
        logs=tuple(log(numpy.samples_s[process] / row.samples_s[process]) for process in kept),
    )


def _taken(controls: Collection[Control], kernel: str) -> set[int]:
    """Return the processes of a kernel from which others, or a quota, took the machine away."""
    return {
        one.process
        for one in controls
        if one.kernel == kernel
        and ((one.steal_share or 0.0) > STOLEN_SHARE or (one.throttled_share or 0.0) > CALM_THROTTLED_SHARE)
    }


def _disturbed(run: Run) -> str:
    """Return what the canary says against a run as a whole, or nothing.

    Stolen time and quotas are those of single processes, which are left out; the rest concerns all of them.
    """
    found = canary(run.controls)
    if found.state == "unknown":
        return "the run has no controls, so nobody knows what the machine did beside it"
    said = {
        "threads": "two threads got less memory bandwidth than one",
        "spread": "the bandwidth of one thread varied too much",
        "load": "something else ran beside it, by the load",
    }
    return next((f"the machine was noisy: {said[name]}" for name in found.disturbances() if name in said), "")


def _with_receipt(run: Run, cells: tuple[RatioCell, ...]) -> RatioRun:
    def said(*names: str) -> str:
        return _said(run.receipt, names)

    cpu, numbers = said("machine", "cpu"), said("machine", "cpu_model_numbers")
    return RatioRun(
        run_id=run.run_id,
        created=run.created,
        commit=run.commit,
        tier=run.tier,
        machine=run.machine,
        processor=f"{cpu} ({numbers})" if cpu and numbers else cpu,
        cores=said("machine", "cores", "usable"),
        simd=said("measured_process", "wheel", "build", "simd"),
        numpy=said("measured_process", "packages", "numpy"),
        numba=said("measured_process", "packages", "numba"),
        python=said("measured_process", "python", "version").split(" ")[0],
        rustc=said("measured_process", "wheel", "build", "rustc"),
        wheel_digest=run.wheel_digest,
        cells=cells,
    )


def _said(receipt: Any, names: Collection[str]) -> str:
    """Return what a receipt says under some names, one in the other; empty where it could not be read."""
    for name in names:
        receipt = receipt.get(name, "") if isinstance(receipt, Mapping) else ""
    return "" if str(receipt).startswith("unavailable:") else str(receipt)
