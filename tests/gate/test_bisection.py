"""The search for the commit that made it slower, past those that tell nothing."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from benchmarks.gate import bisection
from benchmarks.gate.bisection import Answer, Found
from benchmarks.runs.history import Commit

COMMITS = [Commit(f"{k:040x}", "2026-01-01", f"commit {k}") for k in range(16)]


def found(culprit: int, unknown: Collection[int] = ()) -> Found:
    def ask(commit: Commit) -> Answer:
        place = COMMITS.index(commit)
        assert place != len(COMMITS) - 1, "that the last one is bad is known"
        return "unknown" if place in unknown else "bad" if place >= culprit else "good"

    return bisection.search(COMMITS, ask)


@pytest.mark.parametrize("culprit", range(16))
def test_one_of_sixteen_is_found_in_four_steps(culprit: int) -> None:
    result = found(culprit)
    assert result.suspects == (COMMITS[culprit],)
    assert len(result.asked) <= 4


@pytest.mark.parametrize("culprit", range(16))
def test_commits_that_tell_nothing_are_passed_over(culprit: int) -> None:
    unknown = [k for k in range(15) if k % 3 == 1]
    result = found(culprit, unknown)
    assert COMMITS[culprit] in result.suspects
    between = result.suspects[:-1]
    assert all(COMMITS.index(one) in unknown for one in between), "what is left beside the culprit tells nothing"


def test_where_no_commit_tells_anything_all_are_suspects() -> None:
    assert found(3, range(15)).suspects == tuple(COMMITS)


def test_a_good_commit_must_be_an_ancestor_and_something_must_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bisection.history, "commit", lambda name: Commit(name * 40, "", ""))
    monkeypatch.setattr(bisection.checkout, "git", lambda *arguments: "b" * 40 if "merge-base" in arguments else "")
    with pytest.raises(ValueError, match="good: was a, which is no ancestor of c"):
        bisection.between("a", "c")
    with pytest.raises(ValueError, match="nothing changed that is measured"):
        bisection.between("b", "c")
