"""What the interval of a ratio must hold beside the scatter of its processes: what varies from run to run.

Processes of one run share a state of the machine that the next run may not find: which physical pages are free, what
others do on the same server. An interval that speaks of more than one run is widened by `BETWEEN_RUNS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, hypot, log

from scipy.stats import norm

from reports.stats.speedup import Interval, paired_ratio

BETWEEN_RUNS = 0.032
"""Standard deviation between runs of one wheel of the log of a ratio, beyond what their processes explain (0019)."""


def widened(found: Interval) -> Interval:
    """Return a ratio from the processes of one run with an interval that holds for the next run as well."""
    if found.low is None or found.high is None or found.confidence is None:
        return found
    beside = float(norm.ppf((1 + found.confidence) / 2)) * BETWEEN_RUNS
    centre = log(found.estimate)
    below, above = (hypot(log(end) - centre, beside) for end in (found.low, found.high))
    return replace(found, low=exp(centre - below), high=exp(centre + above))


def run_ratio(reference: Sequence[float], candidate: Sequence[float]) -> Interval:
    """Return the ratio reference ÷ candidate of a run, with an interval that other runs of the machine share.

    The arguments are those of `reports.stats.speedup.paired_ratio`. Times that are held against themselves are as
    long in every run.
    """
    found = paired_ratio(reference, candidate)
    return found if list(reference) == list(candidate) else widened(found)
