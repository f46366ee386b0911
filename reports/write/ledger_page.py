"""How often the gate errs, as tables: false flags, slowdowns found, coverage, beside two other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from reports import words
from reports.stats.error_rates import WAIT, ErrorRates, Kind, Rates
from reports.stats.found import Least
from reports.stats.shares import Share
from reports.write import tables

SCHEMA_VERSION = 2
KINDS: dict[Kind, str] = {
    "same": "a wheel with itself",
    "bystander": "left alone beside slowed ones",
    "relink": "another link of the same code",
    "loaded": "with a load beside it",
    "slowed": "slowed down",
    "slowed-loaded": "slowed down, with a load beside it",
}
EMPTY = (
    "No error rate of the gate is known yet: `python -m lab calibrate` compares what is known to be the same and what "
    "was slowed down on purpose, and keeps what the gate says of it."
)
NOTE = (
    "In brackets stand 95 % intervals: exact ones of binomial shares (Clopper and Pearson), widened where comparisons "
    "of one gate err together (Korn and Graubard). Where nothing was flagged, the row of the gates is the safer bound. "
    "asv's rule is its own test of the samples with a factor of 1.1 between medians; the last column is that factor "
    "alone. Both judge the samples that the gate took."
)
LEAST = (
    "“Found four times in five” is read between the amounts that were tried, from median-unbiased shares that rise "
    "with the amount."
)


def share(found: Share) -> str:
    """Return a share with its count and its interval, or a dash where there is nothing to count."""
    if found.share is None or found.low is None or found.high is None:
        return words.NONE
    return f"{_percent(found.share)} ({found.hits} of {found.of}) [{_percent(found.low)}, {_percent(found.high)}]"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %" if value > 1e-5 else "0 %"


def _change(value: float) -> str:
    return f"{100 * value:+.2g} %"


def facts(errors: ErrorRates) -> str:
    """Return how much was compared, when and where, in a sentence."""
    when = f"on {errors.first}" if errors.first == errors.last else f"from {errors.first} to {errors.last}"
    counted = [words.count(errors.comparisons, "comparison"), words.count(errors.gates, "gate")]
    commits = words.count(errors.commits, "commit")
    return f"Counted on {counted[0]} in {counted[1]} of {commits}, {when}, on {', '.join(errors.machines)}."


def false_flags(errors: ErrorRates) -> pd.DataFrame:
    """Return rows for each kind of comparisons of what is the same, with a column for each rule."""
    kinds = [KINDS[one.kind] for one in _first(errors).false_flags]
    said = [f"{kind}: {what}" for kind in kinds for what in ("flagged", "flagged as slower", "gates with a flag")]
    counted = [
        [share(one) for kind in rule.false_flags for one in (kind.flagged, kind.slower, kind.gates)]
        for rule in errors.rules
    ]
    return _by_rule("of what is the same", errors, said, counted)


def power(errors: ErrorRates) -> pd.DataFrame:
    """Return rows for each slowdown by amount and size of a call, then what is found mostly, a column for each rule."""
    found = [[*(share(one.found) for one in rule.power), *map(amount, rule.least)] for rule in errors.rules]
    said = [f"{_put_in(one.injection, one.amount)}, calls {_of(one.size)}" for one in _first(errors).power]
    said += [f"found four times in five, calls {_of(one.size)}" for one in _first(errors).least]
    return _by_rule("of what was slowed down", errors, said, found)


def _first(errors: ErrorRates) -> Rates:
    return errors.rules[0] if errors.rules else Rates("", (), (), ())


def _by_rule(heading: str, errors: ErrorRates, said: Sequence[str], columns: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return a frame with what is said in the first column, and a column for each rule."""
    of_rules = {rule.rule: column for rule, column in zip(errors.rules, columns, strict=True)}
    return pd.DataFrame({heading: said, **of_rules})


def _of(size: str) -> str:
    return size if size.startswith("below") else f"of {size}"


def _put_in(injection: str, amount: float) -> str:
    return _change(amount) if injection == WAIT else f"{injection} {100 * amount:g} %"


def amount(least: Least) -> str:
    """Return the least slowdown that is found mostly, with its interval."""

    def end(value: float | None) -> str:
        if value is None:
            return f"above {_change(least.largest)}"
        return _change(value) if value else f"at most {_change(least.smallest)}"

    return f"{end(least.amount)} [{end(least.low)}, {end(least.high)}]"


def coverage(errors: ErrorRates) -> pd.DataFrame:
    """Return how many intervals of the screens held the truth, and how many should, by size of a call."""
    return pd.DataFrame(
        [
            {
                "calls": one.size if one.size == "all" else _of(one.size),
                "95 % intervals that hold the true change": share(one.held),
                "should be": words.NONE if one.expected is None else _percent(one.expected),
            }
            for one in errors.coverage
        ]
    )


def measured(errors: ErrorRates) -> pd.DataFrame:
    """Return as how much a change was measured, by its true amount."""
    return pd.DataFrame(
        [
            {
                "true change": f"{100 * one.amount:+g} %" if one.amount else "none",
                "comparisons": one.comparisons,
                "measured, in the middle": _signed(one.median),
                "nine of ten between": f"{_signed(one.low)} and {_signed(one.high)}",
            }
            for one in errors.measured
        ]
    )


def _signed(value: float) -> str:
    return f"{100 * value:+.1f} %"


def verdicts(errors: ErrorRates) -> pd.DataFrame:
    """Return how many comparisons of each kind got which verdict of the gate."""
    said = list(dict.fromkeys(sorted(one.word for one in errors.verdicts)))
    counts = {(one.kind, one.word): one.comparisons for one in errors.verdicts}
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in errors.verdicts)]
    rows = [[KINDS[kind], *(str(counts.get((kind, word), 0)) for word in said)] for kind in kinds]
    return pd.DataFrame(rows, columns=["verdicts of the gate", *said])


def sections(errors: ErrorRates) -> list[tuple[str, pd.DataFrame]]:
    """Return the tables that have rows, with their titles, in the order of the page."""
    found = {
        "False flags": false_flags(errors),
        "Slowdowns found": power(errors),
        "Coverage of the intervals": coverage(errors),
        "Changes as they were measured": measured(errors),
        "Verdicts of the gate": verdicts(errors),
    }
    return [(title, table) for title, table in found.items() if not table.empty]


def markdown(errors: ErrorRates) -> str:
    """Return what the ledger says, as the block that stands in METHODOLOGY."""
    by_size = [f"{share(one.held)} at calls {_of(one.size)}" for one in errors.coverage if one.size != "all"]
    held = [share(one.held) for one in errors.coverage[:1]]
    parts = [tables.markdown(one) for one in (false_flags(errors), power(errors)) if not one.empty]
    said = f"{facts(errors)} {NOTE} {LEAST}"
    if held:
        said += f" The 95 % intervals of the screens hold the true change in {held[0]}: {'; '.join(by_size)}."
    return "\n\n".join([*parts, f"{said} Written by `python -m lab ledger --splice`."])


def as_object(errors: ErrorRates) -> dict[str, Any]:
    """Return the same for programs."""
    return {"schema_version": SCHEMA_VERSION, **asdict(errors)}
