"""Every verdict is reached, the first rule that applies wins, and swapping base and head mirrors the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.evidence import Evidence, relevance
from reports.stats.multiple import adjusted
from reports.stats.power import p_slower
from reports.stats.verdicts import RULES, Channel, Word, judge

Adjust = Callable[[list[float]], list[float]]


def around(centre: float, n: int = 12, spread: float = 0.004) -> tuple[float, ...]:
    """Return n log changes around a relative change."""
    return tuple(log1p(centre) + spread * ((7 * i) % n - (n - 1) / 2) / n for i in range(n))


SLOWER = Evidence(relevance=0.02, screen=around(0.06), confirmation=around(0.05, 16), adjusted_p=0.003)
FASTER = replace(
    SLOWER,
    screen=tuple(-change for change in SLOWER.screen),
    confirmation=tuple(-change for change in SLOWER.confirmation),
)
SAME = Evidence(relevance=0.02, screen=around(0.001))
NOISY = Evidence(relevance=0.02, screen=around(0.01, spread=0.2))

EXAMPLES = [
    (replace(SLOWER, not_gated="a peer"), Word.NOT_GATED, Channel.NONE),
    (replace(SLOWER, contaminated="a tenth of the time was stolen"), Word.CONTAMINATED, Channel.NONE),
    (replace(SLOWER, relink=around(0.0), relink_moved=True), Word.LAYOUT_ARTEFACT, Channel.TIME),
    (SLOWER, Word.REGRESSED, Channel.TIME),
    (FASTER, Word.IMPROVED, Channel.TIME),
    (SAME, Word.EQUIVALENT, Channel.TIME),
    (replace(NOISY, log_instructions=log1p(0.021)), Word.REGRESSED, Channel.INSTRUCTIONS),
    (NOISY, Word.INCONCLUSIVE, Channel.NONE),
]
"""One for each rule, in the order of the rules."""


@pytest.mark.parametrize(("evidence", "word", "channel"), EXAMPLES)
def test_every_verdict_is_reached(evidence: Evidence, word: Word, channel: Channel) -> None:
    found = judge(evidence)
    assert (found.word, found.channel) == (word, channel)
    assert found.reason
    assert not found.reason.endswith(".")


def test_there_is_an_example_of_every_rule_and_every_word() -> None:
    assert [(rule.word, rule.channel) for rule in RULES] == [(word, channel) for _, word, channel in EXAMPLES]
    assert {word.value for word in Word} == {
        "contaminated", "layout-artefact", "regressed", "improved", "equivalent", "inconclusive", "not-gated",
    }  # fmt: skip


GROUND = {
    "not-gated": {"not_gated": "a peer"},
    "contaminated": {"contaminated": "stolen"},
    "layout-artefact": {"relink": around(0.0), "relink_moved": True},
}
WHATEVER = [SLOWER, FASTER, SAME, replace(SAME, log_instructions=0.1), replace(NOISY, log_instructions=0.1), NOISY]


@pytest.mark.parametrize(("first", "second"), list(combinations(GROUND, 2)))
def test_of_two_reasons_to_set_aside_the_earlier_wins(first: str, second: str) -> None:
    assert judge(replace(SLOWER, **GROUND[first], **GROUND[second])).word == first


@pytest.mark.parametrize("reason", ["not-gated", "contaminated"])
@pytest.mark.parametrize("evidence", WHATEVER)
def test_what_is_set_aside_is_never_decided(reason: str, evidence: Evidence) -> None:
    assert judge(replace(evidence, **GROUND[reason])).word == reason
    alone = judge(Evidence(relevance=0.02, **GROUND[reason]))
    assert (alone.word, alone.change) == (reason, None)


@pytest.mark.parametrize("evidence", [SLOWER, FASTER])
def test_a_confirmed_change_outranks_equivalence(evidence: Evidence) -> None:
    """A change of 2.5 % is confirmed, and lies within 3 %."""
    size = 0.025 if evidence is SLOWER else 1 / 1.025 - 1
    small = replace(evidence, screen=around(size), confirmation=around(size, 16))
    assert judge(small).word == judge(evidence).word
    assert judge(replace(small, adjusted_p=0.02)).word is Word.EQUIVALENT
    assert judge(replace(small, relevance=0.05)).word is Word.EQUIVALENT


def test_equivalence_is_judged_on_the_pairs_that_give_the_size() -> None:
    wide = replace(SAME, confirmation=NOISY.screen)
    assert [judge(wide).word, judge(SAME).word] == [Word.INCONCLUSIVE, Word.EQUIVALENT]
    settled = replace(NOISY, confirmation=SAME.screen)
    assert [judge(settled).word, judge(NOISY).word] == [Word.EQUIVALENT, Word.INCONCLUSIVE]


def test_a_few_pairs_on_other_links_are_as_good_as_none() -> None:
    found = judge(replace(SLOWER, relink=around(0.0, 5), relink_moved=True))
    assert found.word is Word.REGRESSED
    assert "5 pairs on other links, too few" in found.reason


def test_time_outranks_instructions() -> None:
    for evidence in (SLOWER, FASTER, SAME):
        assert judge(replace(evidence, log_instructions=0.5)) == judge(evidence)


@pytest.mark.parametrize(
    "change",
    [
        {"adjusted_p": 0.01},  # chance explains it
        {"confirmation": (), "adjusted_p": 1.0},  # not confirmed
        {"screen": FASTER.screen},  # the two looks contradict each other
        {"relevance": 0.20},  # too small to matter
        {"relink": around(0.018, spread=0.03), "relink_moved": True},  # the relink leaves it open
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_what_a_confirmed_change_lacks_makes_it_inconclusive(change: dict[str, object], swapped: bool) -> None:
    evidence = replace(SLOWER, **change)
    assert judge(swap(evidence) if swapped else evidence).word is Word.INCONCLUSIVE


def test_the_estimate_counts_from_what_matters_on() -> None:
    flat = {"screen": (0.05,) * 12, "adjusted_p": 0.001}
    for sign, word in ((1, Word.REGRESSED), (-1, Word.IMPROVED)):
        at = replace(SLOWER, relevance=0.05, confirmation=(sign * log1p(0.05),) * 12, **flat)
        at = replace(at, screen=tuple(sign * change for change in at.screen))
        below = replace(at, confirmation=(sign * log1p(0.0499),) * 12)
        assert [judge(at).word, judge(below).word] == [word, Word.INCONCLUSIVE]


@pytest.mark.parametrize(
    ("relink", "moved", "word"),
    [
        (around(0.05), True, Word.REGRESSED),
        (around(0.0), True, Word.LAYOUT_ARTEFACT),
        (around(-0.06), True, Word.LAYOUT_ARTEFACT),
        (around(0.0), False, Word.REGRESSED),  # the function lies where it lay: this says nothing
        ((), False, Word.REGRESSED),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_relink_decides_only_where_it_moved_the_function(
    relink: tuple[float, ...], moved: bool, word: Word, swapped: bool
) -> None:
    evidence = replace(SLOWER, relink=relink, relink_moved=moved)
    mirrored = Word.IMPROVED if swapped and word is Word.REGRESSED else word
    assert judge(swap(evidence) if swapped else evidence).word is mirrored


@pytest.mark.parametrize(
    ("more", "word"), [(0.021, Word.REGRESSED), (0.019, Word.INCONCLUSIVE), (-0.5, Word.INCONCLUSIVE)]
)
def test_instructions_decide_from_two_percent_more_on(more: float, word: Word) -> None:
    assert judge(replace(NOISY, log_instructions=log1p(more))).word is word


def test_more_instructions_in_less_time_are_no_regression() -> None:
    faster = Evidence(relevance=0.20, screen=around(-0.10), log_instructions=0.5)
    assert judge(faster).word is Word.INCONCLUSIVE
    assert judge(replace(faster, screen=around(0.10, spread=1.0))).channel is Channel.INSTRUCTIONS
    seems = Evidence(relevance=0.02, screen=around(-0.03, spread=0.3), log_instructions=0.5)
    assert judge(seems).word is Word.INCONCLUSIVE, "head seems to be faster by more than matters"


def test_more_instructions_decide_only_where_time_leaves_a_slowdown_that_matters_possible() -> None:
    """The interval of twelve changes of this kind is 3.1 % to either side of their centre."""
    more = {"relevance": 0.02, "log_instructions": log1p(0.03)}
    for centre, channel in ((-0.009, Channel.INSTRUCTIONS), (-0.013, Channel.NONE)):
        found = judge(Evidence(screen=around(centre, spread=0.15), **more))
        assert found.change is not None
        assert found.change.high is not None
        assert found.change.estimate > 0.98, "head does not seem to be faster by as much as matters"
        assert (found.change.high >= 1.02) == (channel is Channel.INSTRUCTIONS)
        assert found.channel is channel
    assert found.word is Word.INCONCLUSIVE
    assert found.reason.endswith("; instructions: +3.0 % expected at this size, and time speaks against it")


def test_time_that_excludes_half_of_what_instructions_let_expect_speaks_against_them() -> None:
    """A kernel that waits for memory takes 6 % more instructions in no more time: up to 2.1 % by its interval."""
    waits = Evidence(relevance=0.02, screen=around(-0.009, spread=0.15), log_instructions=log1p(0.06))
    assert judge(waits).word is Word.INCONCLUSIVE
    assert judge(waits).reason.endswith("; instructions: +6.0 % expected at this size, and time speaks against it")
    assert judge(replace(waits, screen=around(0.001, spread=0.2))).channel is Channel.INSTRUCTIONS, "up to 4.3 %"


def test_without_an_interval_time_leaves_everything_possible() -> None:
    few = Evidence(relevance=0.02, screen=(0.0,) * 4, log_instructions=log1p(0.06))
    found = judge(few)
    assert (found.channel, found.change is not None and found.change.high) == (Channel.INSTRUCTIONS, None)
    assert "instructions: +6.0 % expected at this size" in found.reason


def test_more_instructions_of_a_short_call_decide_only_where_they_are_as_many_as_matter() -> None:
    short = Evidence(relevance=0.20, screen=around(0.05, spread=1.0))
    assert judge(replace(short, log_instructions=log1p(0.19))).word is Word.INCONCLUSIVE
    assert judge(replace(short, log_instructions=log1p(0.21))).channel is Channel.INSTRUCTIONS


def test_head_slower_is_more_than_one_and_the_size_is_the_confirmations() -> None:
    found = judge(SLOWER).change
    assert found is not None
    assert found.low is not None
    assert found.estimate == pytest.approx(1.05, abs=1e-3)
    assert found.low > 1
    assert found.n == 16
    assert "+5.0 %" in judge(SLOWER).reason


def test_too_few_pairs_show_nothing_however_equal() -> None:
    found = judge(Evidence(relevance=0.02, screen=(0.0,) * 5))
    assert found.word is Word.INCONCLUSIVE
    assert "5 pairs" in found.reason


def swap(evidence: Evidence) -> Evidence:
    """Return the evidence with base and head swapped."""
    turned = {name: tuple(-c for c in getattr(evidence, name)) for name in ("screen", "confirmation", "relink")}
    return replace(evidence, **turned)


MIRROR = {Word.REGRESSED: Word.IMPROVED, Word.IMPROVED: Word.REGRESSED}
CHANGES = st.builds(
    lambda centre, noise: tuple(centre + one for one in noise),
    st.sampled_from([-0.06, -0.025, 0.0, 0.025, 0.06]),
    st.lists(st.floats(-0.03, 0.03, allow_subnormal=False), min_size=6, max_size=12),
)
EVIDENCE = st.builds(
    Evidence,
    relevance=st.sampled_from([0.02, 0.05, 0.2]),
    screen=CHANGES,
    confirmation=CHANGES,
    adjusted_p=st.sampled_from([0.001, 0.009, 0.02]),
    relink=CHANGES,
    relink_moved=st.booleans(),
)


@given(EVIDENCE)
def test_swapping_base_and_head_mirrors_every_verdict_of_time(evidence: Evidence) -> None:
    one, other = judge(evidence), judge(swap(evidence))
    assert other.word is MIRROR.get(one.word, one.word)
    assert one.change is not None
    assert other.change is not None
    assert other.change.estimate == pytest.approx(1 / one.change.estimate)


@pytest.mark.parametrize(
    ("seconds", "least"),
    [(1.0, 0.02), (1e-3, 0.02), (0.99e-3, 0.03), (1e-4, 0.03), (0.99e-4, 0.20), (1e-7, 0.20)],
)
def test_what_matters_goes_by_the_size_of_the_cell(seconds: float, least: float) -> None:
    assert relevance(seconds) == least


def gate(rng: np.random.Generator, change: float, sd: float, adjust: Adjust = adjusted) -> list[Word]:
    """Judge a hundred cells that all changed by as much: eight pairs each, and sixteen new where these hint at it."""
    first = log1p(change) + sd * rng.standard_normal((100, 8))
    again = log1p(change) + sd * rng.standard_normal((100, 16))
    two_sided = np.minimum(1, 2 * np.minimum(p_slower(again), p_slower(-again)))
    hint = np.abs(np.median(first, axis=1)) > 0.01
    p = adjust(np.where(hint, two_sided, 1.0).tolist())
    looked_twice = [tuple(new) if hinted else () for new, hinted in zip(again.tolist(), hint, strict=True)]
    return [
        judge(Evidence(relevance=0.02, screen=tuple(screen), confirmation=new, adjusted_p=mine)).word
        for screen, new, mine in zip(first.tolist(), looked_twice, p, strict=True)
    ]


@pytest.mark.parametrize("sd", [0.02, 0.08])
def test_identical_code_is_flagged_at_most_once_in_a_thousand(sd: float) -> None:
    rng = np.random.default_rng(20261128)
    words = [word for _ in range(40) for word in gate(rng, 0.0, sd)]
    assert words.count(Word.REGRESSED) <= len(words) / 1000
    assert words.count(Word.IMPROVED) <= len(words) / 1000
    if sd == 0.02:
        assert words.count(Word.EQUIVALENT) > len(words) / 2
    assert words.count(Word.INCONCLUSIVE) > 0


def test_without_adjustment_identical_code_would_be_flagged_more_often() -> None:
    rng = np.random.default_rng(20261128)
    words = [word for _ in range(40) for word in gate(rng, 0.0, 0.08, adjust=list)]
    assert words.count(Word.REGRESSED) > len(words) / 1000


def test_slower_code_is_flagged() -> None:
    words = gate(np.random.default_rng(20261128), 0.07, 0.02)
    assert words.count(Word.REGRESSED) >= 0.95 * len(words)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"screen": ()}, "screen: empty"),
        ({"screen": (math.nan,)}, "screen: .* finite"),
        ({"relink": (math.inf,)}, "relink: .* finite"),
        ({"adjusted_p": 0.5}, "adjusted_p: 0.5 was given with 0 pairs"),
        ({"adjusted_p": math.nan}, "adjusted_p: nan"),
        ({"confirmation": (0.1,), "adjusted_p": 1.5}, "adjusted_p: 1.5"),
        ({"relevance": 0}, "relevance: 0 was given"),
        ({"log_instructions": math.nan}, "log_instructions: nan"),
    ],
)
def test_what_is_no_evidence_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SAME, **wrong)


def test_a_cell_takes_some_time() -> None:
    with pytest.raises(ValueError, match="seconds: 0"):
        relevance(0)
