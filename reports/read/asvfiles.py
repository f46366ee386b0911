"""Reads asv's result files, for the pages of the history.

Format (version 2, stable since 0.5): ``results`` maps ``<module>.<Class>.<benchmark>`` to a row in the
order of ``result_columns``, with trailing nulls cut off. ``params`` are the reprs of the parameters; ``result`` and
``samples`` stand in the order of ``itertools.product(*params)``, where null is failed and a bare NaN is skipped.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator, Sequence
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
"""A case or a length, or None where a benchmark has none; and an implementation."""


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
    cells: dict[Cell, Samples] = {}
    for columns in _named(results, kernel, kind):
        keys = _keys(columns)
        samples_of = columns.get("samples") or [None] * len(keys)
        for key, result, samples in zip(keys, _results(columns, keys), samples_of, strict=True):
            cells[key] = _samples(result, samples)
    return cells


def tracked(results: Json, kernel: str, kind: str) -> dict[Cell, float]:
    """Return the numbers of a benchmark that counts and takes no samples, of the cells that have one."""
    numbers: dict[Cell, float] = {}
    for columns in _named(results, kernel, kind):
        keys = _keys(columns)
        known = zip(keys, _results(columns, keys), strict=True)
        numbers |= {key: float(result) for key, result in known if result is not None and not math.isnan(result)}
    return numbers


def version(results: Json, kernel: str, kind: str) -> str:
    """Return the version of a benchmark, another one where inputs or calls are others; nothing where it is absent."""
    return next((str(columns.get("version", "")) for columns in _named(results, kernel, kind)), "")


def _named(results: Json, kernel: str, kind: str) -> Iterator[Json]:
    wanted = kernel.replace("_", "").lower()
    for name, columns in results.items():
        parts = name.split(".")
        if len(parts) > 1 and parts[-1] == kind and parts[-2].replace("_", "").lower() == wanted:
            yield columns


def _keys(columns: Json) -> list[Cell]:
    axes = ([ast.literal_eval(value) for value in axis] for axis in columns["params"])
    return [(key[0] if len(key) > 1 else None, key[-1]) for key in itertools.product(*axes)]


def _results(columns: Json, keys: Sequence[Cell]) -> Sequence[float | None]:
    return columns.get("result") or [None] * len(keys)


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
