"""What asv has kept of a commit on a machine: the samples of each cell, read from its own result files.

No number of a report comes from here. A run only sees to it that asv's own tools will show what it has measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environment.jsonfiles import flaw, read_object

Key = tuple[str, str, str]
"""Group, case and arm."""
SAME_TIME = 1e-6
"""Relative distance up to which a sample of asv's and a time of a run are the same number."""


def files_of(results: Path, machine: str, commit: str) -> list[Path]:
    """Return asv's result files of a commit on a machine, one for each environment, the newest last."""
    found = (results / machine).glob(f"{commit[:8]}-*.json") if machine else ()
    return sorted(found, key=lambda path: path.stat().st_mtime)


def unread(path: Path) -> str:
    """Return why asv cannot read a file of its own, or nothing."""
    wrong = flaw(path)
    return wrong or ("" if "version" in read_object(path) else f"{path} has no version, without which asv reads none")


def samples(results: Path, machine: str, commit: str, kernel: str) -> dict[Key, tuple[float, ...]]:
    """Return the samples of a kernel's cells in the newest whole result file of a commit on a machine."""
    whole = [path for path in files_of(results, machine, commit) if not unread(path)]
    data = read_object(whole[-1]) if whole else {}
    cells, columns = data.get("results", {}), data.get("result_columns", ())
    found: dict[Key, tuple[float, ...]] = {}
    for group in ("call", "crop"):
        row = dict(zip(columns, cells.get(f"bench_kernels.{kernel}.ktime_{group}", ()), strict=False))
        cases, arms = row.get("params") or ((), ())
        values, kept = row.get("result") or (), row.get("samples") or ()
        keys = [(group, _plain(case), _plain(arm)) for case in cases for arm in arms]
        for key, value, some in zip(keys, values, kept, strict=False):
            if value is not None and not math.isnan(value) and some:
                found[key] = tuple(some)
    return found


def are_same(kept: Sequence[float], measured: Sequence[float]) -> bool:
    """Tell whether asv's samples are the times that a run has measured, process by process."""
    return len(kept) == len(measured) and all(
        math.isclose(one, other, rel_tol=SAME_TIME) for one, other in zip(kept, measured, strict=True)
    )


def set_aside(results: Path, machine: str, commit: str) -> list[str]:
    """Rename asv's files of a commit that cannot be read, with which asv would end, and return a sentence for each."""
    said = []
    for path in (results / machine / "machine.json", results / "benchmarks.json", *files_of(results, machine, commit)):
        if path.exists() and (wrong := unread(path)):
            aside = path.with_name(f"{path.name}.unreadable")
            path.replace(aside)
            said.append(f"{wrong}; it was renamed to {aside.name}, and is written anew")
    return said


def _plain(parameter: str) -> str:
    """Return a parameter without the quotes that asv keeps it in."""
    return parameter.strip("'\"")
