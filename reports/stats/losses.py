"""Losing cells: every case in which a compiled implementation of ours is shown slower than something else, worst first.

Shown means that the whole paired interval lies below 1. How far below is for the reader: nothing is too small to be
listed, and nothing is left out because another cell wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.stats.cells import BASELINE, SUBJECT, Contest, Versus
from reports.stats.summary import Summary


@dataclass(frozen=True)
class Loss:
    """One implementation that loses one case; `against` has all whom it loses to, the worst first, ratios below 1."""

    kernel: str
    case: str
    loser: str
    against: tuple[Versus, ...]
    contest: Contest

    @property
    def worst(self) -> Versus:
        """Whom it loses to by most."""
        return self.against[0]


@dataclass(frozen=True)
class Tally:
    """How the subject stands over the cases of a kernel in which it has a time.

    Attributes
    ----------
    kernel
        Name.
    cases, first
        Cases with a winner, and those in which the subject is the best or tied with it.
    to_numpy, to_numba, to_peer
        Cases in which it is shown slower than expert NumPy, than Numba, and than the best peer.
    worst
        Its worst loss.
    """

    kernel: str
    cases: int
    first: int
    to_numpy: int
    to_numba: int
    to_peer: int
    worst: Loss | None


def losses(summary: Summary) -> list[Loss]:
    """Return the subject's losses to expert NumPy, Numba and the best peer, and Numba's to expert NumPy."""
    contests = {(c.kernel, c.case): c for c in summary.contests}
    found = [
        Loss(c.kernel, c.case, SUBJECT, tuple(sorted(c.losses, key=lambda versus: versus.ratio)), c)
        for c in summary.contests
        if c.losses
    ]
    found += _of_numba(summary, contests)
    return sorted(found, key=lambda loss: loss.worst.ratio)


def _of_numba(summary: Summary, contests: dict[tuple[str, str], Contest]) -> Iterator[Loss]:
    for cell in summary.cells:
        if cell.implementation == "numba" and cell.against_numpy == "slower" and cell.ratio_vs_numpy:
            against = Versus(
                BASELINE, cell.ratio_vs_numpy, cell.ratio_low, cell.ratio_high, cell.cropped, cell.against_numpy
            )
            yield Loss(cell.kernel, cell.case, "numba", (against,), contests[cell.kernel, cell.case])


def tallies(summary: Summary, found: Sequence[Loss]) -> list[Tally]:
    """Return a tally per kernel, in the order of the plan."""
    return [_tally(kernel, summary, found) for kernel in dict.fromkeys(c.kernel for c in summary.cells)]


def _tally(kernel: str, summary: Summary, found: Sequence[Loss]) -> Tally:
    timed = {c.case for c in summary.cells if (c.kernel, c.implementation, c.status) == (kernel, SUBJECT, "ok")}
    contests = [c for c in summary.contests if c.kernel == kernel and c.case in timed and c.winners]
    mine = [loss for loss in found if (loss.kernel, loss.loser) == (kernel, SUBJECT)]
    others = [versus.other for loss in mine for versus in loss.against]
    ours = {BASELINE, "numba"}
    return Tally(
        kernel=kernel,
        cases=len(contests),
        first=sum(SUBJECT in c.winners for c in contests),
        to_numpy=others.count(BASELINE),
        to_numba=others.count("numba"),
        to_peer=sum(other not in ours for other in others),
        worst=mine[0] if mine else None,
    )
