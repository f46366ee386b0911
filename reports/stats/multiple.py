"""Many cells are judged at once: what p means when a hundred others had their chance as well.

Benjamini–Hochberg: of the cells called different, the share of false ones is at most q in the mean over many runs. All
cells that were planned count, also those that were not looked at twice: they have p = 1. Which cells are looked at
twice may then depend on a first look, and the promise still holds.

Source: Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B
57 (1995).
"""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import false_discovery_control

from reports.stats.signed_rank import between


def adjusted(p: Sequence[float | None]) -> list[float]:
    """Return the adjusted p of every planned cell, in the order given.

    Parameters
    ----------
    p
        One for every planned and gated cell; None where it was not confirmed, which counts as 1.

    Returns
    -------
    list of float
        To compare with q: what is below it is called different.

    Raises
    ------
    ValueError
        Where a p is not between 0 and 1.
    """
    whole = [1.0 if value is None else value for value in p]
    wrong = [value for value in whole if not 0 <= value <= 1]
    if wrong:
        raise ValueError(f"p: {wrong[0]!r} was given, None or a number from 0 to 1 is accepted")
    return [float(value) for value in false_discovery_control(whole, method="bh")] if whole else []


def least_p(planned: int, q: float) -> float:
    """Return the p that a cell needs where it is the only one of `planned` cells that differs: q ÷ planned."""
    if planned < 1:
        raise ValueError(f"planned: {planned!r} was given, at least one cell is needed")
    return between("q", q) / planned
