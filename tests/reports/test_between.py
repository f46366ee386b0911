"""From the rows of two runs to what changed: orientation, pairing, groups, statuses, and five thousand cells."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reports.read.rows import NOT_MEASURED, PlannedCell, Row, Run
from reports.stats.between import CellChange, Changes, Side, changes
from reports.stats.comparison import compare
from reports.write import comparison as written

ARMS = ("numpy", "numpy_naive", "numba", "rust", "numexpr")
SLOWER, FASTER = 1.25, 0.8


def row(arm: str, case: str = "case", kernel: str = "k", **rest: Any) -> Row:
    known: dict[str, Any] = {
        "dtype": "float32", "threads": 1, "commit": "c" * 40, "machine": "here", "group": "call", "status": "ok",
        "reason": "", "samples_s": {}, "shape": (8, 8), "measured_shape": (8, 8), "input_bytes": 1, "output_bytes": 1,
    }  # fmt: skip
    return Row(kernel=kernel, implementation=arm, case=case, **(known | rest))


def run(name: str, rows: list[Row], machine: str = "here") -> Run:
    plan = dict.fromkeys(PlannedCell(r.kernel, r.case, r.implementation) for r in rows if r.implementation != "wall")
    return Run(name, "2026-11-28T10:00:00", "c" * 40, "core", machine, 6, "", tuple(plan), tuple(rows))


def times(*seconds: float) -> dict[int, float]:
    return dict(enumerate(seconds))


def around(centre: float, seed: int, spread: float = 0.01, n: int = 6) -> dict[int, float]:
    return dict(enumerate((centre * np.exp(np.random.default_rng(seed).normal(0, spread, n))).tolist()))


def only(found: Changes) -> CellChange:
    (cell,) = found.cells
    return cell


@pytest.mark.parametrize(("factor", "word"), [(SLOWER, "slower"), (FASTER, "faster"), (1.0, "no difference shown")])
def test_more_than_one_is_slower(factor: float, word: str) -> None:
    base, head = (run(n, [row("rust", samples_s=around(c, s))]) for n, c, s in (("a", 1, 1), ("b", factor, 2)))
    cell = only(changes(Side(base), Side(head)))
    assert cell.word == word
    assert cell.change == pytest.approx(factor, rel=0.02)
    assert cell.head / cell.base == pytest.approx(factor, rel=0.02)
    back = only(changes(Side(head), Side(base)))
    assert back.change == pytest.approx(1 / cell.change)
    assert back.size == pytest.approx(cell.size)


def test_two_implementations_of_one_run_pair_by_process() -> None:
    """Each process has a phase of its own, far wider than the difference, which only pairs can show."""
    phases = [1.0, 1.7, 0.8, 2.4, 1.1, 3.0]
    rows = [row("numba", samples_s=times(*phases)), row("rust", samples_s=times(*(1.1 * p for p in phases)))]
    one = run("a", rows)
    found = changes(Side(one, "numba"), Side(one, "rust"))
    assert found.paired
    cell = only(found)
    assert (cell.word, cell.implementation) == ("slower", "")
    assert cell.change == pytest.approx(1.1)
    apart = changes(Side(one, "numba"), Side(run("b", rows), "rust"))
    assert not apart.paired
    assert only(apart).word == "no difference shown"


def test_ratios_survive_a_machine_that_is_twice_as_slow() -> None:
    def machine(name: str, speed: float, rust: float, seed: int) -> Run:
        numpy = around(10 * speed, seed, 0.2)
        mine = {p: rust * t / 10 for p, t in numpy.items()}
        return run(name, [row("numpy", samples_s=numpy), row("rust", samples_s=mine)], name)

    base, head = machine("here", 1.0, 2.0, 1), machine("there", 2.0, 2.5, 2)
    assert {c.implementation: c.word for c in changes(Side(base), Side(head)).cells}["rust"] == "slower"
    cell = only(changes(Side(base), Side(head), relative=True))
    assert (cell.implementation, cell.base, cell.head) == ("rust", pytest.approx(0.2), pytest.approx(0.25))
    assert cell.change == pytest.approx(1.25)
    assert compare(Side(base), Side(head), ("a", "b")).relative
    assert not compare(Side(base, "numpy"), Side(head, "numpy"), ("a", "b")).relative
    with pytest.raises(ValueError, match=r"ratios: they are against numpy itself"):
        changes(Side(base, "numpy"), Side(head, "numpy"), relative=True)


def test_a_cropped_cell_is_compared_on_the_crop_and_only_of_one_shape() -> None:
    def cropped(name: str, side: int) -> Run:
        notice = row("numpy", status="skipped", reason="cropped: too slow")
        small = row("numpy", group="crop", samples_s=around(1, 3), measured_shape=(side, side))
        return run(name, [notice, small])

    found = changes(Side(cropped("a", 4)), Side(cropped("b", 4)))
    assert only(found).cropped
    other = changes(Side(cropped("a", 4)), Side(cropped("b", 2)))
    assert (other.cells, [c.implementation for c in other.without]) == ((), ["numpy"])


def test_statuses_and_cells_of_one_side_are_told_apart() -> None:
    failed: Mapping[str, Any] = {"status": "failed", "reason": "process 0: wrong"}
    absent: Mapping[str, Any] = {"status": "skipped", "reason": "not installed"}
    lost: Mapping[str, Any] = {"status": "failed", "reason": NOT_MEASURED}
    fine: Mapping[str, Any] = {"samples_s": around(1, 1)}
    base = run("a", [row("numpy", **fine), row("rust", **fine), row("numba", **absent), row("numexpr", **absent),
                     row("numpy_naive", **fine), row("numpy", "old", **fine)])  # fmt: skip
    head = run("b", [row("numpy", **fine), row("rust", **failed), row("numba", **fine), row("numexpr", **absent),
                     row("numpy_naive", **lost), row("numpy", "new", **fine)])  # fmt: skip
    found = changes(Side(base), Side(head))
    assert only(found).implementation == "numpy"
    said = {s.implementation: (s.base, s.head, s.reason) for s in found.statuses}
    assert said == {"rust": ("ok", "failed", "process 0: wrong"), "numba": ("skipped", "ok", "not installed")}
    assert [(c.case, c.implementation) for c in found.only_base] == [("case", "numpy_naive"), ("old", "numpy")]
    assert [(c.case, c.implementation) for c in found.only_head] == [("new", "numpy")]
    assert [c.implementation for c in found.without] == ["numexpr"]


def test_a_failure_on_the_crop_is_the_cells() -> None:
    good = [row("rust", samples_s=around(1, 1)), row("rust", group="crop", samples_s=around(1, 1))]
    bad = [good[0], replace(good[1], status="failed", reason="wrong", samples_s={})]
    (found,) = changes(Side(run("a", good)), Side(run("b", bad))).statuses
    assert (found.base, found.head) == ("ok", "failed")


def test_the_wall_says_how_the_machine_moved() -> None:
    rust = row("rust", samples_s=around(1, 1))
    base = run("a", [rust, *(row("wall", case, samples_s=times(1.0)) for case in "xyz")])
    head = run(
        "b", [rust, *(row("wall", case, samples_s=times(t)) for case, t in zip("xyz", (1.1, 1.2, 0.9), strict=True))]
    )
    control = changes(Side(base), Side(head)).control
    assert control is not None
    assert (control.cases, control.change, control.least, control.most) == (3, 1.1, 0.9, 1.2)


def test_what_cannot_be_compared_is_refused_with_the_reason() -> None:
    one, other = run("a", [row("rust", samples_s=around(1, 1))]), run("b", [row("rust", "x", samples_s=around(1, 1))])
    for base, head, why in (
        (Side(one), Side(one), "both are a"),
        (Side(one, "rust"), Side(one), "the other does not"),
        (Side(one), Side(other), "no cell in common; A, a, has k, and B, b, has k"),
    ):
        with pytest.raises(ValueError, match=why):
            changes(base, head)


def test_five_thousand_cells_are_right_and_quickly_done() -> None:
    """Every tenth cell is slower by a quarter and every tenth faster by a fifth; all others stay."""
    factors = {
        (c, arm): (SLOWER, FASTER)[c % 2] if (c + k) % 5 == 0 else 1.0
        for c in range(1000)
        for k, arm in enumerate(ARMS)
    }

    def synthetic(name: str, seed: int, *, moved: bool) -> Run:
        def scale(case: int, arm: str) -> float:
            return factors[case, arm] if moved else 1.0

        logs = np.random.default_rng(seed).normal(0, 0.01, (1000, len(ARMS), 6))
        rows = [
            row(arm, f"case{c}", f"k{c % 11}", samples_s=times(*(np.exp(logs[c, k]) * scale(c, arm)).tolist()))
            for c in range(1000)
            for k, arm in enumerate(ARMS)
        ]  # fmt: skip
        return run(name, rows)

    base, head = synthetic("a", 1, moved=False), synthetic("b", 2, moved=True)
    start = time.perf_counter()
    found = compare(Side(base), Side(head), ("a", "b"))
    tables = written.sections(found)
    assert time.perf_counter() - start < 10
    known = {
        (int(c.case.removeprefix("case")), c.implementation): c
        for c in compare(Side(base), Side(head), ("a", "b"), every=True).cells
    }
    assert len(known) == 5000
    for key, factor in factors.items():
        assert known[key].change == pytest.approx(factor, rel=0.04)
        assert factor == 1 or known[key].word == ("slower" if factor > 1 else "faster")
    false = sum(known[key].word != "no difference shown" for key, factor in factors.items() if factor == 1)
    assert false / 4000 == pytest.approx(1 - 0.9589, abs=0.015)
    counts = found.counts
    assert (counts.slower + counts.faster, counts.no_difference_shown) == (1000 + false, 4000 - false)
    assert len(found.cells) == 1000 + false
    assert [cell.size for cell in found.cells] == sorted((cell.size for cell in found.cells), reverse=True)
    assert [len(table.rows) for table in tables[1:]] == [counts.slower, counts.faster]
