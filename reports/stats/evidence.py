"""What is known of a planned cell, and what it shows: the questions that verdicts are made of.

A log change is the log of head time ÷ base time, so above 0 is slower. Thresholds are as far from 0 on either side.

A change is *shown* where the confirmation's adjusted p is below 0.01. It is *confirmed* where besides the screen points
the same way, and the confirmation's estimate is at least what matters for a cell of that size. Pairs of the screen
choose which cells are looked at again, so they tend to exaggerate: where there is a confirmation, size, p and
equivalence come from its pairs alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, log, log1p

from reports.stats.equivalence import CONFIDENCE, equivalent
from reports.stats.signed_rank import finite
from reports.stats.speedup import MINIMUM_PROCESSES, Interval, location, ratio_of

Q = 0.01
"""Adjusted p below which a change is more than chance."""
RELEVANCE = ((1e-3, 0.02), (1e-4, 0.03), (0.0, 0.20))
"""Seconds from which on a cell counts as that large, and the least change that matters for it."""


def relevance(seconds: float) -> float:
    """Return the least change that matters for a cell whose base takes that long, as a share of its time."""
    if not 0 < seconds < inf:
        raise ValueError(f"seconds: {seconds!r} was given, a finite number above 0 is accepted")
    return next(share for least, share in RELEVANCE if seconds >= least)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known of a planned cell.

    Attributes
    ----------
    relevance
        Least change that matters, as a share of the base's time: `relevance(seconds)`.
    screen
        Log changes of the first look, one per pair of processes; empty only with a reason below.
    confirmation
        Log changes in new processes; empty where the cell was not looked at again.
    adjusted_p
        Two-sided p of the confirmation, adjusted over all planned cells (`reports.stats.multiple`); 1 without one.
    relink
        Log changes after another link, maybe none.
    relink_moved
        Whether that link changed the function's address modulo 64. If not, it says nothing about the layout.
    log_instructions
        Log of head ÷ base of the instructions expected on this cell; None where they were not counted on the same SIMD
        path.
    p_equivalent
        Of a screen that was looked at several times, the overall p of equivalence; None for that of its pairs alone.
    planned
        Cells that are judged together.
    wanted
        Pairs that were to be measured, where the time was over before; otherwise 0.
    not_gated, contaminated
        Why, or ''.
    """

    relevance: float
    screen: tuple[float, ...] = ()
    confirmation: tuple[float, ...] = ()
    adjusted_p: float = 1.0
    relink: tuple[float, ...] = ()
    relink_moved: bool = False
    log_instructions: float | None = None
    p_equivalent: float | None = None
    planned: int = 1
    wanted: int = 0
    not_gated: str = ""
    contaminated: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no evidence."""
        for name in ("screen", "confirmation", "relink"):
            finite(name, getattr(self, name))
        if not self.screen and not self.not_gated and not self.contaminated:
            raise ValueError("screen: empty, and a cell that was not measured gets no verdict; leave it out")
        if not 0 <= self.adjusted_p <= 1 or (self.adjusted_p < 1 and not self.confirmation):
            raise ValueError(
                f"adjusted_p: {self.adjusted_p!r} was given with {len(self.confirmation)} pairs of confirmation, "
                "a number from 0 to 1 is accepted, and only 1 without confirmation"
            )
        if not 0 < self.relevance < inf:
            raise ValueError(f"relevance: {self.relevance!r} was given, a finite number above 0 is accepted")
        if self.log_instructions is not None and not isfinite(self.log_instructions):
            raise ValueError(
                f"log_instructions: {self.log_instructions!r} was given, None or a finite number is accepted"
            )


class Layout(StrEnum):
    """What a relink says of a confirmed change."""

    STAYS = "stays"
    GONE = "gone"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Findings:
    """What the evidence of a cell shows.

    Attributes
    ----------
    change
        Head ÷ base with its 95 % interval: of the confirmation, or else of the screen; None without a screen.
    direction
        1 where head is shown to be slower, -1 for faster, 0 for neither.
    agrees
        Whether the screen points to where the confirmation does.
    matters
        Whether the confirmation's estimate is as large as matters.
    layout
        What a relink says of the change.
    equivalent
        Whether head is shown to take as long as base, by the same pairs.
    faster
        Whether head seems to be faster by as much as matters, or the whole 90 % interval of the change lies below 1.
    maybe_slower
        Whether head may still be slower by as much as matters, and by half of what its instructions let expect: the
        interval of the change reaches that, or there is none.
    """

    change: Interval | None
    direction: int
    agrees: bool
    matters: bool
    layout: Layout
    equivalent: bool
    faster: bool
    maybe_slower: bool

    @property
    def apart(self) -> bool:
        """Whether 1 lies outside the interval of the change."""
        change = self.change
        return (
            change is not None
            and change.low is not None
            and change.high is not None
            and not (change.low <= 1 <= change.high)
        )

    @property
    def confirmed(self) -> int:
        """Return 1 for confirmed slower, -1 for confirmed faster, 0 for neither."""
        return self.direction if self.agrees and self.matters else 0


NOTHING = Findings(
    None, 0, agrees=False, matters=False, layout=Layout.UNKNOWN, equivalent=False, faster=False, maybe_slower=True
)
"""What a cell without a measurement shows."""


def find(evidence: Evidence) -> Findings:
    """Return what the pairs of a cell show."""
    if not evidence.screen:
        return NOTHING
    least = log1p(evidence.relevance)
    first = location(evidence.screen).estimate
    again = location(evidence.confirmation).estimate if evidence.confirmation else 0.0
    pairs = evidence.confirmation or evidence.screen
    high = location(pairs, CONFIDENCE).high
    change = ratio_of(pairs)
    return Findings(
        change=change,
        direction=_sign(again) if evidence.adjusted_p < Q else 0,
        agrees=_sign(first) == _sign(again),
        matters=abs(again) >= least,
        layout=_layout(evidence, _sign(again), least),
        equivalent=_equivalent(evidence),
        faster=location(pairs).estimate <= -least or (high is not None and high < 0),
        maybe_slower=change.high is None or log(change.high) >= max(least, (evidence.log_instructions or 0.0) / 2),
    )


def _equivalent(evidence: Evidence) -> bool:
    if evidence.confirmation or evidence.p_equivalent is None:
        return equivalent(evidence.confirmation or evidence.screen)
    return evidence.p_equivalent <= (1 - CONFIDENCE) / 2


def _layout(evidence: Evidence, direction: int, least: float) -> Layout:
    """Compare a relink with the change: it is gone where the relink's 90 % interval ends before what matters."""
    if len(evidence.relink) < MINIMUM_PROCESSES or not evidence.relink_moved:
        return Layout.UNKNOWN
    found = location([direction * change for change in evidence.relink], CONFIDENCE)
    if found.estimate >= least:
        return Layout.STAYS
    return Layout.GONE if found.high is not None and found.high < least else Layout.OPEN


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
