"""Whether log changes, one per pair, show more than chance: the exact signed-rank test.

A log change is the log of head time ÷ base time, so more than 0 is slower. Where the change made no difference, each
log change is as likely to be positive as negative, whatever its size. The test takes the sizes as they are, ranks them,
and counts over all 2ⁿ ways to give them signs how often the positive ranks add up to as much as was seen. Its only
assumptions are that pairs are independent, and symmetric about 0 where nothing changed.

Equal sizes share the mean of their ranks. A change of exactly 0 is ranked with the others and has no sign (Pratt's
way), as it speaks for neither side. The distribution is that of the ranks as they are: exact with ties and zeros as
well, where tables and `scipy.stats.wilcoxon(method="exact")` are not. n pairs give no one-sided p below 2⁻ⁿ.

Source: J. W. Pratt, Remarks on zeros and ties in the Wilcoxon signed rank procedures, Journal of the American
Statistical Association 54 (1959); M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd
edition, §3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PValues:
    """How often chance alone gives what was seen, or more.

    Attributes
    ----------
    slower
        One-sided: small where the changes lie above 0.
    faster
        One-sided: small where they lie below 0.
    """

    slower: float
    faster: float

    @property
    def two_sided(self) -> float:
        """Twice the smaller of the two, at most 1."""
        return min(1.0, 2 * min(self.slower, self.faster))


def p_values(log_changes: Sequence[float]) -> PValues:
    """Return the exact signed-rank p of log changes.

    Parameters
    ----------
    log_changes
        Log of head ÷ base, one finite number per pair; the order has no meaning.

    Returns
    -------
    PValues
        Both are 1 where there is no pair, or no change but 0.

    Raises
    ------
    ValueError
        Where a change is not finite.
    """
    changes = finite("log_changes", log_changes)
    doubled = doubled_ranks(np.abs(changes))
    signed = doubled[changes != 0]
    below = np.cumsum(null(tuple(sorted(signed.tolist()))))
    positive = int(doubled[changes > 0].sum())
    negative = int(doubled[changes < 0].sum())
    # By symmetry P(T⁺ ≥ positive) = P(T⁺ ≤ negative): a tail added up from its small end loses no digits.
    return PValues(slower=min(1.0, float(below[negative])), faster=min(1.0, float(below[positive])))


def doubled_ranks(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return twice the rank of each size, so that the mean rank of equal sizes is a whole number."""
    ordered = np.sort(sizes)
    first, last = np.searchsorted(ordered, sizes, "left"), np.searchsorted(ordered, sizes, "right")
    return (first + last + 1).astype(np.int64)


@lru_cache(maxsize=256)
def null(ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """Return P(the positive ranks add up to s), s = 0 … their sum, where each rank's sign is a fair coin."""
    density = np.zeros(sum(ranks) + 1)
    density[0] = 1.0
    for rank in ranks:
        moved = np.zeros_like(density)
        moved[rank:] = density[:-rank]
        density = 0.5 * density + 0.5 * moved
    return density


@lru_cache(maxsize=64)
def cumulative(n: int) -> NDArray[np.float64]:
    """Return P(T⁺ ≤ s) of n pairs without ties and zeros, for s = 0 … n·(n+1)/2."""
    return np.cumsum(null(tuple(range(1, n + 1))))


def fewest_pairs(alpha: float) -> int:
    """Return the least n whose smallest one-sided p, 2⁻ⁿ, is not above `alpha`."""
    between("alpha", alpha)
    n = 1
    while 0.5**n > alpha:
        n += 1
    return n


def between(name: str, value: float) -> float:
    """Return a share that lies between 0 and 1, both excluded, or raise a ValueError that names it."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: {value!r} was given, a number between 0 and 1 is accepted")
    return value


def finite(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    """Return values as an array, or raise a ValueError where one is not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name}: {list(values)!r} was given, a list of finite numbers is accepted")
    return array
