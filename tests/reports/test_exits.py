"""0, 1 and 2 are never confused, and nothing green is green for want of a look."""

from __future__ import annotations

import pytest

from reports.stats.exits import exit_code
from reports.stats.verdicts import Channel, Verdict, Word


def verdicts(*words: Word) -> dict[str, Verdict]:
    return {f"cell {i}": Verdict(word, "a reason", Channel.NONE, None) for i, word in enumerate(words)}


NINE = (Word.EQUIVALENT,) * 7 + (Word.IMPROVED, Word.LAYOUT_ARTEFACT)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (NINE, 0),
        ((*NINE, Word.INCONCLUSIVE), 0),  # nine of ten are decided
        ((*NINE[:8], Word.INCONCLUSIVE), 2),  # eight of nine are not enough
        ((*NINE, Word.CONTAMINATED), 0),
        ((*NINE[:8], Word.CONTAMINATED), 2),
        ((*NINE, Word.REGRESSED), 1),
        ((Word.REGRESSED, *[Word.INCONCLUSIVE] * 20), 1),
        ((*NINE, *[Word.NOT_GATED] * 50), 0),  # they count neither way
        ((*NINE[:8], Word.INCONCLUSIVE, *[Word.NOT_GATED] * 50), 2),
        ((Word.INCONCLUSIVE,), 2),
        ((Word.CONTAMINATED,), 2),
        ((Word.IMPROVED,), 0),
        ((Word.LAYOUT_ARTEFACT,), 0),
    ],
)
def test_the_code_goes_by_the_words(words: tuple[Word, ...], code: int) -> None:
    found = verdicts(*words)
    for excused in ("", "why not"):  # says nothing where cells are gated
        assert exit_code(found, list(found), excused=excused).code == code


@pytest.mark.parametrize("words", [(), (Word.NOT_GATED,), (Word.NOT_GATED,) * 100])
def test_a_gate_that_looks_at_nothing_is_green_only_where_nothing_can_be_affected(words: tuple[Word, ...]) -> None:
    found = verdicts(*words)
    assert exit_code(found, list(found)).code == 2
    said = exit_code(found, list(found), excused="the change can affect no cell")
    assert said.code == 0
    assert said.why == "the change can affect no cell"


def test_a_cell_without_a_verdict_is_incomplete() -> None:
    found = verdicts(*[Word.EQUIVALENT] * 99)
    missing = exit_code(found, [*found, "lost"])
    assert missing.code == 2
    assert "1 of 100 planned cells" in missing.why
    assert exit_code({}, ["lost"], excused="why not").code == 2


def test_a_regression_stays_one_where_cells_are_missing() -> None:
    found = verdicts(Word.REGRESSED)
    said = exit_code(found, [*found, "lost"])
    assert said.code == 1
    assert "1 have no verdict" in said.why


def test_a_plan_that_does_not_fit_is_refused() -> None:
    found = verdicts(Word.EQUIVALENT)
    with pytest.raises(ValueError, match="'cell 0' has one and was not planned"):
        exit_code(found, ["another"])
    with pytest.raises(ValueError, match="1 cells stand in it more than once"):
        exit_code(found, [*found, *found])
