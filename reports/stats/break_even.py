"""Where the call itself decides: the size of an array below which NumPy is the faster choice.

NumPy is here whichever of the two, the expert's and the naive, took less time in a process: on the smallest arrays the
naive is often the faster, and who has such arrays may write it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from reports.read.rows import SizeTimes
from reports.stats.cells import BASELINE, Against
from reports.stats.compare import in_a_word
from reports.stats.run_ratio import run_ratio
from reports.stats.speedup import shared

NUMPYS = (BASELINE, "numpy_naive")


@dataclass(frozen=True)
class SizePoint:
    """An implementation against NumPy on one size: time of the faster NumPy ÷ its own, with the interval."""

    shape: tuple[int, ...]
    ratio: float
    low: float | None
    high: float | None
    word: Against


@dataclass(frozen=True)
class BreakEven:
    """An implementation against NumPy over small sizes that differ in the last two axes alone.

    Attributes
    ----------
    kernel, implementation
        Names.
    points
        By size, the smallest first.
    numpy_wins_up_to
        The largest shape on which NumPy is shown faster; None where it is on none.
    faster_from
        The smallest shape from which on the implementation is shown faster on every size; None where it never is.
    """

    kernel: str
    implementation: str
    points: tuple[SizePoint, ...]
    numpy_wins_up_to: tuple[int, ...] | None
    faster_from: tuple[int, ...] | None


def break_even(sizes: Sequence[SizeTimes]) -> tuple[BreakEven, ...]:
    """Compare every compiled implementation with NumPy on each series of small sizes."""
    series: dict[tuple[str, tuple[int, ...]], list[SizeTimes]] = {}
    for entry in sizes:
        series.setdefault((entry.kernel, entry.shape[:-2]), []).append(entry)
    found = (
        _break_even(kernel, arm, _points(entries, arm))
        for (kernel, _), entries in series.items()
        for arm in dict.fromkeys(e.implementation for e in entries if e.implementation not in NUMPYS)
    )
    return tuple(entry for entry in found if entry.points)


def _points(entries: Sequence[SizeTimes], arm: str) -> list[SizePoint]:
    points = []
    for shape in sorted({e.shape for e in entries}, key=prod):
        of = {e.implementation: e.samples_s for e in entries if e.shape == shape}
        pair = shared(_fastest([of[name] for name in NUMPYS if name in of]), of.get(arm, {}))
        if pair[0]:
            ratio = run_ratio(*pair)
            points.append(SizePoint(shape, ratio.estimate, ratio.low, ratio.high, in_a_word(ratio)))
    return points


def _fastest(samples: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return process → the least of the times that it has."""
    processes = {p for times in samples for p in times}
    return {p: min(times[p] for times in samples if p in times) for p in processes}


def _break_even(kernel: str, arm: str, points: Sequence[SizePoint]) -> BreakEven:
    losing = [p.shape for p in points if p.word == "slower"]
    rest = [i for i, p in enumerate(points) if p.word != "faster"]
    first = rest[-1] + 1 if rest else 0
    return BreakEven(
        kernel=kernel,
        implementation=arm,
        points=tuple(points),
        numpy_wins_up_to=losing[-1] if losing else None,
        faster_from=points[first].shape if first < len(points) else None,
    )
