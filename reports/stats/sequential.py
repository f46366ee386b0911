"""Stop measuring a cell as soon as it is decided, without more false alarms than one look would make.

To look at the pairs after 8, 12 and 16 of them, and to stop at the first p below alpha, would give chance three
tries. So alpha is divided over the looks. Each has a level and stops where its exact signed-rank p is not above it; the
levels add up to alpha. Whatever the looks have in common, the chance that any of them stops falsely is then at most
alpha, since the chance of a union is never more than the sum. That holds with ties, and for every symmetric noise.

The levels come from a spending function: O'Brien and Fleming's, as Lan and DeMets wrote it down, spends almost nothing
early. They charge a look only for what the looks before it have not stopped already. Here each is charged in full: that
needs no joint law, and leaves about a quarter of alpha unused. Ranks are discrete: n pairs attain only certain p, none
below 2⁻ⁿ. So a look's budget is rounded down to the largest p that it can attain, and the rest is handed on to the
next; the last gets all that is left. With alpha 0.001 and looks after 8, 12 and 16 pairs the first two can attain
nothing, and the last tests at the whole 0.001. For equivalence, whose alpha is 0.05, all three can stop.

Three claims are tested at each look, each with an alpha of its own: slower, faster, equivalent. Each has an overall p:
alpha × the smallest p ÷ level of the looks so far. It is a valid p whichever look was the last, which the p of the
look that happened to stop is not. So it is what `reports.stats.multiple` may be given.

Source: K. K. G. Lan and D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70 (1983); P. C.
O'Brien and T. R. Fleming, A multiple testing procedure for clinical trials, Biometrics 35 (1979).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import e, inf, log, log1p, sqrt

from scipy.stats import norm

from reports.stats.equivalence import MARGIN, bounds, p_equivalent
from reports.stats.signed_rank import PValues, cumulative, fewest_pairs, finite, p_values
from reports.stats.speedup import location

Spending = Callable[[float, float], float]


class Step(StrEnum):
    """What a look says: why to stop, or to go on."""

    SLOWER = "slower"
    FASTER = "faster"
    EQUIVALENT = "equivalent"
    GO_ON = "go on"
    UNDECIDED = "undecided"


def obrien_fleming(t: float, alpha: float) -> float:
    """Return how much of alpha may be spent when the share t of all pairs is there: little at first."""
    return float(2 * norm.sf(norm.isf(alpha / 2) / sqrt(t)))


def pocock(t: float, alpha: float) -> float:
    """Return how much of alpha may be spent when the share t of all pairs is there: about the same at each look."""
    return alpha * log(1 + (e - 1) * t)


@dataclass(frozen=True)
class Rule:
    """When to look, and what to stop for.

    Attributes
    ----------
    looks
        Numbers of pairs after which to look, each more than the one before.
    alpha
        One-sided error over all looks, of slower and of faster each. For a gate over many cells that adjusts p
        afterwards, what one cell alone would need: `least_p(planned, q) / 2`.
    alpha_equivalent
        Error over all looks of calling a change as large as the margin equivalent.
    margin
        What still counts as the same.
    relevance
        Slower or faster by less than this, as a share of the time, is no reason to stop.
    spending
        How alpha is spent over the looks.
    """

    looks: tuple[int, ...] = (8, 12, 16)
    alpha: float = 0.001
    alpha_equivalent: float = 0.05
    margin: float = MARGIN
    relevance: float = 0.02
    spending: Spending = obrien_fleming

    def __post_init__(self) -> None:
        """Refuse what is no rule."""
        if not self.looks or self.looks[0] < 1 or list(self.looks) != sorted(set(self.looks)):
            raise ValueError(f"looks: {self.looks!r} was given, rising numbers of pairs from 1 are accepted")
        if not 0 <= self.relevance < inf:
            raise ValueError(f"relevance: {self.relevance!r} was given, a finite number from 0 is accepted")
        bounds(self.margin)
        for name, alpha in (("alpha", self.alpha), ("alpha_equivalent", self.alpha_equivalent)):
            least = fewest_pairs(alpha)
            if self.looks[-1] < least:
                raise ValueError(
                    f"looks: {self.looks!r} was given, {name} {alpha:g} can be attained from {least} pairs on"
                )


@dataclass(frozen=True)
class Look:
    """What the pairs so far say.

    Attributes
    ----------
    step
        To stop for a reason, to go on, or undecided: no look is left.
    pairs_wanted
        The number of pairs at the next look; of the last look where it is time to stop.
    change
        Overall p of slower and of faster.
    equivalence
        Overall p of equivalent.
    """

    step: Step
    pairs_wanted: int
    change: PValues
    equivalence: float


@lru_cache(maxsize=64)
def levels(looks: tuple[int, ...], alpha: float, spending: Spending = obrien_fleming) -> tuple[float, ...]:
    """Return the p at which each look stops, 0 where it cannot stop; they add up to alpha."""
    found: list[float] = []
    for n in looks[:-1]:
        attained = cumulative(n)
        budget = spending(n / looks[-1], alpha) - sum(found)
        found.append(float(attained[attained <= budget].max(initial=0.0)))
    return (*found, alpha - sum(found))


def overall(p: Sequence[float], allowed: Sequence[float], alpha: float) -> float:
    """Return the overall p of the looks so far: not above alpha exactly where one of them is not above its level."""
    return min((1.0, *(alpha * (mine / level) for mine, level in zip(p, allowed, strict=False) if level > 0)))


def look(log_changes: Sequence[float], rule: Rule) -> Look:
    """Return what to do after these pairs.

    Parameters
    ----------
    log_changes
        Log of head ÷ base, one finite number per pair, in the order in which they were measured. Those after the
        latest look wait for the next.
    rule
        When to look, and what to stop for.

    Returns
    -------
    Look
        The same pairs always give the same answer; nothing is kept from call to call.

    Raises
    ------
    ValueError
        Where a change is not finite, or there are more of them than the last look wants.
    """
    changes = finite("log_changes", log_changes).tolist()
    if len(changes) > rule.looks[-1]:
        raise ValueError(f"log_changes: {len(changes)} pairs were given, the last look is after {rule.looks[-1]}")
    seen = [changes[:n] for n in rule.looks if n <= len(changes)]
    tests = [p_values(part) for part in seen]
    allowed = levels(rule.looks, rule.alpha, rule.spending)
    change = PValues(
        overall([test.slower for test in tests], allowed, rule.alpha),
        overall([test.faster for test in tests], allowed, rule.alpha),
    )
    equivalence = overall(
        [p_equivalent(part, rule.margin) for part in seen],
        levels(rule.looks, rule.alpha_equivalent, rule.spending),
        rule.alpha_equivalent,
    )
    step = _step(location(seen[-1]).estimate, change, equivalence, rule) if seen else Step.GO_ON
    if step is Step.GO_ON and len(seen) == len(rule.looks):
        step = Step.UNDECIDED
    return Look(step, rule.looks[len(seen)] if step is Step.GO_ON else len(seen[-1]), change, equivalence)


def _step(estimate: float, change: PValues, equivalence: float, rule: Rule) -> Step:
    least = log1p(rule.relevance)
    if change.slower <= rule.alpha and estimate >= least:
        return Step.SLOWER
    if change.faster <= rule.alpha and estimate <= -least:
        return Step.FASTER
    return Step.EQUIVALENT if equivalence <= rule.alpha_equivalent else Step.GO_ON
