"""Error rates from a ledger whose lines are known."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_ledger import AMOUNTS, CALM, compared, every_kind, waited
from synthetic_run import TWO, Writer

from benchmarks import registry
from benchmarks.environment.jsonlines import read_raw
from benchmarks.gate import ledger
from benchmarks.gate.ledger import Entry
from benchmarks.runs import planning
from lab import __main__ as door
from lab import ledger as ledger_verb
from lab import report as report_verb
from reports.stats import rules
from reports.stats.error_rates import ErrorRates, FalseFlags, Rates, error_rates
from reports.stats.verdicts import Word
from reports.write import ledger_page
from reports.write.splice import markers


def ours(entries: list[Entry]) -> Rates:
    return error_rates(entries).rules[0]


def of_kind(found: Rates, kind: str) -> FalseFlags:
    (mine,) = (one for one in found.false_flags if one.kind == kind)
    return mine


def test_false_flags_are_counted_with_their_bounds_and_by_gate() -> None:
    entries = [compared(seed=k, gate=f"gate-{k // 10}") for k in range(100)]
    entries[3] = replace(entries[3], verdict=str(Word.REGRESSED))
    entries[4] = replace(entries[4], verdict=str(Word.INCONCLUSIVE))
    entries[15] = replace(entries[15], verdict=str(Word.IMPROVED))
    found = of_kind(ours(entries), "same")
    assert (found.flagged.hits, found.slower.hits, found.flagged.of, found.slower.of) == (2, 1, 100, 100)
    assert (found.gates.hits, found.gates.of) == (2, 10)
    assert found.gates.low == pytest.approx(0.0252, abs=1e-4)
    assert found.gates.high == pytest.approx(0.5561, abs=1e-4)
    assert found.slower.low is not None
    assert found.slower.high is not None
    assert found.slower.low <= 0.00026
    assert 0.054 < found.slower.high < 0.09, "a little wider than the exact 5.4 %, as ten gates are few"


def test_false_flags_of_different_origin_are_told_apart() -> None:
    entries = every_kind()
    found = ours(entries)
    counts = {one.kind: (one.flagged.hits, one.flagged.of, one.gates.of) for one in found.false_flags}
    assert counts == {"same": (1, 20, 4), "bystander": (0, 20, 4), "relink": (0, 20, 1), "loaded": (0, 20, 1)}
    naive = error_rates(entries).rules[-1]
    assert of_kind(naive, "loaded").flagged.hits > 0, "its noise is twenty times that of the others"
    assert of_kind(naive, "same").flagged.hits == 0


def test_what_was_never_compared_dilutes_nothing_and_is_told() -> None:
    never = replace(CALM, verdict=str(Word.NOT_GATED), screen=())
    found = error_rates([*(compared(seed=k) for k in range(5)), *[never] * 95])
    assert found.comparisons == 5
    assert [of_kind(rates, "same").flagged.of for rates in found.rules] == [5, 5, 5]
    assert {(one.word, one.comparisons) for one in found.verdicts} == {("equivalent", 5), ("not-gated", 95)}


def test_what_was_put_in_is_found_where_it_is_flagged_as_slower() -> None:
    slowed = [waited(0.1, found=k == 0, seed=k) for k in range(4)]
    slowed[1] = replace(slowed[1], verdict=str(Word.IMPROVED))
    small = waited(0.1, found=True, seconds=1e-5)
    loaded = waited(0.1, found=False, beside="bandwidth")
    found = error_rates([*slowed, small, loaded])
    assert [(one.amount, one.size, one.found.hits, one.found.of) for one in found.rules[0].power] == [
        (0.1, "1 ms and more", 1, 4),
        (0.1, "below 0.1 ms", 1, 1),
    ]
    assert [one.found.of for one in found.rules[-1].power] == [4, 1]
    assert found.rules[0].false_flags == ()
    assert {(one.kind, one.comparisons) for one in found.verdicts} == {
        ("slowed", 1), ("slowed", 2), ("slowed-loaded", 1),
    }  # fmt: skip


def test_other_injections_stand_by_themselves_and_make_no_curve() -> None:
    copies = [waited(1.0, found=True, injection="strided-copy", seed=k) for k in range(3)]
    found = ours(copies)
    assert [(one.injection, one.amount, one.found.hits) for one in found.power] == [("strided-copy", 1.0, 3)]
    assert found.least == ()
    assert error_rates(copies).coverage == (), "by how much a copy slows down is not known"
    assert "strided-copy 100 %, calls of 1 ms and more" in ledger_page.markdown(error_rates(copies))


def test_the_least_that_is_mostly_found_is_told_by_size() -> None:
    found = {one.size: one for one in ours(every_kind()).least}
    assert set(found) == {"1 ms and more", "below 0.1 ms"}
    amount = found["1 ms and more"].amount
    assert amount is not None
    assert 0.02 < amount < 0.05
    assert found["1 ms and more"].largest == AMOUNTS[-1]


def test_asvs_rule_wants_both_a_factor_and_its_test() -> None:
    assert rules.asv_flags(compared(0.2)) == "slower"
    assert rules.asv_flags(compared(-0.2)) == "faster"
    assert not rules.asv_flags(compared(0.05)), "shown, but below the factor"
    assert not rules.asv_flags(compared(0.2, sd=0.8, seed=3)), "no difference in its test"
    assert rules.naive_flags(compared(0.2)) == "slower"
    assert rules.naive_flags(compared(-0.2)) == "faster"
    assert not rules.naive_flags(compared(0.05))
    assert not rules.asv_flags(replace(CALM, screen=()))


def test_coverage_is_that_of_the_intervals_of_what_is_known() -> None:
    known = [compared(seed=k, gate=f"gate-{k % 20}") for k in range(400)]
    known += [waited(0.1, found=True, seed=k, gate=f"gate-{k % 20}", seconds=2e-5) for k in range(400, 800)]
    every, large, small = error_rates(known).coverage
    assert (every.size, large.size, small.size) == ("all", "1 ms and more", "below 0.1 ms")
    assert (every.held.of, large.held.of, small.held.of) == (800, 400, 400)
    for one in (every, large, small):
        assert one.expected == pytest.approx(0.9609, abs=1e-4), "what the signed-rank interval of eight pairs attains"
        assert one.held.low is not None
        assert one.held.high is not None
        assert one.held.low < one.expected < one.held.high
    (shifted, _) = error_rates([compared(0.05, seed=k) for k in range(100)]).coverage
    assert shifted.held.hits < 5
    assert error_rates([compared(kind="relink"), compared(beside="bandwidth")]).coverage == ()


def test_a_change_is_told_as_it_was_measured() -> None:
    known = [compared(seed=k) for k in range(200)] + [waited(0.02, found=False, seed=k) for k in range(200)]
    none, two = error_rates(known).measured
    assert (none.amount, none.comparisons, two.amount, two.comparisons) == (0.0, 200, 0.02, 200)
    assert none.median == pytest.approx(0, abs=1e-3)
    assert two.median == pytest.approx(0.02, abs=1e-3)
    spread = 1.645 * 0.01 * np.sqrt(1 / 8)
    assert (two.low, two.high) == (pytest.approx(0.02 - spread, abs=2e-3), pytest.approx(0.02 + spread, abs=2e-3))


def test_an_empty_ledger_says_nothing() -> None:
    assert error_rates([]) == ErrorRates()
    assert ledger_page.sections(ErrorRates()) == []


def test_the_ledger_only_grows_and_keeps_each_comparison_once(tmp_path: Path) -> None:
    first, second = compared(seed=1), compared(seed=2, arm="numba")
    path = ledger.add([first], "machine", tmp_path)
    ledger.add([first, second], "machine", tmp_path)
    assert ledger.read(path) == [first, second] == ledger.read_all(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: -len(text) // 4], encoding="utf-8")
    assert ledger.read(path) == [first], "a line that was cut at the end is left out"
    ledger.add([second], "machine", tmp_path)
    assert ledger.read(path) == [first, second]
    path.write_text('{"gate": 1}\n' + text, encoding="utf-8")
    with pytest.raises(ValueError, match="has a line that this version"):
        ledger.read(path)


def test_a_line_of_before_loads_were_put_beside_is_read_as_one_without(tmp_path: Path) -> None:
    path = ledger.add([compared(), compared(arm="numba", beside="bandwidth")], "machine", tmp_path)
    old, new = ({name: value for name, value in raw.items() if name != "beside" or value} for raw in read_raw(path))
    assert (Entry.parse(old).beside, Entry.parse(new).beside) == ("", "bandwidth")


def test_the_block_of_the_ledger_shows_every_rule_with_counts_and_bounds() -> None:
    known = [compared(seed=k, gate=f"gate-{k // 10}") for k in range(40)]
    slow = waited(0.1, found=True)
    text = ledger_page.markdown(error_rates([*known, slow]))
    flat = " ".join(text.split())
    assert "| a wheel with itself: flagged as slower | 0 % (0 of 30) [0 %, 11.6 %] |" in flat
    assert "| left alone beside slowed ones: flagged | 0 % (0 of 10) [0 %, 30.8 %] |" in flat
    assert "| +10 %, calls of 1 ms and more | 100 % (1 of 1) [2.5 %, 100 %] |" in flat
    assert "| found four times in five, calls of 1 ms and more | above +10 % [at most +10 %, above +10 %] |" in flat
    assert "hold the true change in" in flat
    assert "at calls of 1 ms and more" in flat
    assert "41 comparisons in 4 gates of 1 commit, on 2026-01-01, on machine" in flat
    assert all(name in text for name in rules.RULES)
    found = ledger_page.as_object(error_rates([*known, slow]))
    assert (found["comparisons"], found["gates"], len(found["rules"])) == (41, 4, 3)


def test_a_ledger_of_one_kind_has_tables_of_that_alone() -> None:
    calm = error_rates([compared(seed=k) for k in range(10)])
    titles = [title for title, _ in ledger_page.sections(calm)]
    assert titles == [
        "False flags",
        "Coverage of the intervals",
        "Changes as they were measured",
        "Verdicts of the gate",
    ]
    assert "+10 %" not in ledger_page.markdown(calm)
    slow = error_rates([waited(0.1, found=True, seed=k) for k in range(10)])
    assert next(title for title, _ in ledger_page.sections(slow)) == "Slowdowns found"
    assert "a wheel with itself" not in ledger_page.markdown(slow)


def test_the_report_of_a_run_shows_what_the_ledger_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    monkeypatch.setattr(planning, "RUNS", writer.directory.parent)
    monkeypatch.setattr(planning, "ASV_RESULTS", writer.asv_results)
    monkeypatch.setattr(registry, "KERNELS", TWO)
    ledger.add(every_kind(), "machine", tmp_path / "ledger")
    monkeypatch.setattr(ledger, "read_all", lambda: ledger.read(tmp_path / "ledger" / "machine.jsonl"))
    assert door.main(["report", "--out", str(tmp_path / "out")]) == 0
    kept = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["error_rates"]
    assert kept == json.loads(json.dumps(asdict(error_rates(ledger.read_all()))))
    assert kept["comparisons"] > 0


def test_the_verb_prints_json_and_splices_the_block_into_the_paper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "paper.md"
    shutil.copy(ledger_verb.METHODOLOGY, paper)
    monkeypatch.setattr(ledger_verb, "METHODOLOGY", paper)
    monkeypatch.setattr(ledger, "read_all", every_kind)
    assert door.main(["ledger", "--splice", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rules"][0]["least"][0]["size"] == "1 ms and more"
    begin, end = markers("ledger")
    block = paper.read_text(encoding="utf-8").split(begin)[1].split(end)[0]
    assert block.strip() == ledger_page.markdown(error_rates(every_kind()))
    assert "found four times in five" in block
    assert "Nothing was calibrated yet" not in block


def test_a_report_of_a_ledger_that_cannot_be_read_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "machine.jsonl").write_text('{"gate": 1}\n', encoding="utf-8")
    monkeypatch.setattr(ledger, "read_all", lambda: ledger.read(tmp_path / "machine.jsonl"))
    found = report_verb._error_rates()
    assert "machine.jsonl has a line that this version" in found.unreadable
    assert found.comparisons == 0
    assert "left out of the report" in capsys.readouterr().err


def test_a_ledger_without_a_line_is_an_error_and_no_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "read_all", lambda: ledger.read(tmp_path / "none.jsonl"))
    assert door.main(["ledger"]) == 2
    assert "`lab calibrate` makes some" in capsys.readouterr().err
