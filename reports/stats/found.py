"""The least slowdown that a rule finds four times in five, read off what it found of slowdowns of several amounts.

The share that is found rises with the amount, so shares that fall are pooled with their neighbours (isotonic
regression). Between two amounts that were tried it is taken to rise in a straight line over the logarithm of the
change. Each share is the median-unbiased one: of a few that were all found, more than a few might not have been. The
ends are where the bounds of the shares cross four fifths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from reports.stats.shares import Share

MOSTLY = 0.8
"""Share of the slowdowns from which on they count as found."""


@dataclass(frozen=True)
class Least:
    """The least slowdown that is found in `MOSTLY` of the cases, on cells of one size.

    Attributes
    ----------
    size
        Of the cells.
    amount, low, high
        The amount, and its interval: 0 where the smallest that was tried is found as often already, None where the
        largest is not.
    smallest, largest
        Amounts that were tried.
    """

    size: str
    amount: float | None
    low: float | None
    high: float | None
    smallest: float
    largest: float


def least(size: str, found: Sequence[tuple[float, Share]]) -> Least:
    """Return the least slowdown that is mostly found.

    Parameters
    ----------
    size
        Of the cells.
    found
        Amounts from the smallest to the largest, at least one, and what was found of each.
    """
    amounts = [amount for amount, _ in found]
    shares = [share for _, share in found]
    middle = isotonic_regression([share.middle for share in shares], weights=[share.of for share in shares]).x
    low = np.maximum.accumulate(np.array([share.low for share in shares], dtype=np.float64))
    high = np.minimum.accumulate(np.array([share.high for share in shares], dtype=np.float64)[::-1])[::-1]
    amount, first, last = (_crossing(amounts, curve) for curve in (middle, high, low))
    return Least(size, amount, first, last, smallest=amounts[0], largest=amounts[-1])


def _crossing(amounts: Sequence[float], curve: NDArray[np.float64]) -> float | None:
    """Return the amount at which a rising curve reaches `MOSTLY`."""
    reached = np.flatnonzero(curve >= MOSTLY)
    if not reached.size:
        return None
    at = int(reached[0])
    if at == 0:
        return 0.0
    change = np.interp(MOSTLY, curve[at - 1 : at + 1], [log1p(amount) for amount in amounts[at - 1 : at + 1]])
    return exp(float(change)) - 1
