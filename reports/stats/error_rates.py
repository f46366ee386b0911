"""How often the gate errs, from the ledger: false flags, what is overlooked, and whether its intervals hold the truth.

Two other rules judge the same comparisons. A false flag is of another kind where another link of the same code makes
it, where the cell stood untouched beside others that were slowed down (then chance has more to choose from), and where
a load was put beside the gate on purpose. These are counted apart. What was never compared counts nowhere.

Comparisons of one gate share its minutes. So intervals take the gate as the unit (`reports.stats.shares`), and the
share of gates in which anything was flagged is told as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from statistics import fmean, median
from typing import Literal

import numpy as np

from benchmarks.gate.ledger import Entry
from reports.stats import sizes
from reports.stats.found import Least, least
from reports.stats.rules import RULES, Rule, sides
from reports.stats.shares import Share
from reports.stats.speedup import Interval, location

WAIT = "spin"
"""What is put in to slow a call down by exactly the amount; what else can be put in does what it does."""

Kind = Literal["same", "bystander", "relink", "loaded", "slowed", "slowed-loaded"]
UNCHANGED: tuple[Kind, ...] = ("same", "bystander", "relink", "loaded")
"""Kinds of comparisons in which nothing should be flagged."""


@dataclass(frozen=True)
class FalseFlags:
    """How often a rule flagged what had not changed, of one kind of comparisons.

    Attributes
    ----------
    kind
        ``same``: a wheel with itself; ``bystander``: a cell that was left alone in a gate where others were slowed
        down; ``relink``: another link of the same code; ``loaded``: with a load beside it.
    flagged, slower
        Comparisons that were flagged at all, and as slower.
    gates
        Gates in which any comparison of the kind was flagged.
    """

    kind: Kind
    flagged: Share
    slower: Share
    gates: Share


@dataclass(frozen=True)
class Power:
    """How many slowdowns of one amount were flagged as such, on cells of one size."""

    injection: str
    amount: float
    size: str
    found: Share


@dataclass(frozen=True)
class Rates:
    """What a rule makes of the ledger: false flags by kind, slowdowns found, and the least that is found mostly."""

    rule: str
    false_flags: tuple[FalseFlags, ...]
    power: tuple[Power, ...]
    least: tuple[Least, ...]


@dataclass(frozen=True)
class Coverage:
    """How many 95 % intervals held the change that was known to be there, on cells of one size, and how many should."""

    size: str
    held: Share
    expected: float | None


@dataclass(frozen=True)
class Measured:
    """As how much a change of a known amount was measured: the median over comparisons, and 5 % and 95 % of them."""

    amount: float
    comparisons: int
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdicts:
    """How many comparisons of one kind got which verdict."""

    kind: Kind
    word: str
    comparisons: int


@dataclass(frozen=True)
class ErrorRates:
    """What the ledger says.

    Attributes
    ----------
    comparisons, gates, commits, machines, first, last
        What it holds, of where, and from when to when (dates); None where it is empty.
    rules
        What each rule makes of it, this lab's gate first.
    verdicts
        Of this lab's gate.
    coverage
        Over all sizes of cells first, named ``all``.
    measured
        By amount; 0 is a wheel with itself.
    unreadable
        Why the ledger cannot be read, or nothing.
    """

    comparisons: int = 0
    gates: int = 0
    commits: int = 0
    machines: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    rules: tuple[Rates, ...] = ()
    verdicts: tuple[Verdicts, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    measured: tuple[Measured, ...] = ()
    unreadable: str = ""


Sorted = Sequence[tuple[Kind, Entry]]


def error_rates(entries: Sequence[Entry]) -> ErrorRates:
    """Return what the ledger says."""
    known = _sorted(entries)
    compared = [(kind, entry) for kind, entry in known if entry.pairs]
    days = sorted(entry.when[:10] for entry in entries)
    words = Counter((kind, entry.verdict) for kind, entry in known)
    return ErrorRates(
        comparisons=len(compared),
        gates=len({entry.gate for entry in entries}),
        commits=len({entry.commit for entry in entries}),
        machines=tuple(sorted({entry.machine for entry in entries})),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        rules=tuple(_rates(name, rule, compared) for name, rule in RULES.items()) if compared else (),
        verdicts=tuple(Verdicts(kind, word, count) for (kind, word), count in sorted(words.items())),
        coverage=_coverage(compared),
        measured=_measured(compared),
    )


def _sorted(entries: Sequence[Entry]) -> list[tuple[Kind, Entry]]:
    """Return each entry with its kind."""
    put_in = {entry.gate for entry in entries if entry.kind == "injected"}

    def kind(entry: Entry) -> Kind:
        if entry.kind == "injected":
            return "slowed-loaded" if entry.beside else "slowed"
        if entry.beside:
            return "loaded"
        if entry.kind == "relink":
            return "relink"
        return "bystander" if entry.gate in put_in else "same"

    return [(kind(entry), entry) for entry in entries]


def _rates(name: str, rule: Rule, compared: Sorted) -> Rates:
    false_flags = [_false_flags(kind, rule, [one for of, one in compared if of == kind]) for kind in UNCHANGED]
    power = _power(rule, [entry for kind, entry in compared if kind == "slowed"])
    waits = {size: [one for one in power if (one.injection, one.size) == (WAIT, size)] for size, _ in sizes.SIZES}
    leasts = [least(size, [(one.amount, one.found) for one in mine]) for size, mine in waits.items() if mine]
    return Rates(name, tuple(one for one in false_flags if one.flagged.of), tuple(power), tuple(leasts))


def _false_flags(kind: Kind, rule: Rule, mine: Sequence[Entry]) -> FalseFlags:
    said = [(entry.gate, rule(entry)) for entry in mine]
    alarmed = {gate for gate, flag in said if flag}
    return FalseFlags(
        kind,
        Share.clustered((gate, bool(flag)) for gate, flag in said),
        Share.clustered((gate, flag == "slower") for gate, flag in said),
        Share.counted(gate in alarmed for gate in dict.fromkeys(gate for gate, _ in said)),
    )


def _power(rule: Rule, slowed: Sequence[Entry]) -> list[Power]:
    sized = [((entry.injection, entry.amount, size_of(entry)), entry) for entry in slowed]
    order = {size: at for at, (size, _) in enumerate(sizes.SIZES)}
    keys = sorted({key for key, _ in sized}, key=lambda key: (key[0] != WAIT, key[0], key[1], order[key[2]]))
    return [
        Power(*key, Share.clustered((one.gate, rule(one) == "slower") for of, one in sized if of == key))
        for key in keys
    ]


def _coverage(compared: Sorted) -> tuple[Coverage, ...]:
    known = [(entry, found) for entry in _exact(compared) if (found := _interval(entry)).confidence is not None]

    def of(size: str, mine: Sequence[tuple[Entry, Interval]]) -> Coverage:
        held = Share.clustered((entry.gate, _holds(found, entry)) for entry, found in mine)
        return Coverage(size, held, fmean(found.confidence or 0.0 for _, found in mine))

    by_size = {size: [(one, found) for one, found in known if size_of(one) == size] for size, _ in sizes.SIZES}
    return tuple(of(size, mine) for size, mine in {"all": known, **by_size}.items() if mine)


def _measured(compared: Sorted) -> tuple[Measured, ...]:
    by_amount: dict[float, list[float]] = {}
    for entry in _exact(compared):
        by_amount.setdefault(entry.amount, []).append(exp(_interval(entry).estimate) - 1)
    found = {amount: np.quantile(values, [0.5, 0.05, 0.95]) for amount, values in sorted(by_amount.items())}
    return tuple(Measured(amount, len(by_amount[amount]), *map(float, three)) for amount, three in found.items())


def _exact(compared: Sorted) -> list[Entry]:
    """Return the comparisons of which the change is known exactly: none, or the wait that was put in."""
    screened = [(kind, entry) for kind, entry in compared if entry.screen]
    exact = {("same", ""), ("bystander", ""), ("slowed", WAIT)}
    return [entry for kind, entry in screened if (kind, entry.injection) in exact]


def _interval(entry: Entry) -> Interval:
    return location([log(head / base) for base, head in entry.screen])


def _holds(found: Interval, entry: Entry) -> bool:
    return found.low is not None and found.high is not None and found.low <= log1p(entry.amount) <= found.high


def size_of(entry: Entry) -> str:
    """Return the class of a comparison by the time of a call in base; the smallest where it was never timed."""
    base, _ = sides(entry)
    return sizes.size_of(median(base) if base else 0.0)
