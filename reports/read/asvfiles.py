"""Reads asv's result files, for the pages of the history.

Format (version 2, stable since 0.5): ``results`` maps ``<module>.<Class>.<benchmark>`` to a row in the
order of ``result_columns``, with trailing nulls cut off. ``params`` are the reprs of the parameters; ``result`` and
``samples`` stand in the order of ``itertools.product(*params)``, where null is failed and a bare NaN is skipped.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.asv.resultfiles import unread
from reports.read.jsonio import Json
from reports.read.rows import Status

COMMON = "benchmarks.json"
MACHINE = "machine.json"
"""What stands beside the results of a machine's commits."""
Cell = tuple[Any, str]
"""A case or a length, and an implementation."""


@dataclass(frozen=True)
class Samples:
    """What asv keeps of one benchmark cell: the outcome, and one value per process where there is one."""

    status: Status
    values: tuple[float, ...]


def benchmarks(data: Json) -> Json:
    """Return the benchmarks of a result file by name, each as a mapping of its columns."""
    columns = data["result_columns"]
    return {name: dict(zip(columns, row, strict=False)) for name, row in data["results"].items()}


def benchmark(results: Json, kernel: str, kind: str) -> dict[Cell, Samples]:
    """Return the cells of ``<module>.<Class>.<kind>`` whose class is named after the kernel."""
    wanted = kernel.replace("_", "").lower()
    cells: dict[Cell, Samples] = {}
    for name, columns in results.items():
        parts = name.split(".")
        if len(parts) < 2 or parts[-1] != kind or parts[-2].replace("_", "").lower() != wanted:
            continue
        keys = list(itertools.product(*([ast.literal_eval(p) for p in axis] for axis in columns["params"])))
        results_of = columns.get("result") or [None] * len(keys)
        samples_of = columns.get("samples") or [None] * len(keys)
        for key, result, samples in zip(keys, results_of, samples_of, strict=True):
            cells[key[0], key[1]] = _samples(result, samples)
    return cells


def _samples(result: float | None, samples: Sequence[float] | None) -> Samples:
    if result is None:
        return Samples("failed", ())
    if math.isnan(result):
        return Samples("skipped", ())
    return Samples("ok", tuple(samples or ()))


def result_files(folder: Path) -> list[Path]:
    """Return asv's result files of one machine."""
    return sorted(path for path in folder.glob("*.json") if path.name not in {MACHINE, COMMON})


def whole_files(folder: Path) -> list[Path]:
    """Return those of asv's result files of one machine that can be read."""
    return [path for path in result_files(folder) if not unread(path)]
