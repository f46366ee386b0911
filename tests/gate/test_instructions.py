"""The gate's second opinion: what is expected on a cell, what is not compared, what is told if nothing is counted."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import pytest

from benchmarks.counting import counter
from benchmarks.counting.counts import Count, Subject
from benchmarks.gate import instructions
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell

BASE = Build("a" * 40, "before", "1", Path("/base"))
HEAD = Build("b" * 40, "after", "2", Path("/head"))
ONE = Count("evi", "size_128x128", "rust", "1", "avx2", 1000, 64, 64)
CELLS = [Cell("evi", case, "rust") for case in ("f32_256", "f32_2048_out")]


EXCLUDED = "excluded: separate processes counted 1 and 2"


def counts(base: tuple[int | str, int | str], head: tuple[int | str, int | str]) -> list[Count]:
    """Return the counts of both wheels on the lesser and on the larger case."""
    return [
        replace(ONE, digest=digest, case=case, instructions=instructions)
        for digest, side in (("1", base), ("2", head))
        for case, instructions in zip(("size_64x64", "size_128x128"), side, strict=True)
    ]


def changes(base: tuple[int | str, int | str], head: tuple[int | str, int | str]) -> list[float]:
    """Return head ÷ base as expected on 256², and on 2048²."""
    logs = instructions.compared(counts(base, head), BASE, HEAD, CELLS).logs
    assert set(logs) == set(CELLS)
    return [exp(logs[cell]) for cell in CELLS]


def test_the_rise_from_the_lesser_to_the_larger_case_goes_on() -> None:
    # 4,096 values take 5,096 and 16,384 take 17,384: one each, and 1,000 for the call
    assert instructions.expected((4096, 5096), (16384, 17384), 65536) == 66536
    assert instructions.expected((4096, 5096), (16384, 17384), 4096) == 5096
    assert instructions.expected((4096, 5096), (16384, 5096), 65536) is None, "no rise"
    assert instructions.expected((4096, 0), (16384, 24576), 2048) is None, "nothing would be left"


def test_more_instructions_in_head_are_above_one() -> None:
    assert changes((4096, 16384), (8192, 32768)) == pytest.approx([2, 2])
    assert changes((8192, 32768), (4096, 16384)) == pytest.approx([0.5, 0.5])


def test_what_a_call_costs_more_is_much_on_a_small_cell_and_nothing_on_a_large_one() -> None:
    small, large = changes((5096, 17384), (7996, 20284))  # 2,900 more in each call
    assert small == pytest.approx(69436 / 66536)
    assert large == pytest.approx(4198204 / 4195304)
    assert small > 1.04
    assert large < 1.001


def test_what_each_value_costs_more_grows_with_the_cell() -> None:
    small, large = changes((14096, 26384), (14608, 28432))  # 10,000 for the call, and for each value 1, or 1.125
    assert small == pytest.approx(83728 / 75536)
    assert large == pytest.approx(4728592 / 4204304)
    assert 28432 / 26384 < small < large < 1.125


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ((4096, 1000), (EXCLUDED, 1100)),
        ((EXCLUDED, 1000), (400, 1100)),
        ((400, 1000), (1100, 1100)),
        ((1200, 1000), (400, 1100)),
    ],
)
def test_without_a_rise_on_both_sides_the_larger_case_stands_for_every_size(
    base: tuple[int | str, int | str], head: tuple[int | str, int | str]
) -> None:
    assert changes(base, head) == pytest.approx([1.1, 1.1])
    note = instructions.compared(counts(base, head), BASE, HEAD, CELLS).note
    assert note.endswith("for evi rust on one small case alone, whose change stands for every size")
    assert "alone" not in instructions.compared(counts((1, 2), (1, 2)), BASE, HEAD, CELLS).note


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"simd": "baseline"}, "base was counted with avx2, head with baseline"),
        ({"instructions": EXCLUDED}, f"head: {EXCLUDED}"),
        ({"case": "size_8x8"}, "head: not counted"),
    ],
)
def test_what_was_counted_otherwise_is_not_compared(changed: dict[str, Any], why: str) -> None:
    both = counts((400, 1000), (400, 1100))
    found = instructions.compared([*both[:3], replace(both[3], **changed)], BASE, HEAD, CELLS)
    assert found.logs == {}
    assert f"0 of the 1 implementations that time leaves undecided, not for evi rust ({why})" in found.note


def test_a_lesser_case_on_another_path_is_left_out() -> None:
    lesser, larger, *head = counts((400, 1000), (400, 1100))
    found = instructions.compared([replace(lesser, simd="baseline"), larger, *head], BASE, HEAD, CELLS)
    assert found.logs == dict.fromkeys(CELLS, pytest.approx(log(1.1)))


@pytest.mark.parametrize(("head_bytes", "told"), [(96, {("evi", "rust"): 1.5}), ("excluded: it varies", {})])
def test_allocated_bytes_are_told_beside(head_bytes: int | str, told: dict[tuple[str, str], float]) -> None:
    *rest, last = counts((400, 1000), (400, 1000))
    found = instructions.compared([*rest, replace(last, allocated_bytes=head_bytes)], BASE, HEAD, CELLS)
    assert found.allocated == told
    assert found.logs == dict.fromkeys(CELLS, 0.0)


def test_a_count_of_one_side_alone_is_not_compared() -> None:
    found = instructions.compared([ONE], BASE, HEAD, CELLS)
    assert (found.logs, found.allocated) == ({}, {})
    assert "head: not counted" in found.note


def test_a_wheel_that_says_no_path_is_not_compared() -> None:
    known = [replace(one, simd="") for one in counts((400, 1000), (400, 1000))]
    assert instructions.compared(known, BASE, HEAD, CELLS).logs == {}


def test_each_case_is_counted_once_a_wheel_and_not_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, list[Subject], Path | None]] = []

    def count(subjects: list[Subject], digest: str, package: Path | None = None) -> list[Count]:
        asked.append((digest, subjects, package))
        times = {"1": 1000, "2": 1500}[digest]
        return [
            replace(ONE, digest=digest, case=case, instructions=times * (4 if case == "size_128x128" else 1))
            for _, _, case in subjects
        ]

    monkeypatch.setattr(counter, "missing", str)
    monkeypatch.setattr(counter, "count", count)
    both = [("evi", "rust", "size_128x128"), ("evi", "rust", "size_64x64")]
    first = instructions.count(CELLS, BASE, HEAD, tmp_path)
    assert asked == [("1", both, BASE.folder), ("2", both, HEAD.folder)]
    assert first.logs == dict.fromkeys(CELLS, pytest.approx(log(1.5)))
    assert first.allocated == {("evi", "rust"): 1.0}
    assert instructions.count(CELLS, BASE, HEAD, tmp_path) == first
    assert len(asked) == 2


def test_without_valgrind_that_is_what_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = instructions.count(CELLS, BASE, HEAD, tmp_path)
    assert found == instructions.Counted(note="instructions were not counted: valgrind is not installed")
    assert instructions.count([], BASE, HEAD, tmp_path).note == instructions.NOT_NEEDED
