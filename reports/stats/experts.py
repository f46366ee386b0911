"""Is the expert form the fastest NumPy that is known? Every headline divides by its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.stats.speedup import Interval, paired_ratio

if TYPE_CHECKING:
    from benchmarks.pairing.runlines import Line

EXPERT = "numpy"


@dataclass(frozen=True)
class Standing:
    """How another NumPy form stands against the expert form on a case.

    Attributes
    ----------
    case, form
        Names.
    ratio
        Time of the expert form ÷ time of this form: above 1 this form is faster.
    """

    case: str
    form: str
    ratio: Interval

    @property
    def is_faster(self) -> bool:
        """Whether the whole interval says that this form is faster than the expert form."""
        return self.ratio.low is not None and self.ratio.low > 1


def standings(lines: Sequence[Line], forms: Sequence[str]) -> Iterator[Standing]:
    """Yield how each form stands on each case on which both it and the expert form have times.

    Where the whole case was too slow for one of them, both were measured on its crop.
    """
    for case in dict.fromkeys(line.case for line in lines):
        for form in forms:
            for group in ("call", "crop"):
                found = [line for line in lines if (line.case, line.group) == (case, group)]
                pairs = [(line.arms[EXPERT].time_s, line.arms[form].time_s) for line in found if form in line.arms]
                both = [(own, other) for own, other in pairs if own is not None and other is not None]
                if both and len(both) == len(pairs):
                    yield Standing(case, form, paired_ratio([own for own, _ in both], [other for _, other in both]))
                    break
