"""Which commit made it slower: a search that halves what is left, past commits that tell nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.environment import checkout
from benchmarks.runs import history
from benchmarks.runs.history import Commit

Answer = Literal["good", "bad", "unknown"]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    suspects
        The commits of which one made it slower, oldest first: one, or several where those between tell nothing.
    asked
        Commit → what it answered.
    """

    suspects: tuple[Commit, ...]
    asked: dict[str, Answer]


def between(good: str, bad: str) -> list[Commit]:
    """Return the commits after a good one up to a bad one that changed what is measured, the oldest first.

    Raises
    ------
    ValueError
        Where the good one is no ancestor of the bad one, or nothing that is measured changed between them.
    """
    first, last = history.commit(good), history.commit(bad)
    if checkout.git("merge-base", first.commit, last.commit).strip() != first.commit:
        raise ValueError(f"good: was {good}, which is no ancestor of {bad}")
    said = checkout.git(
        "log", "--first-parent", "--reverse", "--format=%H", f"{first.commit}..{last.commit}", "--", *checkout.MEASURED
    )
    found = [history.commit(name) for name in said.split()]
    if not found:
        raise ValueError(f"bad: was {bad}, and from {good} to it nothing changed that is measured")
    return found


def search(commits: Sequence[Commit], ask: Callable[[Commit], Answer]) -> Found:
    """Return which of the commits made it slower.

    Parameters
    ----------
    commits
        Oldest first; what is before the first is good, and the last is bad.
    ask
        Tells of a commit whether it is still good; it may not know, as of one that does not build.
    """
    asked: dict[str, Answer] = {}
    low, high = -1, len(commits) - 1  # the last that is known to be good, and the first that is known to be bad
    while True:
        open_ones = [place for place in range(low + 1, high) if asked.get(commits[place].commit) != "unknown"]
        if not open_ones:
            return Found(tuple(commits[low + 1 : high + 1]), asked)
        middle = min(open_ones, key=lambda place: abs(place - (low + high) / 2))
        answer = ask(commits[middle])
        asked[commits[middle].commit] = answer
        if answer == "good":
            low = middle
        elif answer == "bad":
            high = middle
