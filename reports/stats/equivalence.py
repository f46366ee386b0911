"""Whether it is shown that nothing changed: two one-sided tests. To find no difference is not the same.

Equivalent means that the 90 % interval of the change lies wholly within 1/1.03 and 1.03 times the base's time. Both
bounds are as far from no change on the log scale, so swapping base and head changes nothing. To lie within a 90 %
interval is to reject at 5 % that head is slower by the margin or more, and at 5 % that it is faster by the margin or
more: a change as large as the margin is called equivalent once in twenty at most. Noise only makes it rarer.

Source: D. J. Schuirmann, A comparison of the two one-sided tests procedure and the power approach, Journal of
Pharmacokinetics and Biopharmaceutics 15 (1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log1p

from reports.stats.signed_rank import finite, p_values
from reports.stats.speedup import location

MARGIN = 0.03
"""Up to this much more, or as little less, counts as the same."""
CONFIDENCE = 0.90


def bounds(margin: float = MARGIN) -> tuple[float, float]:
    """Return the log changes between which head and base count as the same: −log(1 + margin) and log(1 + margin)."""
    if not 0 < margin < inf:
        raise ValueError(f"margin: {margin!r} was given, a finite number above 0 is accepted")
    return -log1p(margin), log1p(margin)


def equivalent(log_changes: Sequence[float], margin: float = MARGIN, confidence: float = CONFIDENCE) -> bool:
    """Tell whether the whole interval of the log changes lies strictly within the margin.

    Parameters
    ----------
    log_changes
        Log of head ÷ base, one finite number per pair.
    margin
        What still counts as the same, as a share of the base's time.
    confidence
        Of the interval; two tests at 5 % each make 90 %.

    Returns
    -------
    bool
        False too where there are too few pairs for an interval: nothing is shown then.

    Raises
    ------
    ValueError
        Where a change is not finite, `margin` not above 0 or `confidence` not between 0 and 1.
    """
    low, high = bounds(margin)
    changes = finite("log_changes", log_changes).tolist()
    if not changes:
        return False
    found = location(changes, confidence)
    return found.low is not None and found.high is not None and low < found.low and found.high < high


def p_equivalent(log_changes: Sequence[float], margin: float = MARGIN) -> float:
    """Return how often chance gives changes that lie so well within the margin where the truth is one of its ends.

    It is the larger p of the two one-sided tests, each of the changes moved by the margin.
    """
    low, high = bounds(margin)
    changes = finite("log_changes", log_changes)
    return max(p_values((changes - low).tolist()).slower, p_values((changes - high).tolist()).faster)
