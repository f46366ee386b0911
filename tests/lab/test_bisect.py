"""``lab bisect`` from the command line: which commit is named, what is measured for it, and what it ends with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.environment.jsonlines import append
from benchmarks.gate import affected, bisection, builds, course, instructions, plan
from benchmarks.gate.builds import Build
from benchmarks.gate.course import CONTROLS
from benchmarks.gate.lines import PAIRS, Cell, Pair, Side
from benchmarks.runs.history import Commit
from lab import __main__ as door

COMMITS = [Commit(f"{k:08x}{0:032x}", "2026-11-01", f"commit {k}") for k in range(1, 17)]
SLOW = Cell("evi", "f32_256", "numba")
CALL_S = 5e-3


@dataclass
class Past:
    """Sixteen commits: from one on a cell is slower, some do not build, and some cannot affect the kernel."""

    culprit: int = 11
    broken: tuple[int, ...] = ()
    elsewhere: tuple[int, ...] = ()
    slowdown: float = 0.10
    noise: float = 0.004
    measured: list[tuple[int, int]] = field(default_factory=list)

    def build(self, name: str) -> Build:
        number = 0 if name == "good" else int(name[:8], 16)
        if number in self.broken:
            raise OSError(f"{name[:8]} does not build: error[E0308]")
        return Build(f"{number:08x}{0:032x}", f"commit {number}", str(number), Path("/built"))

    def affected(self, _: Build, head: Build) -> dict[tuple[str, str], str]:
        return {} if int(head.digest) in self.elsewhere else {("evi", arm): "evi.py" for arm in affected.ARMS}

    def measure(self, cells: Iterable[Cell], number: int, stage: Any, folder: Path, head: Build) -> None:
        cells = list(cells)
        self.measured.append((int(head.digest), len(cells)))
        append(folder / CONTROLS, {"number": number, "stage": stage, "steal_share": 0.0})
        for cell in cells:
            rng = np.random.default_rng([number, len(stage), len(str(cell)), int(head.digest)])
            slow = cell == SLOW and stage != "same" and int(head.digest) >= self.culprit
            head_s = CALL_S * exp(self.slowdown * slow + rng.normal(0, self.noise))
            sides = Side("ok", "", (CALL_S,) * 4), Side("ok", "", (head_s,) * 4)
            append(folder / PAIRS, Pair(*cell, number, stage, 0, 1, "base", *sides, {}, 0.1))


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Past:
    made = Past()

    class Course:
        def __init__(self, folder: Path, base: Build, head: Build, seed: int, _beside: str) -> None:
            self.folder, self.head = folder, head

        def measure(self, cells: Any, numbers: Any, stage: Any, notify: Any, until: float) -> bool:
            for number in numbers:
                made.measure(cells, number, stage, self.folder, self.head)
            return True

    monkeypatch.setattr(course, "Course", Course)
    monkeypatch.setattr(instructions, "count", lambda *_: instructions.Counted())
    monkeypatch.setattr(plan, "GATES", tmp_path / "gates")
    monkeypatch.setattr(bisection, "between", lambda *_: COMMITS)
    monkeypatch.setattr(builds, "build", made.build)
    monkeypatch.setattr(affected, "affected", made.affected)
    return made


@pytest.mark.parametrize("culprit", [1, 11, 16])
def test_the_commit_that_made_it_slower_is_named(past: Past, culprit: int, capsys: pytest.CaptureFixture[str]) -> None:
    past.culprit = culprit
    assert door.main(["bisect", "evi", "good"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-2:] == [
        "It became slower with:",
        f"  {COMMITS[culprit - 1].commit[:12]} commit {culprit}",
    ]
    assert "bad: 00000010 commit 16 (regressed: evi · f32_256 · numba +10." in said


def test_a_cell_too_noisy_to_be_equivalent_is_good_where_the_slowdown_is_not_in_it(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    past.slowdown, past.noise = 0.30, 0.12
    assert door.main(["bisect", "evi", "good", "-i", "numba", "--case", "f32_256"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"  {COMMITS[10].commit[:12]} commit 11"
    assert "inconclusive" in next(line for line in said.splitlines() if line.startswith("good: "))


def test_where_half_of_the_slowdown_is_possible_a_noisy_commit_is_unknown(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    past.slowdown, past.noise = 0.30, 0.12
    measure = past.measure

    def half_as_slow(cells: Iterable[Cell], number: int, stage: Any, folder: Path, head: Build) -> None:
        past.slowdown = 0.15 if head.digest == "8" else 0.30
        past.culprit = 8
        measure(cells, number, stage, folder, head)

    past.measure = half_as_slow  # type: ignore[method-assign]
    door.main(["bisect", "evi", "good", "-i", "numba", "--case", "f32_256"])
    assert "good: 00000008" not in capsys.readouterr().out


def test_after_the_last_commit_only_the_clearest_cell_is_measured(past: Past) -> None:
    assert door.main(["bisect", "evi", "good"]) == 0
    sizes = {head: {count for one, count in past.measured if one == head} for head, _ in past.measured}
    assert max(sizes[16]) == 12
    assert all(max(counts) == 1 for head, counts in sizes.items() if head != 16)


def test_commits_that_do_not_build_or_cannot_affect_it_are_passed_over(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    past.broken, past.elsewhere = (8, 9), (10,)
    assert door.main(["bisect", "evi", "good"]) == 0
    said = capsys.readouterr().out
    assert "what changed cannot affect it" in said
    assert said.splitlines()[-1] == f"  {COMMITS[10].commit[:12]} commit 11"


def test_where_those_between_tell_nothing_all_are_named_and_it_ends_with_2(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    past.broken = (9, 10, 11)
    assert door.main(["bisect", "evi", "good"]) == 2
    said = capsys.readouterr().out
    assert "One of these made it slower" in said
    assert [line.split()[-1] for line in said.splitlines()[-4:]] == ["9", "10", "11", "12"]


def test_a_bad_commit_that_is_not_slower_is_an_error(past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    past.culprit = 17
    assert door.main(["bisect", "evi", "good"]) == 2
    assert "HEAD is not slower than good" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [(["-i", "fortran"], "implementation: was 'fortran'"), (["--case", "f32_73x64"], "f32_73x64")],
)
def test_what_cannot_be_asked_is_said_before_anything_is_built(
    past: Past, options: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "build", lambda name: pytest.fail("built"))
    assert door.main(["bisect", "evi", "good", *options]) == 2
    assert said in capsys.readouterr().err
    assert past.measured == []
