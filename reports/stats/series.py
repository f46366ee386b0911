"""What asv's result files of several commits say over time: curves over a numeric size, and ratios at a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from reports.read import asvfiles
from reports.read.asvfiles import MACHINE, whole_files
from reports.read.jsonio import read_json
from reports.read.rows import WALL
from reports.stats.cells import BASELINE
from reports.stats.run_ratio import run_ratio
from reports.stats.speedup import Interval

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class CommitResults:
    """asv's results of one commit on one machine; `date` is the commit's, `packages` those that were measured with."""

    commit: str
    date: datetime
    benchmarks: Mapping[str, Any]
    packages: Mapping[str, str] = field(default_factory=dict)


def by_machine(results: Path) -> dict[str, list[CommitResults]]:
    """Return machine → its commits, the oldest first, of a directory of asv's layout."""
    return {
        path.parent.name: found
        for path in sorted(results.glob(f"*/{MACHINE}"))
        if (found := _commits(whole_files(path.parent)))
    }


def _commits(files: Sequence[Path]) -> list[CommitResults]:
    """Read the result files of a machine; of several of one commit each benchmark's last written counts."""
    found: dict[str, CommitResults] = {}
    for path in sorted(files, key=lambda path: path.stat().st_mtime):
        data = read_json(path)
        commit = str(data["commit_hash"])
        known = found[commit].benchmarks if commit in found else {}
        date = datetime.fromtimestamp(data["date"] / 1000, UTC)
        packages = {"python": str(data.get("python", "")), **data.get("requirements", {})}
        found[commit] = CommitResults(commit, date, {**known, **asvfiles.benchmarks(data)}, packages)
    return sorted(found.values(), key=lambda results: results.date)


def curves(results: CommitResults, kernel: str) -> dict[str, Curve]:
    """Return implementation → its seconds per output pixel over the swept size, where there are two sizes or more."""
    points: dict[str, list[tuple[int, float]]] = {}
    for (length, arm), samples in asvfiles.benchmark(results.benchmarks, kernel, "kscale_pixel").items():
        if samples.status == "ok" and samples.values:
            points.setdefault(arm, []).append((int(length), median(samples.values)))
    return {arm: tuple(sorted(mine)) for arm, mine in points.items() if len(mine) > 1}


def ratios(results: CommitResults, kernel: str, case: str) -> dict[str, Interval]:
    """Return implementation → its ratio to expert NumPy on a case, on the crop where NumPy is too slow for the whole.

    asv's samples are processes, in one order for every implementation, so they pair.
    """
    for kind in ("ktime_call", "ktime_crop"):
        cells = asvfiles.benchmark(results.benchmarks, kernel, kind)
        values = {arm: s.values for (name, arm), s in cells.items() if name == case and s.status == "ok" and s.values}
        reference = values.get(BASELINE)
        if reference:
            others = {a: v for a, v in values.items() if a not in {BASELINE, WALL} and len(v) == len(reference)}
            return {arm: run_ratio(reference, mine) for arm, mine in others.items()}
    return {}
