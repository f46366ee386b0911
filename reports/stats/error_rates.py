"""How often the gate errs, from the ledger: false flags, what is overlooked, and whether its intervals hold the truth.

The same comparisons are also judged by two other rules, each as it is used elsewhere: asv's (its test of the samples of
both sides, at its own level, and a factor of 1.1 between their medians), and the factor alone. A share stands with its
exact binomial interval (Clopper and Pearson, *Biometrika* 26, 1934). Comparisons of one gate share its minutes, so the
share of gates in which anything was flagged is told as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, log1p
from statistics import median

from asv._stats import is_different
from scipy.stats import binomtest

from benchmarks.gate.ledger import Entry, Times
from reports.stats.speedup import location
from reports.stats.verdicts import Word

FLAGS = frozenset({Word.REGRESSED, Word.IMPROVED})
FACTOR = 1.1
"""Between two medians, beyond which asv and a naive rule say that something changed."""
SIZES = (("1 ms and more", 1e-3), ("0.1 to 1 ms", 1e-4), ("below 0.1 ms", 0.0))
"""Names of the classes of cells by the time of a call, and their least times in seconds."""

Flagged = Callable[[Entry], bool]


@dataclass(frozen=True)
class Share:
    """A count of some, with the exact 95 % interval of their share; None where there are none to count."""

    hits: int
    of: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float | None:
        """The share itself."""
        return self.hits / self.of if self.of else None

    @classmethod
    def counted(cls, found: Iterable[bool]) -> Share:
        """Count what is true."""
        kept = list(found)
        if not kept:
            return cls(0, 0, None, None)
        interval = binomtest(sum(kept), len(kept)).proportion_ci(0.95, method="exact")
        return cls(sum(kept), len(kept), float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Power:
    """How many of the slowdowns of one amount were flagged, on cells of one size."""

    amount: float
    size: str
    found: Share


@dataclass(frozen=True)
class Rates:
    """What a rule makes of the ledger.

    Attributes
    ----------
    rule
        Whose rule.
    false_flags
        Comparisons of the same that were flagged.
    false_gates
        Gates over nothing but the same in which anything was flagged.
    power
        Slowdowns that were flagged as such, by amount and size.
    """

    rule: str
    false_flags: Share
    false_gates: Share
    power: tuple[Power, ...]


def lab_flags(entry: Entry) -> bool:
    """Tell whether this lab's gate flagged a comparison."""
    return entry.verdict in FLAGS


def asv_flags(entry: Entry) -> bool:
    """Tell whether asv would flag it: its own test on the samples of both sides, and the factor."""
    base, head = _sides(entry.pairs)
    return naive_flags(entry) and bool(base) and bool(is_different(base, head, None, None))


def naive_flags(entry: Entry) -> bool:
    """Tell whether the medians of both sides differ by the factor."""
    base, head = _sides(entry.pairs)
    return bool(base) and abs(log(median(head) / median(base))) > log(FACTOR)


RULES: Mapping[str, Flagged] = {"this gate": lab_flags, "asv's rule": asv_flags, "10 % between medians": naive_flags}


def rates(entries: Sequence[Entry]) -> list[Rates]:
    """Return what each rule makes of the ledger."""
    return [_rates(name, flagged, entries) for name, flagged in RULES.items()]


def _rates(rule: str, flagged: Flagged, entries: Sequence[Entry]) -> Rates:
    same = [entry for entry in entries if entry.kind != "injected"]
    put_in = {entry.gate for entry in entries if entry.kind == "injected"}
    gates: dict[str, bool] = {}
    for entry in same:
        if entry.gate not in put_in:
            gates[entry.gate] = gates.get(entry.gate, False) or flagged(entry)
    slowed = [entry for entry in entries if entry.kind == "injected" and entry.injection == "spin"]
    power = []
    for amount in sorted({entry.amount for entry in slowed}):
        for size, _ in SIZES:
            mine = [one for one in slowed if one.amount == amount and size_of(one) == size]
            if mine:
                found = Share.counted(flagged(one) and _slower(one) for one in mine)
                power.append(Power(amount, size, found))
    return Rates(rule, Share.counted(map(flagged, same)), Share.counted(gates.values()), tuple(power))


def coverage(entries: Iterable[Entry]) -> Share:
    """Return how many 95 % intervals hold the change that is known to be there: none, or the wait that was put in."""
    found = []
    for entry in entries:
        if entry.kind == "relink" or entry.injection not in {"", "spin"}:
            continue
        interval = location([log(head / base) for base, head in entry.screen]) if entry.screen else None
        if interval is not None and interval.low is not None and interval.high is not None:
            found.append(interval.low <= log1p(entry.amount) <= interval.high)
    return Share.counted(found)


def size_of(entry: Entry) -> str:
    """Return the class of a comparison by the time of a call in base; the smallest where it was never timed."""
    base, _ = _sides(entry.pairs)
    seconds = median(base) if base else 0.0
    return next(name for name, least in SIZES if seconds >= least)


def _sides(times: Times) -> tuple[list[float], list[float]]:
    return [base for base, _ in times], [head for _, head in times]


def _slower(entry: Entry) -> bool:
    base, head = _sides(entry.pairs)
    return bool(base) and median(head) > median(base)
