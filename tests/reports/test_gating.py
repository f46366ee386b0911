"""From pairs to verdicts: orientation, what is looked at again, what the controls void, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from benchmarks.counting.counts import Count
from benchmarks.gate.builds import Build
from benchmarks.gate.instructions import Counted, compared
from benchmarks.gate.lines import Cell, Pair, Side, Stage
from benchmarks.gate.plan import Plan, make_plan
from benchmarks.gate.relink import Link, Links
from reports.stats import gating, next_pairs
from reports.stats.exits import exit_code
from reports.stats.gate_pairs import Evidences
from reports.stats.signed_rank import fewest_pairs
from reports.stats.verdicts import Channel, Word
from reports.write import gate_page

BASE = Build("a" * 40, "before", "1", Path("/base"))
HEAD = Build("b" * 40, "after", "2", Path("/head"))
CELLS = [Cell("evi", case, arm) for case in ("f32_256", "f32_2048_out") for arm in ("numpy", "numba", "rust")]
SLOWED, OTHER = CELLS[2], CELLS[0]
CALL_S = 2e-3
OK: Sequence[dict[str, Any]] = ()


def plan(cells: Sequence[Cell] = CELLS) -> Plan:
    found = make_plan(BASE, HEAD, {}, {})
    return replace(found, cells=dict.fromkeys(cells, "kernels/evi.rs"), seed=5)


def pairs(cell: Cell, stage: Stage, count: int, change: float = 0.0, *, sd: float = 0.01, seed: int = 0) -> list[Pair]:
    """Return pairs whose log changes scatter about one."""
    rng = np.random.default_rng([seed, CELLS.index(cell), len(stage)])
    found = []
    for number in range(count):
        base = tuple(CALL_S * exp(rng.normal(0, 0.002)) for _ in range(8))
        slower = exp(change + rng.normal(0, sd))
        head = tuple(one * slower for one in base)
        sides = Side("ok", "", base), Side("ok", "", head)
        found.append(Pair(*cell, number, stage, 0, 1, "base", *sides, {}, 0.1))
    return found


def screened(**changes: float) -> list[Pair]:
    by_cell = {SLOWED: changes.get("slowed", 0.0)}
    return [pair for cell in CELLS for pair in pairs(cell, "screen", 8, by_cell.get(cell, 0.0))]


def words(known: Evidences) -> dict[Cell, Word]:
    return {one.cell: one.verdict.word for one in gating.judge_all(known)}


def test_the_log_change_is_positive_where_head_is_slower() -> None:
    (pair,) = pairs(SLOWED, "screen", 1, 0.5, sd=0.0)
    mirrored = replace(pair, base=pair.head, head=pair.base)
    assert Evidences(plan(), [pair], OK).changes(SLOWED, "screen") == pytest.approx((0.5,))
    assert Evidences(plan(), [mirrored], OK).changes(SLOWED, "screen") == pytest.approx((-0.5,))


@pytest.mark.parametrize(("change", "word"), [(0.10, Word.REGRESSED), (-0.10, Word.IMPROVED)])
def test_a_change_is_suspected_then_confirmed_in_new_pairs(change: float, word: Word) -> None:
    first = screened(slowed=change)
    known = Evidences(plan(), first, OK)
    assert next_pairs.suspects(known) == [SLOWED]
    assert next_pairs.undecided(known) == []
    assert words(known)[SLOWED] == Word.INCONCLUSIVE, "a screen alone decides nothing"
    more = next_pairs.confirming(known, SLOWED)
    found = words(Evidences(plan(), [*first, *pairs(SLOWED, "confirm", more, change)], OK))
    assert found == {cell: word if cell == SLOWED else Word.EQUIVALENT for cell in CELLS}


def test_what_the_confirmation_refutes_is_no_regression() -> None:
    known = Evidences(plan(), [*screened(slowed=0.10), *pairs(SLOWED, "confirm", 16)], OK)
    assert words(known)[SLOWED] in {Word.EQUIVALENT, Word.INCONCLUSIVE}


def relinked(change: float, *moved: bool) -> Evidences:
    """Return a confirmed slowdown of 10 % and what the pairs on other links have, of which each moved or did not."""
    links = Links(tuple(Link(seed, "", "", ("evi",) * one) for seed, one in enumerate(moved, 1)))
    again = [
        pair if moved[pair.number % len(moved)] else replace(pair, head=Side("ok", "", pair.base.blocks_s))
        for pair in pairs(SLOWED, "relink", next_pairs.RELINKED_PAIRS, change)
    ]
    return Evidences(plan(), [*screened(slowed=0.1), *pairs(SLOWED, "confirm", 16, 0.1), *again], OK, links=links)


def test_what_another_link_takes_away_was_the_layout() -> None:
    assert words(relinked(0.0, True, True, True))[SLOWED] == Word.LAYOUT_ARTEFACT
    assert words(relinked(0.1, True, True, True))[SLOWED] == Word.REGRESSED


def test_a_link_that_moved_nothing_counts_for_nothing() -> None:
    assert words(relinked(0.1, True, False, True))[SLOWED] == Word.REGRESSED, "pairs of the second show no change"
    known = relinked(0.0, False, False, False)
    (one,) = (one for one in gating.judge_all(known) if one.cell == SLOWED)
    assert one.verdict.word == Word.REGRESSED
    assert "the other link moved nothing" in one.verdict.reason


def test_only_rust_that_is_confirmed_to_have_changed_is_linked_again() -> None:
    numpy = pairs(OTHER, "confirm", 16, 0.1)
    slow = [pair for cell in CELLS for pair in pairs(cell, "screen", 8, 0.1 if cell in {SLOWED, OTHER} else 0.0)]
    known = Evidences(plan(), [*slow, *pairs(SLOWED, "confirm", 16, 0.1), *numpy], OK)
    assert words(known)[OTHER] == Word.REGRESSED
    assert gating.confirmed(known) == [SLOWED]
    assert gating.confirmed(Evidences(plan(), slow, OK)) == []


def test_pairs_on_other_links_leave_the_times_as_they_are() -> None:
    known = relinked(2.0, True, True, True)
    assert known.seconds(SLOWED)[1] == pytest.approx(CALL_S * exp(0.1), rel=0.02)


def test_a_cell_that_scatters_is_undecided_and_gets_more_pairs() -> None:
    noisy = [pair for cell in CELLS for pair in pairs(cell, "screen", 8, sd=0.2 if cell == OTHER else 0.01, seed=1)]
    known = Evidences(plan(), noisy, OK)
    assert OTHER in next_pairs.undecided(known) + next_pairs.suspects(known)
    assert words(known)[OTHER] == Word.INCONCLUSIVE


def test_pairs_in_which_time_was_stolen_are_void() -> None:
    stolen = [{"stage": "screen", "number": k, "steal_share": 0.3, "throttled_periods": 0} for k in range(5)]
    known = Evidences(plan(), screened(slowed=0.1), stolen)
    assert known.voided(SLOWED) == 5
    assert len(known.changes(SLOWED, "screen")) == 3
    assert set(words(known).values()) == {Word.CONTAMINATED}
    ending = exit_code({one.cell: one.verdict for one in gating.judge_all(known)}, CELLS)
    assert ending.code == 2


def test_a_cell_that_differs_from_itself_contaminates_the_gate() -> None:
    same = next_pairs.same_cells(plan())
    assert len(same) == 2
    lines = [*screened(slowed=0.1), *pairs(same[0], "same", 8, 0.08)]
    known = Evidences(plan(), lines, OK)
    assert set(words(known).values()) == {Word.CONTAMINATED}
    calm = Evidences(plan(), [*screened(), *pairs(same[0], "same", 8)], OK)
    assert set(words(calm).values()) == {Word.EQUIVALENT}


def test_a_cell_that_failed_has_no_verdict_and_the_gate_is_not_green() -> None:
    lines = screened()
    at = next(k for k, pair in enumerate(lines) if pair.cell == OTHER)
    lines[at] = replace(lines[at], head=Side("failed", "wrong answer after the timed blocks: …"))
    known = Evidences(plan(), lines, OK)
    judged = gating.judge_all(known)
    assert OTHER not in {one.cell for one in judged}
    assert exit_code({one.cell: one.verdict for one in judged}, CELLS).code == 2
    assert gate_page.broken(plan(), known) == [f"{OTHER}: head: wrong answer after the timed blocks: …"]


@pytest.mark.parametrize(("side", "word"), [("base", Word.NOT_GATED), ("head", None)])
def test_what_base_lacks_is_not_gated_and_what_head_lacks_is_a_failure(side: str, word: Word | None) -> None:
    lines = [
        replace(pair, **{side: Side("skipped", "n/a: this wheel does not have it")}) if pair.cell == OTHER else pair
        for pair in screened()
    ]
    assert words(Evidences(plan(), lines, OK)).get(OTHER) == word


def test_cells_that_nobody_measured_have_no_verdict() -> None:
    known = Evidences(plan(), [], OK)
    assert gating.judge_all(known) == []
    assert exit_code({}, CELLS).code == 2


def test_a_confirmation_can_tell_one_cell_of_all_from_chance_with_a_void_pair_to_spare() -> None:
    calm = Evidences(plan(), screened(), OK)
    fewest, most = next_pairs.CONFIRMING
    assert next_pairs.confirming(calm, SLOWED) == max(
        fewest, fewest_pairs(0.01 / len(CELLS) / 2) + next_pairs.SPARE_PAIRS
    )
    many = [Cell("evi", f"case {k}", "rust") for k in range(1000)]
    known = Evidences(plan([*CELLS, *many]), screened(), OK)
    pairs_wanted = next_pairs.confirming(known, SLOWED)
    assert 2 * 0.5 ** (pairs_wanted - 1) <= 0.01 / 1006
    assert 5 * 2 * 0.5**pairs_wanted <= 0.01 / 1006, "the pairs of ranks 1, 2, 3, or 1 and 2, may point the other way"
    wild = Evidences(plan(), [p for c in CELLS for p in pairs(c, "screen", 8, sd=0.5)], OK)
    assert next_pairs.confirming(wild, SLOWED) == most


def test_a_confirmation_finds_five_per_cent_where_pairs_scatter_by_three() -> None:
    found = 0
    for seed in range(40):
        first = [p for c in CELLS for p in pairs(c, "screen", 8, 0.05 if c == SLOWED else 0, sd=0.03, seed=seed)]
        known = Evidences(plan(), first, OK)
        if SLOWED in next_pairs.suspects(known):
            again = pairs(SLOWED, "confirm", next_pairs.confirming(known, SLOWED), 0.05, sd=0.03, seed=seed)
            found += words(Evidences(plan(), [*first, *again], OK))[SLOWED] == Word.REGRESSED
    assert found >= 32


def test_what_is_sure_to_be_more_than_matters_is_looked_at_again_though_it_is_small() -> None:
    sure = [p for c in CELLS for p in pairs(c, "screen", 8, 0.025 if c == SLOWED else 0.0, sd=0.002)]
    known = Evidences(plan(), sure, OK)
    assert next_pairs.suspects(known) == [SLOWED], "within 3 %, and above the 2 % that matter for 2 ms"
    again = pairs(SLOWED, "confirm", 16, 0.025, sd=0.002)
    assert words(Evidences(plan(), [*sure, *again], OK))[SLOWED] == Word.REGRESSED


def test_an_undecided_cell_is_looked_at_halfway_and_then_needs_no_more_pairs() -> None:
    rough = [p for c in CELLS for p in pairs(c, "screen", 8, sd=0.035 if c == OTHER else 0.003, seed=5)]
    known = Evidences(plan(), rough, OK)
    assert next_pairs.undecided(known) == [OTHER]
    halfway = next_pairs.looked_at(known, OTHER).pairs_wanted
    assert next_pairs.SCREEN_PAIRS < halfway < next_pairs.confirming(known, OTHER)
    calm = [*rough, *(replace(p, number=8 + p.number) for p in pairs(OTHER, "screen", halfway - 8, sd=0.001, seed=2))]
    known = Evidences(plan(), calm, OK)
    assert words(known)[OTHER] == Word.EQUIVALENT
    assert next_pairs.undecided(known) == []
    assert next_pairs.looked_at(known, OTHER).pairs_wanted == halfway


def test_many_looks_call_a_change_as_large_as_the_margin_equivalent_in_one_of_twenty() -> None:
    wrong = 0
    for seed in range(200):
        known = Evidences(plan(), pairs(OTHER, "screen", 18, np.log1p(0.03), sd=0.012, seed=seed), OK)
        wrong += words(known)[OTHER] == Word.EQUIVALENT
    assert wrong <= 17, "5 % of 200, and what chance adds"


def test_what_matters_goes_by_the_longer_time_so_that_base_and_head_can_be_swapped() -> None:
    lines = pairs(SLOWED, "screen", 8, -1.0)
    turned = [replace(pair, base=pair.head, head=pair.base) for pair in lines]
    one, other = (Evidences(plan(), found, OK) for found in (lines, turned))
    assert one.relevance(SLOWED) == other.relevance(SLOWED) == 0.02


def test_what_the_time_has_cut_short_is_told() -> None:
    first = screened(slowed=0.1)
    known = Evidences(plan(), [*first, *pairs(SLOWED, "confirm", 5, 0.1)], OK, cut={SLOWED: 13})
    (one,) = (one for one in gating.judge_all(known) if one.cell == SLOWED)
    assert one.verdict.word == Word.INCONCLUSIVE
    assert "before all 13 pairs" in one.verdict.reason
    assert any("budget ended before all pairs of 1 cell" in note for note in gate_page.notes(plan(), known))
    assert not any("budget" in note for note in gate_page.notes(plan(), Evidences(plan(), first, OK)))


def test_a_difference_that_chance_makes_among_many_is_not_called_none() -> None:
    known = Evidences(plan(), [*screened(slowed=0.1), *pairs(SLOWED, "confirm", 7, 0.1)], OK)
    (one,) = (one for one in gating.judge_all(known) if one.cell == SLOWED)
    assert one.verdict.word == Word.INCONCLUSIVE
    assert "not enough to tell one of 6 cells from chance" in one.verdict.reason


def told(change: float) -> tuple[Plan, list[gating.Judged], Evidences]:
    lines = [*screened(slowed=change), *pairs(SLOWED, "confirm", 16, change)]
    known = Evidences(plan(), lines, OK)
    return plan(), gating.judge_all(known), known


def test_what_changed_is_told_with_its_size_and_the_command_that_measures_it_again() -> None:
    planned, judged, known = told(0.10)
    ending = exit_code({one.cell: one.verdict for one in judged}, list(planned.cells))
    assert ending.code == 1
    (one,) = gate_page.changed(judged)
    assert gate_page.sentence(one).startswith("regressed: evi · f32_256 · rust +10.")
    text = gate_page.markdown(planned, judged, ending, known)
    assert "| regressed | evi · f32_256 · rust | +10." in text
    assert "`python -m lab gate aaaaaaaaaaaa bbbbbbbbbbbb --kernel evi --case f32_256`" in text
    assert "numba" not in text, "only what changed"


@pytest.mark.parametrize("change", [0.0, 0.1])
def test_the_schema_describes_what_programs_are_told(change: float) -> None:
    planned, judged, known = told(change)
    ending = exit_code({one.cell: one.verdict for one in judged}, list(planned.cells))
    found = json.loads(json.dumps(gate_page.as_object(planned, judged, ending, known)))
    schema = gate_page.schema()
    jsonschema.validate(found, schema)
    cells = schema["properties"]["cells"]["items"]
    assert set(cells["required"]) == set(cells["properties"]) == set(found["cells"][0])
    assert set(schema["required"]) == set(schema["properties"]) == set(found)
    assert all("description" in one for one in (*schema["properties"].values(), *cells["properties"].values()))
    assert set(cells["properties"]["verdict"]["enum"]) == {str(word) for word in Word}


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    planned = replace(plan(), not_gated={Cell("savi", "f32_256", "rust"): "the change cannot affect it"})
    planned.save(tmp_path / "gate")
    assert Plan.load(tmp_path / "gate") == planned
    (tmp_path / "gate" / "plan.json").write_text('{"schema_version": 99}', encoding="utf-8")
    with pytest.raises(ValueError, match="no plan that this version"):
        Plan.load(tmp_path / "gate")


def test_instructions_decide_where_time_does_not_and_are_told() -> None:
    noisy = [pair for cell in CELLS for pair in pairs(cell, "screen", 8, sd=0.2 if cell == OTHER else 0.01, seed=1)]
    blind = Evidences(plan(), noisy, OK)
    assert gating.inconclusive(gating.judge_all(blind)) == [OTHER]
    by_cell = {OTHER: 0.1, SLOWED: 0.1}
    known = Evidences(plan(), noisy, OK, counted=Counted(by_cell, "instructions were counted for 1"))
    found = words(known)
    assert found[OTHER] == Word.REGRESSED
    assert found[SLOWED] == Word.EQUIVALENT, "where time decides, instructions do not"
    judged = gating.judge_all(known)
    ending = exit_code({one.cell: one.verdict for one in judged}, list(plan().cells))
    assert ending.code == 1
    (one,) = [cell for cell in gate_page.as_object(plan(), judged, ending, known)["cells"] if cell["channel"] != "time"]
    assert (one["channel"], one["instructions"]) == ("instructions", pytest.approx(exp(0.1)))


def test_what_each_call_executes_more_flags_the_small_cell_and_not_the_large_one() -> None:
    small, large = SLOWED, CELLS[5]
    noisy = [pair for cell in (small, large) for pair in pairs(cell, "screen", 8, sd=0.2, seed=1)]
    counts = [
        Count("evi", case, "rust", digest, "avx2", counted, 64, 64)
        for digest, more in (("1", 0), ("2", 2900))
        for case, counted in (("size_64x64", 5096 + more), ("size_128x128", 17384 + more))
    ]
    counted = compared(counts, BASE, HEAD, [small, large])
    known = Evidences(plan([small, large]), noisy, OK, counted=counted)
    found = {one.cell: one.verdict for one in gating.judge_all(known)}
    assert (found[small].word, found[small].channel) == (Word.REGRESSED, Channel.INSTRUCTIONS)
    assert "instructions: +4.4 % expected at this size" in found[small].reason
    assert found[large].word == Word.INCONCLUSIVE


def test_that_nothing_was_counted_is_told_everywhere() -> None:
    missing = Counted(note="instructions were not counted: valgrind is not installed")
    known = Evidences(plan(), screened(), OK, counted=missing)
    judged = gating.judge_all(known)
    ending = exit_code({one.cell: one.verdict for one in judged}, list(plan().cells))
    assert gate_page.as_object(plan(), judged, ending, known)["instructions"] == missing.note
    assert f"I{missing.note[1:]}." in gate_page.markdown(plan(), judged, ending, known)
