"""Ratios of one run, with intervals that hold what varies from run to run beside the scatter of its processes.

Processes of one run share a state of the machine that the next run may not find: which physical pages are free, what
others do on the same server. By how much runs differ is `reports.stats.between_runs.RUN_SD` (decision 0019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, hypot, log

from scipy.stats import norm

from reports.stats.between_runs import RUN_SD
from reports.stats.speedup import Interval, paired_ratio


def widened(found: Interval) -> Interval:
    """Return a ratio from the processes of one run with an interval that holds for the next run as well."""
    if found.low is None or found.high is None or found.confidence is None:
        return found
    beside = float(norm.ppf((1 + found.confidence) / 2)) * RUN_SD
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
