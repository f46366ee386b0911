"""What three rules make of one comparison: this lab's gate, asv's, and a naive one, all on the same samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from statistics import median
from typing import Literal

from asv._stats import is_different

from benchmarks.gate.ledger import Entry
from reports.stats.verdicts import Word

FACTOR = 1.1
"""Between two medians, beyond which asv and a naive rule say that something changed."""

Direction = Literal["slower", "faster", ""]
Rule = Callable[[Entry], Direction]


def lab_flags(entry: Entry) -> Direction:
    """Return what this lab's gate said that head became."""
    said: Mapping[str, Direction] = {Word.REGRESSED: "slower", Word.IMPROVED: "faster"}
    return said.get(entry.verdict, "")


def asv_flags(entry: Entry) -> Direction:
    """Return what asv would say that head became: its own test on the samples of both sides, and the factor."""
    found = naive_flags(entry)
    base, head = sides(entry)
    return found if found and is_different(base, head, None, None) else ""


def naive_flags(entry: Entry) -> Direction:
    """Return what head became where the medians of both sides differ by the factor."""
    base, head = sides(entry)
    change = log(median(head) / median(base)) if base else 0.0
    if abs(change) <= log(FACTOR):
        return ""
    return "slower" if change > 0 else "faster"


def sides(entry: Entry) -> tuple[list[float], list[float]]:
    """Return the seconds of base and of head, over all pairs that count."""
    return [base for base, _ in entry.pairs], [head for _, head in entry.pairs]


GATE = "this gate"
RULES: Mapping[str, Rule] = {GATE: lab_flags, "asv's rule": asv_flags, "10 % between medians": naive_flags}
