"""Error rates from a ledger whose lines are known."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gate import ledger
from benchmarks.gate.ledger import Entry
from lab import __main__ as door
from reports.stats import error_rates
from reports.stats.verdicts import Word
from reports.write import ledger_page

CALM = Entry(
    "gate-0", "2026-01-01", "machine", "a" * 40, "d", "same", "", 0.0, "evi", "f32_256", "rust", 0, 4,
    str(Word.EQUIVALENT), ((1e-3, 1e-3),) * 8, (), 0,
)  # fmt: skip


def entry(change: float = 0.0, sd: float = 0.01, seed: int = 0, **fields: object) -> Entry:
    rng = np.random.default_rng(seed)
    times = tuple((2e-3, 2e-3 * exp(change + rng.normal(0, sd))) for _ in range(8))
    return replace(CALM, screen=times, **fields)  # type: ignore[arg-type]


def test_false_flags_are_counted_with_their_bounds_and_by_gate() -> None:
    entries = [entry(seed=k, gate=f"gate-{k // 10}") for k in range(100)]
    entries[3] = replace(entries[3], verdict=str(Word.REGRESSED))
    entries[4] = replace(entries[4], verdict=str(Word.INCONCLUSIVE))
    ours, *_ = error_rates.rates(entries)
    assert (ours.false_flags.hits, ours.false_flags.of) == (1, 100)
    assert ours.false_flags.low == pytest.approx(0.00025, abs=1e-4)
    assert ours.false_flags.high == pytest.approx(0.0545, abs=1e-3)
    assert (ours.false_gates.hits, ours.false_gates.of) == (1, 10)


def test_what_was_put_in_is_found_by_amount_and_size_where_it_is_flagged_as_slower() -> None:
    slowed = [entry(0.1, kind="injected", injection="spin", amount=0.105, seed=k) for k in range(4)]
    slowed[0] = replace(slowed[0], verdict=str(Word.REGRESSED))
    slowed[1] = replace(slowed[1], verdict=str(Word.IMPROVED))
    small = replace(slowed[0], screen=tuple((1e-5, 2e-5) for _ in range(8)))
    ours, _, naive = error_rates.rates([*slowed, small])
    assert [(one.size, one.found.hits, one.found.of) for one in ours.power] == [
        ("1 ms and more", 2, 4),
        ("below 0.1 ms", 1, 1),
    ]
    assert [one.found.of for one in naive.power] == [4, 1]
    assert ours.false_flags.of == 0
    assert ours.false_flags.share is None


def test_asvs_rule_wants_both_a_factor_and_its_test() -> None:
    assert error_rates.asv_flags(entry(0.2))
    assert not error_rates.asv_flags(entry(0.05)), "shown, but below the factor"
    assert not error_rates.asv_flags(entry(0.2, sd=0.8, seed=3)), "no difference in its test"
    assert error_rates.naive_flags(entry(0.2))
    assert not error_rates.naive_flags(entry(0.05))
    assert not error_rates.asv_flags(replace(CALM, screen=()))


def test_coverage_is_that_of_the_intervals_of_what_is_known() -> None:
    known = [entry(seed=k) for k in range(400)]
    known += [entry(np.log1p(0.1), kind="injected", injection="spin", amount=0.1, seed=k) for k in range(400, 800)]
    found = error_rates.coverage(known)
    assert found.of == 800
    assert 0.93 < found.hits / found.of < 0.98
    shifted = [entry(0.05, seed=k) for k in range(100)]
    assert error_rates.coverage(shifted).hits < 5
    assert error_rates.coverage([entry(kind="injected", injection="lost-out", amount=1.0)]).of == 0
    assert error_rates.coverage([entry(kind="relink")]).of == 0


def test_the_ledger_only_grows_and_keeps_each_comparison_once(tmp_path: Path) -> None:
    first, second = entry(seed=1), entry(seed=2, arm="numba")
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


def test_the_page_of_the_ledger_shows_every_rule_with_counts_and_bounds() -> None:
    known = [entry(seed=k, gate=f"gate-{k // 10}") for k in range(40)]
    slow = replace(entry(0.1, kind="injected", injection="spin", amount=0.1), verdict=str(Word.REGRESSED))
    text = ledger_page.markdown([*known, slow])
    assert "| false flags, of comparisons of the same | 0 % (0 of 40) [0 %, 8.81 %]" in " ".join(text.split())
    assert "+10 % found, calls of 1 ms and more" in text
    assert all(name in text for name in error_rates.RULES)
    found = ledger_page.as_object([*known, slow])
    assert (found["comparisons"], found["gates"], len(found["rules"])) == (41, 4, 3)


def test_a_ledger_without_a_line_is_an_error_and_no_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "read_all", lambda: ledger.read(tmp_path / "none.jsonl"))
    assert door.main(["ledger"]) == 2
    assert "`lab calibrate` makes some" in capsys.readouterr().err
