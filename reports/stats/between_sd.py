"""What the interval of a ratio must hold beside the scatter of its processes: what varies from run to run.

Processes of one run share a state of the machine that the next run may not find: which physical pages are free, what
others do on the same server. `BETWEEN_RUNS` has how far the ratios of runs of one wheel differ beyond what their
processes explain, docs/decisions/0019 says from what. An interval that speaks of more than one run is widened by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, hypot, log
from statistics import median

from scipy.stats import norm

from reports.stats.sizes import SIZES, size_of
from reports.stats.speedup import Interval, paired_ratio

BETWEEN_RUNS = dict(zip((name for name, _ in SIZES), (0.032, 0.032, 0.032), strict=True))
"""Class of size → standard deviation between runs of the log of a ratio."""


def widened(found: Interval, seconds: float) -> Interval:
    """Return a ratio with the interval that another run's would be in as well.

    Parameters
    ----------
    found
        A ratio from the processes of one run.
    seconds
        Time of a call of the faster of the two, by which the class of size is found.
    """
    if found.low is None or found.high is None or found.confidence is None:
        return found
    beside = float(norm.ppf((1 + found.confidence) / 2)) * BETWEEN_RUNS[size_of(seconds)]
    centre = log(found.estimate)
    below, above = (hypot(log(end) - centre, beside) for end in (found.low, found.high))
    return replace(found, low=exp(centre - below), high=exp(centre + above))


def run_ratio(reference: Sequence[float], candidate: Sequence[float]) -> Interval:
    """Return the ratio reference ÷ candidate of a run, with an interval that other runs of the machine share.

    The arguments are those of `reports.stats.speedup.paired_ratio`. Times that are held against themselves are as
    long in every run.
    """
    found = paired_ratio(reference, candidate)
    if list(reference) == list(candidate):
        return found
    return widened(found, min(median(reference), median(candidate)))
