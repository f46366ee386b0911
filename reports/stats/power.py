"""How small a change can be found, with how many pairs.

`least_change` and `pairs_needed` take the normal approximation: the mean of n log changes of standard deviation s
scatters with s ÷ √n, a one-sided test at alpha flags from z(alpha) of these on, and a change of z(alpha) + z(power) of
them is flagged as often as `power` says. At alpha 0.001 and power 0.95 that makes 4.73·s ÷ √n. It assumes that

- pairs are independent; where neighbours share a state of the machine, n counts for less than it says;
- s is known, and is that of a pair, process effects included;
- the log changes are about normal, and n is large.

The last is not so at a small alpha. n pairs attain no one-sided p below 2⁻ⁿ, so below `fewest_pairs(alpha)` nothing can
be found, however large it is; and a little above, nearly all pairs must point the same way. There the formula promises
too much, and the more so the nearer n is to the floor. `simulated_power` and `simulated_least_change` ask the exact
test itself, under a normal law and under a heavy-tailed one (Student's t with 3 degrees), both scaled to the same s.
Plan with these; the formula is for a first idea.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from reports.stats.signed_rank import between, cumulative, fewest_pairs

Law = Literal["normal", "t3"]
ALPHA = 0.001
POWER = 0.95


@dataclass(frozen=True)
class Power:
    """The share of trials in which a change was found, with its exact 95 % bounds (Clopper and Pearson)."""

    share: float
    low: float
    high: float
    trials: int


def least_change(n: int, sd: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """Return the least log change that n pairs find with `power`; infinite where n pairs cannot attain alpha."""
    _natural("n", n)
    return inf if n < fewest_pairs(alpha) else _reach(alpha, power) * _positive("sd", sd) / sqrt(n)


def pairs_needed(log_change: float, sd: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many pairs find a log change with `power`, never fewer than can attain alpha.

    Parameters
    ----------
    log_change
        The change to be found; its sign has no meaning, since the two directions are mirrors.
    sd
        Standard deviation of the log change over pairs.
    alpha
        One-sided error.
    power
        How often it should be found.

    Raises
    ------
    ValueError
        Where `log_change` is 0 or not finite, `sd` not above 0, or a share not between 0 and 1.
    """
    size = _positive("log_change", abs(log_change))
    return max(fewest_pairs(alpha), ceil((_reach(alpha, power) * _positive("sd", sd) / size) ** 2))


def simulated_power(
    log_change: float,
    sd: float,
    n: int,
    alpha: float = ALPHA,
    law: Law = "normal",
    *,
    trials: int = 10_000,
    seed: int = 0,
) -> Power:
    """Return how often the exact one-sided test of n pairs finds that head is slower by `log_change`.

    Parameters
    ----------
    log_change
        The true change; 0 gives the rate of false flags.
    sd
        Standard deviation of the log change over pairs.
    n
        Pairs.
    alpha
        One-sided error.
    law
        "normal", or "t3": Student's t with 3 degrees, scaled to the same standard deviation.
    trials
        How often it is tried.
    seed
        Of the random numbers.

    Raises
    ------
    ValueError
        Where an argument is out of its range.
    """
    if not isfinite(log_change):
        raise ValueError(f"log_change: {log_change!r} was given, a finite number is accepted")
    noise = _positive("sd", sd) * _noise(n, law, trials, seed)
    found = int(np.count_nonzero(p_slower(log_change + noise) <= between("alpha", alpha)))
    bound = binomtest(found, trials).proportion_ci(0.95, method="exact")
    return Power(found / trials, float(bound.low), float(bound.high), trials)


def simulated_least_change(
    n: int,
    sd: float,
    alpha: float = ALPHA,
    power: float = POWER,
    law: Law = "normal",
    *,
    trials: int = 10_000,
    seed: int = 0,
) -> float:
    """Return the least log change that the exact test of n pairs finds with `power`; arguments as above.

    Infinite where n pairs cannot attain alpha. In the same trials a larger change is found at least as often, so it is
    searched for by halving, to a thousandth of `sd`.
    """
    if n < fewest_pairs(alpha):
        return inf
    noise = _noise(n, law, trials, seed)

    def found(size: float) -> bool:
        return float(np.mean(p_slower(size + noise) <= alpha)) >= power

    low, high = 0.0, _reach(alpha, power) / sqrt(n)
    while not found(high):
        low, high = high, 2 * high
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high * _positive("sd", sd)


def _noise(n: int, law: Law, trials: int, seed: int) -> NDArray[np.float64]:
    """Return trials of n values with mean 0 and standard deviation 1."""
    rng = np.random.default_rng(seed)
    shape = (_natural("trials", trials), _natural("n", n))
    if law == "normal":
        return rng.standard_normal(shape)
    if law == "t3":
        return rng.standard_t(3, shape) / sqrt(3)
    raise ValueError(f"law: {law!r} was given, 'normal' and 't3' are accepted")


def p_slower(log_changes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the exact one-sided p of every row of log changes without ties and zeros: many trials at once."""
    ranks = np.argsort(np.argsort(np.abs(log_changes), axis=1), axis=1) + 1
    negative = np.sum(ranks, axis=1, where=log_changes < 0)
    p: NDArray[np.float64] = cumulative(log_changes.shape[1])[negative]
    return p


def _reach(alpha: float, power: float) -> float:
    """Return by how many standard errors a change must differ from 0 to be found with `power`."""
    return float(norm.isf(between("alpha", alpha)) + norm.ppf(between("power", power)))


def _positive(name: str, value: float) -> float:
    if not 0 < value < inf:
        raise ValueError(f"{name}: {value!r} was given, a finite number other than 0 is accepted")
    return value


def _natural(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name}: {value!r} was given, at least 1 is accepted")
    return value
