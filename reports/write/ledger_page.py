"""How often the gate errs, as tables: false flags, slowdowns found, coverage, beside two other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from benchmarks.gate.ledger import Entry
from reports.stats.error_rates import Rates, Share, coverage, rates

SCHEMA_VERSION = 1


def share(found: Share) -> str:
    """Return a share with its count and its exact interval, or a dash where there is nothing to count."""
    if found.share is None or found.low is None or found.high is None:
        return "–"
    return f"{_percent(found.share)} ({found.hits} of {found.of}) [{_percent(found.low)}, {_percent(found.high)}]"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def markdown(entries: Sequence[Entry]) -> str:
    """Return what the ledger says, as the block that stands in METHODOLOGY."""
    found = rates(entries)
    names = [one.rule for one in found]
    rows = [
        ["false flags, of comparisons of the same", *(share(one.false_flags) for one in found)],
        ["gates over the same with any flag", *(share(one.false_gates) for one in found)],
        *_power(found),
    ]
    table = tabulate(rows, ["", *names], tablefmt="github", disable_numparse=True)
    days = sorted({entry.when[:10] for entry in entries})
    machines = ", ".join(sorted({entry.machine for entry in entries}))
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return "\n".join([
        table,
        "",
        f"The 95 % intervals of the screens hold the change that is known to be there in {share(coverage(entries))}. "
        f"Counted on {len(entries)} comparisons of {len({entry.gate for entry in entries})} gates, {when}, on "
        f"{machines}. In brackets stand exact 95 % intervals. Written by `python -m lab ledger --splice`.",
    ])  # fmt: skip


def _power(found: Sequence[Rates]) -> list[list[str]]:
    keys = [(one.amount, one.size) for one in found[0].power]
    by_rule = [{(one.amount, one.size): one.found for one in rule.power} for rule in found]
    return [
        [f"+{100 * amount:g} % found, calls of {size}", *(share(rule[amount, size]) for rule in by_rule)]
        for amount, size in keys
    ]


def as_object(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "comparisons": len(entries),
        "gates": len({entry.gate for entry in entries}),
        "machines": sorted({entry.machine for entry in entries}),
        "coverage": asdict(coverage(entries)),
        "rules": [asdict(one) for one in rates(entries)],
    }
