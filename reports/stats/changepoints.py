"""Steps in a series over commits: where a level changes, by how much, and how surely.

Penalised least squares cut the series (PELT, by the package ruptures). What they propose is then doubted, since a cut
is put where the noise looks most like a step. Each proposal must pass Welch's t test, corrected for all the places
where the cut could have been, and explain its two stretches better than a straight line does. A small step
must not lead back to a level that was left a few points ago: a machine whose memory has two states goes to and fro
between two levels without any change of the code.

Penalty and test use a variance that is drawn towards what is known of the machine, since a few points say little of it:
Smyth's moderated variance. The figures of the rule for times are chosen by ``reports.stats.tuning``.

Source: R. Killick, P. Fearnhead and I. Eckley, Optimal detection of changepoints with a linear computational cost,
Journal of the American Statistical Association 107 (2012); G. Smyth, Linear models and empirical Bayes methods,
Statistical Applications in Genetics and Molecular Biology 3 (2004).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import ruptures
from numpy.typing import NDArray
from scipy.special import stdtr

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """What makes a step.

    Attributes
    ----------
    prior_sd, prior_df
        Standard deviation of one point that is expected, in logarithms, and how many degrees of freedom that is worth.
    penalty
        Price of a cut, in variances times the logarithm of the number of points.
    alpha
        Probability with which a series without steps may show one, of the test.
    least
        Smallest step, in logarithms.
    states, lasting
        A step of at most this, in logarithms, must not lead back to a level that was there before, but where the
        level between them lasted so many points: that was a fault, and its repair.
    slope
        How many times as well as a straight line a step must explain its stretches, in squares.
    short
        Points that any level must have.
    """

    prior_sd: float
    prior_df: float
    penalty: float
    alpha: float
    least: float
    states: float
    lasting: int
    slope: float
    short: int = 2


TIMES = Rule(prior_sd=0.03, prior_df=4, penalty=6, alpha=1e-4, least=0.03, states=math.log(1.12), lasting=10, slope=1.6)
"""For times and their ratios."""
COUNTS = Rule(prior_sd=0.003, prior_df=4, penalty=3, alpha=1e-4, least=0.02, states=0, lasting=1, slope=1)
"""For counts, such as bytes, which hardly differ from run to run."""


@dataclass(frozen=True)
class Step:
    """A change of level.

    Attributes
    ----------
    at
        Index of the first point of the new level.
    change
        New level − old level, in logarithms.
    before, after
        Points on the old and on the new level.
    p
        Probability that a series without steps shows as much somewhere; None for a point that stands apart by itself.
    """

    at: int
    change: float
    before: int
    after: int
    p: float | None


def steps(values: Sequence[float], rule: Rule) -> tuple[Step, ...]:
    """Return the steps of a series, the first one first.

    Parameters
    ----------
    values
        Finite numbers, one a commit, in logarithms, the oldest first.
    rule
        What makes a step.

    Raises
    ------
    ValueError
        For a value that is not finite.
    """
    series = np.asarray(values, dtype=np.float64)
    if not np.isfinite(series).all():
        raise ValueError("values: holds a number that is not finite; leave out commits that were not measured")
    if series.size < 2 * rule.short:
        return ()
    smooth = without_spikes(series, rule)
    return _doubted(smooth, _proposed(smooth, rule), rule)


def spikes(values: Sequence[float], rule: Rule) -> tuple[Step, ...]:
    """Return the single points that stand apart from both neighbours, each as a step of one point.

    Parameters
    ----------
    values, rule
        As for `steps`.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.size < 2 * rule.short:
        return ()
    apart = series - without_spikes(series, rule)
    return tuple(Step(int(at), float(apart[at]), 1, 1, None) for at in np.flatnonzero(apart))


def without_spikes(series: Array, rule: Rule) -> Array:
    """Return the series with each point that stands apart from both neighbours, by 4 deviations, put between them."""
    if series.size < 3 or rule.short < 2:
        return series
    limit = 4 * _sd(series, rule)
    low = np.minimum(series[:-2], series[2:])
    high = np.maximum(series[:-2], series[2:])
    inner = series[1:-1]
    found = series.copy()
    found[1:-1] = np.where((inner > high + limit) | (inner < low - limit), (low + high) / 2, inner)
    return found


def _sd(series: Array, rule: Rule) -> float:
    """Return the deviation of one point, from the middle of the differences of neighbours and what is expected."""
    differences = np.abs(np.diff(series))
    robust = 1.4826 * float(np.median(differences)) / math.sqrt(2)
    return _moderated(robust**2 * differences.size, differences.size, rule)


def _moderated(squares: float, df: int, rule: Rule) -> float:
    return math.sqrt((squares + rule.prior_df * rule.prior_sd**2) / (df + rule.prior_df))


def _variance(side: Array, rule: Rule) -> float:
    return _moderated(float(((side - side.mean()) ** 2).sum()), side.size - 1, rule) ** 2


def _proposed(series: Array, rule: Rule) -> list[int]:
    """Return where penalised least squares cut the series, its two ends included."""
    penalty = rule.penalty * _sd(series, rule) ** 2 * math.log(series.size)
    found = ruptures.KernelCPD(kernel="linear", min_size=rule.short).fit(series.reshape(-1, 1)).predict(pen=penalty)
    return [0, *(int(cut) for cut in found)]


def _doubted(series: Array, cuts: Sequence[int], rule: Rule) -> tuple[Step, ...]:
    """Take cuts away, the least sure first, until all that are left are steps."""
    while len(cuts) > 2:
        found = [_step(series, *around, rule) for around in zip(cuts, cuts[1:], cuts[2:], strict=False)]
        wrong = [step for step in found if not _holds(series, step, rule)] or _returning(series, cuts, found, rule)
        if not wrong:
            return tuple(found)
        worst = max(wrong, key=lambda step: step.p or 0.0)
        cuts = [cut for cut in cuts if cut != worst.at]
    return ()


def _step(series: Array, start: int, at: int, end: int, rule: Rule) -> Step:
    old, new = series[start:at], series[at:end]
    change = float(new.mean() - old.mean())
    parts = [(_variance(side, rule) / side.size, side.size - 1 + rule.prior_df) for side in (old, new)]
    error = sum(part for part, _ in parts)
    df = error**2 / sum(part**2 / free for part, free in parts)
    places = max(1, old.size + new.size - 2 * rule.short + 1)
    p = 2 * float(stdtr(df, -abs(change) / math.sqrt(error))) * places
    return Step(at, change, old.size, new.size, min(1.0, p))


def _holds(series: Array, step: Step, rule: Rule) -> bool:
    if (step.p or 0.0) > rule.alpha or abs(step.change) < rule.least:
        return False
    old, new = series[step.at - step.before : step.at], series[step.at : step.at + step.after]
    return not _is_slope(old, new, rule.slope)


def _is_slope(old: Array, new: Array, times: float) -> bool:
    """Tell whether a straight line explains two stretches better than a step between them."""
    both = np.concatenate([old, new])
    if both.size < 5:
        return False
    along = np.arange(both.size) - (both.size - 1) / 2
    line = both - both.mean() - along * float(along @ both) / float(along @ along)
    step = np.concatenate([old - old.mean(), new - new.mean()])
    return float(line @ line) < times * float(step @ step)


def _returning(series: Array, cuts: Sequence[int], found: Sequence[Step], rule: Rule) -> list[Step]:
    """Return small steps that lead back to a level soon after it was left: states of the machine."""
    levels = [float(series[start:end].mean()) for start, end in pairwise(cuts)]
    return [
        step
        for k, step in enumerate(found)
        if abs(step.change) <= rule.states
        and any(
            abs(levels[k + 1] - levels[old]) < abs(step.change) / 2 and step.at - cuts[old + 1] < rule.lasting
            for old in range(k)
        )
    ]
