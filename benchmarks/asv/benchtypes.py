"""Our benchmark types for asv: look-ups into a paired measurement, in shapes that ``asv publish`` understands.

asv runs each cell by itself; arms that are to be compared must run side by side. So the first cell that is asked for
measures all arms (`benchmarks.pairing.conductor`), and every cell only looks its numbers up. asv's samples are
processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from asv_runner.benchmarks import benchmark_types
from asv_runner.benchmarks._base import Benchmark, _get_first_attr

from benchmarks.asv.lookup import QUICK


def _note_quick(benchmark: Any) -> None:
    """Note ``--quick``, which asv hands to a cell's process as attributes, among them ``repeat`` = 1."""
    if _get_first_attr(benchmark._attr_sources, "repeat", 0) == 1:
        os.environ[QUICK] = "1"


class KTime(Benchmark):  # type: ignore[misc] # asv_runner publishes no types
    """``ktime_*``: seconds per call, ``kscale_*``: seconds per output pixel, a robust value per process.

    The method returns ``(samples, calls of a block)``.
    """

    name_regex = re.compile(r"^(ktime|kscale)_.+$")

    def __init__(self, name: str, func: Any, attr_sources: list[Any]) -> None:
        super().__init__(name, func, attr_sources)
        self.type = "time"
        self.unit = "seconds"
        self.rounds = 1

    def run(self, *params: Any) -> dict[str, Any]:
        """Look the cell up, in the form in which asv keeps samples."""
        _note_quick(self)
        found: tuple[Sequence[float], int] = self.func(*params)
        samples, number = found
        return {"samples": list(samples), "number": number}


class KCount(Benchmark):  # type: ignore[misc] # asv_runner publishes no types
    """``kpeak_*``: bytes at the peak of a call; ``kfault_*``: its minor page faults. The method returns a number."""

    name_regex = re.compile(r"^(kpeak|kfault)_.+$")

    def __init__(self, name: str, func: Any, attr_sources: list[Any]) -> None:
        super().__init__(name, func, attr_sources)
        peak = name.rsplit(".", 1)[-1].startswith("kpeak_")
        self.type = "peakmemory" if peak else "track"
        self.unit = "bytes" if peak else "faults"

    def run(self, *params: Any) -> float:
        """Look the cell up."""
        _note_quick(self)
        value: float = self.func(*params)
        return value


TYPES: tuple[type[Any], ...] = (KTime, KCount)


def register() -> None:
    """Make our benchmark types known to asv_runner; once is enough, and more does no harm."""
    benchmark_types.extend(kind for kind in TYPES if kind not in benchmark_types)
