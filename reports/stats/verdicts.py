"""The word for what became of a cell from base to head, and why.

The first rule that applies decides:

1. not-gated: nobody asked for a verdict on this cell; the reason says why.
2. contaminated: by the controls, something disturbed the measurement. Nothing is decided from it.
3. layout-artefact: the change is confirmed on the binaries as they were built, and gone or reversed after another link,
   which put the function elsewhere in memory. Where the code lies made it, not what it does.
4. regressed: confirmed slower, and no relink calls it into question.
5. improved: its mirror.
6. equivalent: the 90 % interval of the change lies between 1/1.03 and 1.03.
7. regressed, by instructions: time shows nothing, and head is expected to execute more of them on this cell on the same
   SIMD path, by as much as matters for a cell of that size and by `MORE_INSTRUCTIONS` at least. More instructions can
   take less time, so they come last, and decide nothing where head seems to be faster, nor where the 95 % interval of
   the change ends below what matters, or below half of what they let expect: they tell of what time leaves open, and do
   not contradict it.
8. inconclusive: none of it. It never means unchanged.

`reports.stats.evidence` says what *confirmed* is. Swapping base and head swaps regressed and improved of time, with the
same size, and leaves the other verdicts of time as they are. Instructions name no improvement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log, log1p

from reports.stats.equivalence import MARGIN
from reports.stats.evidence import Evidence, Findings, Layout, find
from reports.stats.speedup import MINIMUM_PROCESSES, Interval

MORE_INSTRUCTIONS = 0.02
"""Share of more instructions beyond which they decide, where they are asked."""


class Word(StrEnum):
    """A verdict in one word."""

    NOT_GATED = "not-gated"
    CONTAMINATED = "contaminated"
    LAYOUT_ARTEFACT = "layout-artefact"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


class Channel(StrEnum):
    """What decided."""

    TIME = "time"
    INSTRUCTIONS = "instructions"
    NONE = "none"


@dataclass(frozen=True)
class Verdict:
    """What became of a cell.

    Attributes
    ----------
    word
        The verdict.
    reason
        Why, as a sentence without its full stop.
    channel
        What decided; none where nothing is decided.
    change
        Head ÷ base with its 95 % interval, more than 1 is slower: of the confirmation, or else of the screen. None
        where there is no measurement to go by.
    """

    word: Word
    reason: str
    channel: Channel
    change: Interval | None

    @property
    def size(self) -> float:
        """How far the change is from none at all; 0 where there is none to go by."""
        return abs(log(self.change.estimate)) if self.change else 0.0


@dataclass(frozen=True)
class Rule:
    """A word, what decides, when it applies, and why in a sentence."""

    word: Word
    channel: Channel
    applies: Callable[[Evidence, Findings], bool]
    why: Callable[[Evidence, Findings], str]


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict on a cell: that of the first of `RULES` that applies."""
    findings = find(evidence)
    rule = next(rule for rule in RULES if rule.applies(evidence, findings))
    change = None if rule.word is Word.NOT_GATED else findings.change
    return Verdict(rule.word, rule.why(evidence, findings), rule.channel, change)


def percent(ratio: float) -> str:
    """Return a ratio of two times as what it adds: 1.052 is +5.2 %."""
    return f"{100 * (ratio - 1):+.1f} %"


def with_ends(change: Interval) -> str:
    """Return a change with its interval, as far as it has one: +5.2 % [+4.1 %, +6.3 %]."""
    if change.low is None or change.high is None:
        return percent(change.estimate)
    return f"{percent(change.estimate)} [{percent(change.low)}, {percent(change.high)}]"


def tally(verdicts: Iterable[Verdict]) -> str:
    """Return how many cells got which verdict, in the order of the words; empty without any."""
    by_word = Counter(verdict.word for verdict in verdicts)
    return ", ".join(f"{by_word[word]} {word}" for word in Word if by_word[word])


def _by_instructions(evidence: Evidence, findings: Findings) -> bool:
    return _more_instructions(evidence) and not findings.faster and findings.maybe_slower


def _more_instructions(evidence: Evidence) -> bool:
    least = log1p(max(MORE_INSTRUCTIONS, evidence.relevance))
    return evidence.log_instructions is not None and evidence.log_instructions > least


def _why_confirmed(evidence: Evidence, findings: Findings) -> str:
    relinked = {
        Layout.STAYS: "also after another link",
        Layout.GONE: "but not after a link that puts the function elsewhere",
        Layout.UNKNOWN: _why_unknown(evidence),
    }[findings.layout]
    pairs = len(evidence.confirmation)
    return f"{_seen(findings)}, confirmed in {pairs} new pairs (p {evidence.adjusted_p:.2g}), {relinked}"


def _why_unknown(evidence: Evidence) -> str:
    if not evidence.relink:
        return "without another link to compare"
    if not evidence.relink_moved:
        return "the other link moved nothing"
    return f"with {len(evidence.relink)} pairs on other links, too few to say more"


def _why_equivalent(evidence: Evidence, findings: Findings) -> str:
    return f"{_seen(findings)}, within ±{100 * MARGIN:g} % with 90 % confidence"


def _why_instructions(evidence: Evidence, findings: Findings) -> str:
    return f"{_instructions(evidence)}; time does not decide ({_seen(findings)})"


def _instructions(evidence: Evidence) -> str:
    return f"instructions: {percent(exp(evidence.log_instructions or 0.0))} expected at this size"


def _why_inconclusive(evidence: Evidence, findings: Findings) -> str:
    unheard = f"; {_instructions(evidence)}, and time speaks against it" if _more_instructions(evidence) else ""
    return f"{_not_shown(evidence, findings)}{unheard}"


def _not_shown(evidence: Evidence, findings: Findings) -> str:
    pairs = len(evidence.confirmation or evidence.screen)
    if pairs < MINIMUM_PROCESSES:
        return f"{pairs} pairs were measured, and fewer than {MINIMUM_PROCESSES} show nothing{_cut(evidence)}"
    if findings.confirmed:
        return f"{_seen(findings)}, confirmed, but another link leaves open whether the layout makes it"
    if findings.direction and not findings.agrees:
        return f"{_seen(findings)} in new pairs, and the first look points the other way"
    if findings.direction:
        return f"{_seen(findings)}, shown, but less than the {100 * evidence.relevance:g} % that matter at this size"
    if findings.apart:
        several = f", which is not enough to tell one of {evidence.planned} cells from chance"
        return f"{_seen(findings)} in {pairs} pairs{several if evidence.planned > 1 else ''}{_cut(evidence)}"
    return f"{_seen(findings)}: neither a change nor its absence is shown{_cut(evidence)}"


def _cut(evidence: Evidence) -> str:
    return f"; the time was over before all {evidence.wanted} pairs were measured" if evidence.wanted else ""


def _seen(findings: Findings) -> str:
    return "not measured" if findings.change is None else with_ends(findings.change)


RULES = (
    Rule(Word.NOT_GATED, Channel.NONE, lambda known, _: bool(known.not_gated), lambda known, _: known.not_gated),
    Rule(
        Word.CONTAMINATED, Channel.NONE, lambda known, _: bool(known.contaminated), lambda known, _: known.contaminated
    ),
    Rule(
        Word.LAYOUT_ARTEFACT,
        Channel.TIME,
        lambda _, found: found.confirmed != 0 and found.layout is Layout.GONE,
        _why_confirmed,
    ),
    Rule(
        Word.REGRESSED,
        Channel.TIME,
        lambda _, found: found.confirmed > 0 and found.layout is not Layout.OPEN,
        _why_confirmed,
    ),
    Rule(
        Word.IMPROVED,
        Channel.TIME,
        lambda _, found: found.confirmed < 0 and found.layout is not Layout.OPEN,
        _why_confirmed,
    ),
    Rule(Word.EQUIVALENT, Channel.TIME, lambda _, found: found.equivalent, _why_equivalent),
    Rule(Word.REGRESSED, Channel.INSTRUCTIONS, _by_instructions, _why_instructions),
    Rule(Word.INCONCLUSIVE, Channel.NONE, lambda *_: True, _why_inconclusive),
)
"""The order of precedence: the first that applies gives the word."""
