"""The kept history: asv's results of a named machine, in small files, with a dated table and where it comes from.

``reports/record/asv`` has the layout of asv's own results: ``benchmarks.json``, and per machine ``machine.json`` and
one file per commit. Beside it stand ``<date>-<machine>.csv``, a row per commit, kernel, case and implementation, and
``<date>-<machine>.json``, the receipt of machine and commits.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.asv.resultfiles import unread
from benchmarks.runs.history import Commit
from inputs.host.cache import replacing
from reports.read.asvfiles import COMMON, MACHINE, whole_files
from reports.read.jsonio import read_json
from reports.read.rows import Run
from reports.stats.summary import Summary
from reports.write import tables

SCHEMA_VERSION = 1
DROPPED = ["commit", "reason", "shape", "repro", "peak_bytes", "minor_faults"]
"""Columns of ``results.csv`` that the table of a history does without, or has under another name."""


@dataclass(frozen=True)
class Measured:
    """One commit of a history, as it was measured."""

    of: Commit
    run: Run
    summary: Summary


def commits(results: Path, machine: str) -> list[str]:
    """Return the commits of which there are results of a machine.

    Parameters
    ----------
    results
        Directory of asv's layout.
    machine
        Name of the machine.

    Raises
    ------
    ValueError
        Where `results` has nothing of that machine.
    """
    files = whole_files(results / machine)
    if not files:
        known = sorted(path.parent.name for path in results.glob(f"*/{MACHINE}"))
        raise ValueError(f"machine: was {machine!r}; {results} has {', '.join(known) or 'none'}")
    return sorted({_commit(path) for path in files})


def machine_strings(folder: Path) -> dict[str, str]:
    """Return the strings by which asv tells a machine apart, of its folder of results."""
    return {key: str(value) for key, value in read_json(folder / MACHINE).items()}


def all_commits(sources: Sequence[Path]) -> list[str]:
    """Return the commits of which directories of asv's layout have results, of any machine."""
    folders = [path.parent for source in sources for path in source.glob(f"*/{MACHINE}")]
    return sorted({_commit(path) for folder in folders for path in whole_files(folder)})


def merge(sources: Sequence[Path], into: Path, only: str | None = None, without: Container[str] = frozenset()) -> None:
    """Bring results of asv's layout together; of one benchmark of one commit and machine the fuller result stays.

    Files that asv cannot read are left out; see `unreadable`.

    Parameters
    ----------
    sources
        Directories, the later the more recent; those that are not there are left out.
    into
        Where they go; what is there counts as the oldest source.
    only
        Name of the one machine that is wanted, or None for all.
    without
        Commits that are left out.
    """
    for source in sources:
        for folder in sorted(path.parent for path in source.glob(f"{only or '*'}/{MACHINE}") if not unread(path)):
            (into / folder.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / MACHINE, into / folder.name / MACHINE)
            for path in (path for path in whole_files(folder) if _commit(path) not in without):
                _merge_file(path, into / folder.name / path.name)
        if (source / COMMON).is_file() and not unread(source / COMMON):
            into.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / COMMON, into / COMMON)


def _commit(path: Path) -> str:
    return str(read_json(path)["commit_hash"])


def unreadable(sources: Sequence[Path]) -> list[str]:
    """Return what is wrong with files of asv's layout that are empty or cut, a sentence for each."""
    return [wrong for source in sources for path in sorted(source.rglob("*.json")) if (wrong := unread(path))]


def _merge_file(path: Path, into: Path) -> None:
    new: dict[str, Any] = dict(read_json(path))
    results = {name: row for name, row in new["results"].items() if _numbers(row)}
    old: Mapping[str, Any] = read_json(into)["results"] if into.is_file() and not unread(into) else {}
    for name, row in old.items():
        if _numbers(row) > _numbers(results.get(name, ())):
            results[name] = row
    text = json.dumps({**new, "results": dict(sorted(results.items()))}, separators=(",", ":"))
    with replacing(into) as whole:
        whole.write_text(text + "\n", encoding="utf-8")


def _numbers(row: Sequence[Any]) -> int:
    """Return how many cells of a benchmark's row have a number; its first column is the result."""
    result = row[0] if row else None
    return sum(value is not None and not isnan(value) for value in result) if isinstance(result, list) else 0


def table(history: Sequence[Measured]) -> pd.DataFrame:
    """Return one row per commit, kernel, case and implementation, the oldest commit first."""
    frames = []
    for entry in history:
        frame = tables.of_cells(entry.summary.cells).drop(columns=DROPPED, errors="ignore")
        frame.insert(0, "commit", entry.of.commit)
        frame.insert(1, "committed", entry.of.committed)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def receipt(history: Sequence[Measured], machine: Mapping[str, str], today: str) -> dict[str, Any]:
    """Return where a history comes from: machine, lab, and per commit its run, wheel, canary and problems."""
    newest = history[-1].run
    return {
        "schema_version": SCHEMA_VERSION,
        "recorded": today,
        "asv_machine": dict(machine),
        "machine": newest.machine_record(),
        "lab": newest.receipt.get("lab", {}),
        "commits": [
            {
                **asdict(entry.of),
                "run": entry.run.run_id,
                "measured": entry.run.created,
                "wheel_digest": entry.run.wheel_digest,
                "processes": entry.run.processes,
                "canary": asdict(entry.summary.canary),
                "problems": list(entry.run.problems),
            }
            for entry in history
        ],
    }


def write(history: Sequence[Measured], machine: Mapping[str, str], today: str, folder: Path) -> tuple[Path, Path]:
    """Write the dated table and its receipt, and return their paths.

    Parameters
    ----------
    history
        The commits, the oldest first.
    machine
        asv's strings of the machine.
    today
        The date that the files bear, ISO 8601.
    folder
        ``reports/record``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{today}-{machine['machine']}"
    rows, origin = folder / f"{name}.csv", folder / f"{name}.json"
    table(history).to_csv(rows, index=False, float_format="%.6g")
    origin.write_text(
        json.dumps(receipt(history, machine, today), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return rows, origin
