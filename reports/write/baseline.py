"""Keeps the ratios of a run for later ones: ``reports/record/ratios/<machine>.json``, a line for each run.

A file is read, the run put into it, and the whole written anew beside it before it takes the old one's place. So a
reader finds what was there or all of it, and of two that keep at once none is lost.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.asv.machine import named_machine
from inputs.host.cache import cache_dir, locked, replacing
from reports.read.baseline import RATIOS, SCHEMA_VERSION, RatioRun, read
from reports.stats.ratios import Measured
from reports.stats.speedup import MINIMUM_PROCESSES

DIGITS = 5
"""Of a log: a hundredth of a thousandth of a ratio, far below what can be measured."""


def keep(run: Measured, folder: Path = RATIOS) -> tuple[Path, bool]:
    """Keep a run, and return its file and whether it was not there yet.

    Raises
    ------
    ValueError
        Where the run is too noisy or too small to compare others with, its machine has no name, or the file that is
        there cannot be read.
    """
    require_fit(run)
    path = folder / f"{named_machine(run.ratios.machine, 'machine')}.json"
    with locked(cache_dir() / "ratios" / path.name):
        there = read(path) if path.exists() else ()
        if any(one.run_id == run.ratios.run_id for one in there):
            return path, False
        with replacing(path) as whole:
            whole.write_text(_text([*there, run.ratios]), encoding="utf-8")
    return path, True


def require_fit(run: Measured) -> None:
    """Raise a ValueError where other runs should not be compared with this one."""
    if run.disturbed:
        raise ValueError(f"keep: {run.ratios.run_id}: {run.disturbed}; measure again when it is calm")
    few = [cell for cell in run.ratios.cells if len(cell.logs) < MINIMUM_PROCESSES]
    if few or not run.ratios.cells:
        found = f"{len(few[0].logs)} processes of {' '.join(few[0].name)}" if few else "no cell"
        raise ValueError(f"keep: {run.ratios.run_id} has {found}; at least {MINIMUM_PROCESSES} of each are accepted")


def _text(runs: list[RatioRun]) -> str:
    lines = []
    for run in sorted(runs, key=lambda one: (one.created, one.run_id)):
        record = asdict(run)
        for cell in record["cells"]:
            cell["logs"] = [round(value, DIGITS) for value in cell["logs"]]
            cell["median_s"] = float(f"{cell['median_s']:.4g}")
        lines.append(json.dumps(record, separators=(",", ":"), allow_nan=False))
    head = json.dumps({"schema_version": SCHEMA_VERSION})[:-1]
    return f'{head}, "runs": [\n' + ",\n".join(lines) + "\n]}\n"
