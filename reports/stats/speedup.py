"""How much faster, and how surely: paired ratios over processes.

The unit is the process, since iterations inside one share its memory layout. Per process the log of the ratio of the
two robust times; over processes the Hodges–Lehmann estimate (the median of all Walsh averages) and the interval that
inverts the exact signed-rank test. The attainable confidences are discrete, so each interval carries its own: six
processes give the whole range of the Walsh averages at 96.9 %, and fewer than six give no interval at all.

Source: J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Annals of Mathematical Statistics
34 (1963); M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd edition, §3.1–3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.stats.signed_rank import cumulative

MINIMUM_PROCESSES = 6


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    estimate
        Hodges–Lehmann estimate.
    low, high
        Ends of the interval, None where there are too few processes for one.
    confidence
        Confidence that the interval attains, 0–1, never less than what was asked; None where there is none.
    n
        Processes it rests on.
    """

    estimate: float
    low: float | None
    high: float | None
    confidence: float | None
    n: int


def paired_ratio(reference: Sequence[float], candidate: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the ratio reference ÷ candidate of two times that were measured in the same processes.

    Parameters
    ----------
    reference, candidate
        Seconds, one per process, in the same order of processes; finite and positive.
    confidence
        Least confidence of the interval, between 0 and 1.

    Returns
    -------
    Interval
        More than 1 says that the candidate is faster.

    Raises
    ------
    ValueError
        Where the two differ in length, are empty, or hold a value that is not a finite positive number.
    """
    if len(reference) != len(candidate):
        raise ValueError(
            f"candidate: {len(candidate)} processes, reference {len(reference)}; a pair needs the same processes"
        )
    logs = np.log(_times("reference", reference)) - np.log(_times("candidate", candidate))
    return ratio_of(logs.tolist(), confidence)


def ratio_of(logs: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the centre and interval of logs of ratios as a ratio again; the arguments are those of `location`."""
    found = location(logs, confidence)
    return Interval(
        float(np.exp(found.estimate)),
        None if found.low is None else float(np.exp(found.low)),
        None if found.high is None else float(np.exp(found.high)),
        found.confidence,
        found.n,
    )


def location(differences: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the centre of paired differences with its exact signed-rank interval.

    Parameters
    ----------
    differences
        One finite number per process.
    confidence
        Least confidence of the interval, between 0 and 1.

    Returns
    -------
    Interval
        Without ends where fewer than six processes, or too few for the asked confidence, were measured.

    Raises
    ------
    ValueError
        Where `differences` is empty or `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence!r} was given, a number between 0 and 1 is accepted")
    if len(differences) == 0:
        raise ValueError("differences: empty, at least one process is needed")
    walsh = walsh_averages(differences)
    n = len(differences)
    rank = critical_rank(n, confidence)
    if rank is None:
        return Interval(float(np.median(walsh)), None, None, None, n)
    return Interval(
        float(np.median(walsh)), float(walsh[rank - 1]), float(walsh[-rank]), 1 - 2 * float(cumulative(n)[rank - 1]), n
    )


def walsh_averages(values: Sequence[float]) -> NDArray[np.float64]:
    """Return the sorted averages of all n·(n+1)/2 pairs of values, each value with itself included."""
    array = np.asarray(values, dtype=np.float64)
    first, second = np.triu_indices(array.size)
    return np.sort(0.5 * array[first] + 0.5 * array[second])


def critical_rank(n: int, confidence: float) -> int | None:
    """Return the k for which the k-th Walsh averages from either end enclose at least `confidence`, or None."""
    if n < MINIMUM_PROCESSES:
        return None
    below = int(np.count_nonzero(1 - 2 * cumulative(n) >= confidence))
    return below or None


def shared(reference: Mapping[int, float], candidate: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """Return the times of the processes in which both were measured, in the order of the processes."""
    both = sorted(reference.keys() & candidate.keys())
    return [reference[p] for p in both], [candidate[p] for p in both]


def _times(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"{name}: times were {list(values)!r}, only finite positive seconds are accepted")
    return array
