"""The gate's second opinion: orientation, what cannot be compared, and what is told where nothing is counted."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import pytest

from benchmarks.counting import counter
from benchmarks.counting.counts import Count
from benchmarks.gate import instructions
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell

BASE = Build("a" * 40, "before", "1", Path("/base"))
HEAD = Build("b" * 40, "after", "2", Path("/head"))
ONE = Count("evi", "size_128x128", "rust", "1", "avx2", 1000, 64, 64)
CELLS = [Cell("evi", case, "rust") for case in ("f32_256", "f32_2048_out")]


def after(**changes: object) -> Count:
    return replace(ONE, digest="2", **changes)  # type: ignore[arg-type]


def test_more_instructions_in_head_are_above_zero() -> None:
    assert instructions.log_instructions(ONE, after(instructions=1100)) == pytest.approx(log(1.1))
    assert instructions.log_instructions(after(instructions=1100), ONE) == pytest.approx(-log(1.1))


@pytest.mark.parametrize(
    "head",
    [
        after(simd="baseline"),
        after(case="size_64x64"),
        after(instructions="excluded: separate processes counted 1 and 2"),
    ],
)
def test_what_was_counted_otherwise_is_not_compared(head: Count) -> None:
    assert instructions.log_instructions(ONE, head) is None
    found = instructions.compared([ONE, head], BASE, HEAD, [("evi", "rust")])
    assert found.logs == {}
    assert "0 of the 1 implementations" in found.note
    assert "evi rust (" in found.note


@pytest.mark.parametrize(("head_bytes", "told"), [(96, {("evi", "rust"): 1.5}), ("excluded: it varies", {})])
def test_allocated_bytes_are_told_beside(head_bytes: int | str, told: dict[tuple[str, str], float]) -> None:
    found = instructions.compared([ONE, after(allocated_bytes=head_bytes)], BASE, HEAD, [("evi", "rust")])
    assert found.allocated == told
    assert found.logs == {("evi", "rust"): 0.0}


def test_a_count_of_one_side_alone_is_not_compared() -> None:
    found = instructions.compared([ONE], BASE, HEAD, [("evi", "rust")])
    assert (found.logs, found.allocated) == ({}, {})
    assert "head: not counted" in found.note


def test_a_wheel_that_says_no_path_is_not_compared() -> None:
    assert instructions.log_instructions(replace(ONE, simd=""), after(simd="")) is None


def test_each_implementation_is_counted_once_a_wheel_and_not_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, list[tuple[str, str]], Path | None]] = []

    def count(subjects: list[tuple[str, str]], digest: str, package: Path | None = None) -> list[Count]:
        asked.append((digest, subjects, package))
        return [replace(ONE, digest=digest, instructions=1000 if digest == "1" else 1500)]

    monkeypatch.setattr(counter, "missing", str)
    monkeypatch.setattr(counter, "count", count)
    first = instructions.count(CELLS, BASE, HEAD, tmp_path)
    assert asked == [("1", [("evi", "rust")], BASE.folder), ("2", [("evi", "rust")], HEAD.folder)]
    assert first.logs == {("evi", "rust"): pytest.approx(log(1.5))}
    assert first.allocated == {("evi", "rust"): 1.0}
    assert instructions.count(CELLS, BASE, HEAD, tmp_path) == first
    assert len(asked) == 2


def test_without_valgrind_that_is_what_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = instructions.count(CELLS, BASE, HEAD, tmp_path)
    assert found == instructions.Counted(note="instructions were not counted: valgrind is not installed")
    assert instructions.count([], BASE, HEAD, tmp_path).note == instructions.NOT_NEEDED
