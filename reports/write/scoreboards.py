"""The scoreboard of rules that look for steps: two tables in METHODOLOGY, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from reports import words
from reports.stats.scoreboard import NEAR, Score, Scoreboard
from reports.stats.tuning import SEEDS
from reports.write import splice, tables

BLOCK = "scoreboard"


def by_kind(board: Scoreboard) -> pd.DataFrame:
    """Return a row for each kind of series: how many of its steps each rule finds, and what it invents."""
    kinds = list(dict.fromkeys(score.kind for score in board.scores))
    return pd.DataFrame(
        [
            {"series": kind} | {score.rule: _score(score) for score in board.scores if score.kind == kind}
            for kind in kinds
        ]
    )


def by_size(board: Scoreboard) -> pd.DataFrame:
    """Return a row for each size of a single step: which share of them each rule finds."""
    sizes = list(dict.fromkeys(one.size for one in board.sizes))
    return pd.DataFrame(
        [
            {"single step of": f"{100 * size:.0f} %"}
            | {one.rule: _percent(one.found, one.steps) for one in board.sizes if one.size == size}
            for size in sizes
        ]
    )


def _score(score: Score) -> str:
    false = f"{score.false / score.series:.3f} false"
    if not score.steps:
        return false
    exactly = _percent(sum(not error for error in score.errors), score.found)
    return f"{_percent(score.found, score.steps)} found, {exactly} of them exactly; {false}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else words.NONE


def block(board: Scoreboard) -> str:
    """Return what stands in METHODOLOGY."""
    first = [score for score in board.scores if score.rule == board.scores[0].rule]
    total = sum(score.series for score in first)
    calm = next(score for score in first if score.kind == "none")
    return "\n".join(
        [
            tables.markdown(by_kind(board)),
            "",
            tables.markdown(by_size(board)),
            "",
            f"*Found* is the share of the steps within {NEAR} commits of which a rule flags one; *exactly* is at the "
            "commit itself, or in a stretch of unmeasured ones that holds it. *False* is the number of other flags for "
            f"each series. Of the {calm.series} series that hold noise alone the lab's rule spoils {calm.spoilt}: with "
            f"95 % confidence it is less than {100 * calm.bound:.2g} % of them. Counted on {total} series, "
            f"{board.seeds} of each kind; the figures of the lab's rule were chosen on {len(SEEDS)} others of each "
            "kind. Written by `python -m lab flags --scoreboard --splice`.",
        ]
    )


def values(board: Scoreboard) -> dict[str, Any]:
    """Return the scoreboard as plain values."""
    return asdict(board)


def write(board: Scoreboard, paper: Path) -> None:
    """Splice the scoreboard into a paper, or raise a ValueError where it has not the two markers."""
    text = splice.splice(paper.read_text(encoding="utf-8"), block(board), BLOCK)
    paper.write_text(text, encoding="utf-8")


def frames(board: Scoreboard) -> Sequence[pd.DataFrame]:
    """Return the tables that the command shows."""
    return by_kind(board), by_size(board)
