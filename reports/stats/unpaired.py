"""How much longer one took than the other where the two were measured in different processes, and how surely.

Times of different runs do not pair, so all differences between a log time of the one and a log time of the other count:
the Hodges–Lehmann shift is their median, and the interval inverts the exact Mann–Whitney test. Fewer than six processes
on either side give no interval, as for pairs.

Source: M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd edition, §4.1–4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import comb, exp

import numpy as np
from numpy.typing import NDArray

from reports.stats.speedup import MINIMUM_PROCESSES, Interval


def unpaired_ratio(numerator: Sequence[float], denominator: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the ratio numerator ÷ denominator of two times that were measured in different processes.

    Parameters
    ----------
    numerator, denominator
        Seconds, or ratios of them, one per process; finite and positive.
    confidence
        Least confidence of the interval, between 0 and 1.

    Returns
    -------
    Interval
        `n` is the smaller of the two numbers of processes. Without ends where that is below six.

    Raises
    ------
    ValueError
        Where either is empty or holds a value that is not finite and positive, or `confidence` is out of range.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence!r} was given, a number between 0 and 1 is accepted")
    if len(numerator) == 0 or len(denominator) == 0:
        raise ValueError("numerator, denominator: at least one process of each is needed")
    above, below = _logs("numerator", numerator), _logs("denominator", denominator)
    differences = np.sort(np.subtract.outer(above, below), axis=None)
    estimate, least = exp(float(np.median(differences))), min(above.size, below.size)
    rank = critical_rank(above.size, below.size, confidence) if least >= MINIMUM_PROCESSES else None
    if rank is None:
        return Interval(estimate, None, None, None, least)
    attained = 1 - 2 * cumulative(above.size, below.size)[rank - 1]
    return Interval(estimate, exp(float(differences[rank - 1])), exp(float(differences[-rank])), attained, least)


@lru_cache(maxsize=256)
def critical_rank(first: int, second: int, confidence: float) -> int | None:
    """Return the k for which the k-th differences from either end enclose at least `confidence`, or None."""
    return sum(1 - 2 * below >= confidence for below in cumulative(first, second)) or None


@lru_cache(maxsize=256)
def cumulative(first: int, second: int) -> tuple[float, ...]:
    """Return P(U ≤ u) of the Mann–Whitney statistic without ties, for u = 0 … first·second.

    The number of orders in which U is u is a coefficient of the Gaussian binomial ∏ (1 − qˢ⁺ⁱ) ÷ (1 − qⁱ), with s the
    second number and i = 1 … first.
    """
    ways = [1] + [0] * (first * second)
    for i in range(1, first + 1):
        for u in reversed(range(second + i, len(ways))):
            ways[u] -= ways[u - second - i]
        for u in range(i, len(ways)):
            ways[u] += ways[u - i]
    return tuple(total / comb(first + second, first) for total in accumulate(ways))


def _logs(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"{name}: was {list(values)!r}, only finite positive numbers are accepted")
    return np.log(array)
