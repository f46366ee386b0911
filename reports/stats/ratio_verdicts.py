"""From the ratios of a run and those that were kept to a verdict for each cell.

What is compared is reference ÷ candidate. Rust and Numba are held against expert NumPy. Expert NumPy is held against
the naive form, since a NumPy that became slower would make all others look faster. Where a ratio fell, its candidate
became slower against the reference. The change is what the ratio was ÷ what it is, so more than 1 is slower, as
everywhere in a gate.

Words are those of `reports.stats.verdicts`, and the first that applies is the verdict:

1. not-gated: the baseline has not the cell, or has it of other inputs.
2. contaminated: by the controls, the machine was not the run's own.
3. regressed, improved: the change is shown, and is as large as matters.
4. equivalent: the 90 % interval of the change lies within what matters.
5. inconclusive: none of it, or the run has no ratio of a cell that the baseline has.

Shown is what has an adjusted p below `reports.stats.evidence.Q`; all gated cells count in the adjusting. What matters
is coarse, since the state of the machine's memory alone moves some ratios by a tenth from one run to the next. On
another processor ratios differ for honest reasons as well. There more is allowed, and what is shown must also stand out
from the other cells, whose typical change counts as noise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import exp
from statistics import median
from typing import NamedTuple

from reports.read.baseline import Baseline, RatioCell, RatioName
from reports.stats.between_runs import Change, Logs, RunSpread, centre, change, run_spread
from reports.stats.cells import BASELINE
from reports.stats.equivalence import CONFIDENCE, bounds
from reports.stats.evidence import Q, relevance
from reports.stats.multiple import adjusted
from reports.stats.ratios import Measured
from reports.stats.speedup import MINIMUM_PROCESSES, Interval
from reports.stats.verdicts import Channel, Verdict, Word, percent, with_ends

MARGIN = 0.15
"""A change that matters, from run to run on the same processor; more where calls are too short to be told so well."""
OTHER_MARGIN = 0.25
"""A change that matters on another processor than the baseline's, or with other instructions."""
FEWEST_CELLS = 10
"""Fewer cells do not say how far ratios of two processors lie apart."""
NAIVE = "numpy_naive"
TO_SD = 1.4826
"""Median of the absolute values of normal numbers × this = their standard deviation."""


class RatioCase(NamedTuple):
    """A cell that gets a verdict: an implementation on a case; `numpy` is the expert form against the naive one."""

    kernel: str
    case: str
    group: str
    arm: str

    def __str__(self) -> str:
        """Return it for readers."""
        return f"{self.kernel} · {self.case} · {self.arm}" + (" (crop)" if self.group == "crop" else "")


@dataclass(frozen=True)
class RatioVerdict:
    """A cell with its verdict.

    Attributes
    ----------
    cell, verdict
        The cell; the change of its verdict is what the ratio was ÷ what it is, more than 1 is slower.
    base, head
        Ratios reference ÷ candidate, of the kept runs and of the run; None where there is none.
    runs
        Kept runs that have the cell as it was measured now.
    processes, void
        Of the run: those that count, and those from which the machine was taken.
    margin
        The least change that matters, as a share of the time.
    """

    cell: RatioCase
    verdict: Verdict
    base: float | None
    head: float | None
    runs: int
    processes: int
    void: int
    margin: float


@dataclass(frozen=True)
class RatioVerdicts:
    """All verdicts on a run.

    Attributes
    ----------
    found
        Cell by cell.
    spread
        By how much runs differ.
    crowd
        By how much the cells of two processors do, as a standard deviation of logs; None on the same processor, and
        where there are too few cells to tell.
    """

    found: tuple[RatioVerdict, ...]
    spread: RunSpread
    crowd: float | None


def judge(run: Measured, base: Baseline, kernels: Collection[str] = (), cases: Collection[str] = ()) -> RatioVerdicts:
    """Return a verdict on every cell that the baseline or the run has; `kernels` and `cases` choose some, none all.

    Raises
    ------
    ValueError
        Where neither has a cell of those.
    """
    return _Judging(run, base, kernels, cases).verdicts()


class _Judging:
    """Kept ratios beside those of a run, cell by cell."""

    def __init__(self, run: Measured, base: Baseline, kernels: Collection[str], cases: Collection[str]) -> None:
        self.run, self.same = run, base.same_processor
        self.head = {cell.name: cell for cell in run.ratios.cells}
        self.kept: dict[RatioName, list[RatioCell]] = {}
        for cell in (cell for one in base.runs for cell in one.cells):
            self.kept.setdefault(cell.name, []).append(cell)
        every = list(dict.fromkeys([*self.kept, *self.head]))
        self.names = [
            name for name in every if name.kernel in (kernels or {name.kernel}) and name.case in (cases or {name.case})
        ]
        if not self.names:
            asked = ", ".join([*kernels, *cases])
            raise ValueError(f"kernel, case: neither the run nor the baseline has a cell of {asked}")
        self.alike = {name: self._alike(name) for name in every}
        self.spread = run_spread({name: _logs(name, cells) for name, cells in self.alike.items()})
        self.changes = {name: found for name in every if (found := self._change(name)) is not None}

    def verdicts(self) -> RatioVerdicts:
        """Return all verdicts."""
        crowd = None if self.same else _crowd(self.changes.values())
        gated = [name for name in self.names if not self._not_gated(name)]
        p = adjusted([self._p(name, crowd) for name in gated])
        chances = dict(zip(gated, p, strict=True))
        return RatioVerdicts(
            tuple(self._judged(name, chances.get(name, 1.0), crowd) for name in self.names), self.spread, crowd
        )

    def _alike(self, name: RatioName) -> list[RatioCell]:
        """Return the kept ratios of a cell that compare with the run's, or with the last one where the run has none."""
        kept = self.kept.get(name, [])
        now = self.head.get(name) or kept[-1]
        return [cell for cell in kept if not now.unlike(cell)]

    def _change(self, name: RatioName) -> Change | None:
        now, kept = self.head.get(name), self.alike[name]
        if now is None or not kept or len(now.logs) < MINIMUM_PROCESSES:
            return None
        return change(_logs(name, kept), _logs(name, [now])[0], self.spread)

    def _p(self, name: RatioName, crowd: float | None) -> float | None:
        """Return p of a cell's change, or None where nothing can be shown."""
        found = self.changes.get(name)
        if found is None or self._contaminated(name) or (crowd is None and not self.same):
            return None
        return found.p(crowd or 0.0)

    def _not_gated(self, name: RatioName) -> str:
        if name not in self.kept:
            return "the baseline does not have it"
        return "" if self.alike[name] else self.head[name].unlike(self.kept[name][-1])

    def _contaminated(self, name: RatioName) -> str:
        now = self.head.get(name)
        if self.run.disturbed or now is None:
            return self.run.disturbed
        few = now.void and len(now.logs) < MINIMUM_PROCESSES
        return f"the machine was taken away from {now.void} processes, and {len(now.logs)} are left" if few else ""

    def _judged(self, name: RatioName, p: float, crowd: float | None) -> RatioVerdict:
        now, kept = self.head.get(name), self.alike[name]
        margin = max(MARGIN if self.same else OTHER_MARGIN, relevance(now.median_s) if now else 0.0)
        return RatioVerdict(
            cell=RatioCase(name.kernel, name.case, name.group, BASELINE if _mirrored(name) else name.implementation),
            verdict=self._verdict(name, p, margin, crowd),
            base=_ratio(_logs(name, kept)),
            head=_ratio(_logs(name, [now])) if now else None,
            runs=len(kept),
            processes=len(now.logs) if now else 0,
            void=now.void if now else 0,
            margin=margin,
        )

    def _verdict(self, name: RatioName, p: float, margin: float, crowd: float | None) -> Verdict:
        found = self.changes.get(name)
        seen = found.interval() if found else None
        if why := self._not_gated(name):
            return Verdict(Word.NOT_GATED, why, Channel.NONE, None)
        if why := self._contaminated(name):
            return Verdict(Word.CONTAMINATED, why, Channel.NONE, seen)
        if found is None or seen is None:
            return Verdict(Word.INCONCLUSIVE, self._nothing(name), Channel.NONE, None)
        low, high = bounds(margin)
        least, most = found.ends(CONFIDENCE)
        if p < Q and not low < found.log < high:
            word = Word.REGRESSED if found.log > 0 else Word.IMPROVED
            return Verdict(word, f"{with_ends(seen)} against {_reference(name)} (p {p:.2g})", Channel.TIME, seen)
        if low < least and most < high:
            why = f"{with_ends(seen)}, within ±{100 * margin:g} % with 90 % confidence"
            return Verdict(Word.EQUIVALENT, why, Channel.TIME, seen)
        return Verdict(Word.INCONCLUSIVE, _open(found, seen, margin, crowd), Channel.NONE, seen)

    def _nothing(self, name: RatioName) -> str:
        """Say why a cell has no change."""
        now = self.head.get(name)
        if now is None:
            return f"the run has no ratio of it: {self.run.lacking.get(name, 'it was not measured')}"
        return f"{len(now.logs)} processes were measured, and fewer than {MINIMUM_PROCESSES} show nothing"


def _mirrored(name: RatioName) -> bool:
    return name.implementation == NAIVE


def _reference(name: RatioName) -> str:
    return "naive NumPy" if _mirrored(name) else "expert NumPy"


def _logs(name: RatioName, cells: Iterable[RatioCell]) -> list[Logs]:
    """Return logs of reference ÷ candidate, run by run; kept are those of expert NumPy ÷ the other."""
    sign = -1.0 if _mirrored(name) else 1.0
    return [tuple(sign * value for value in cell.logs) for cell in cells]


def _ratio(runs: Sequence[Logs]) -> float | None:
    return exp(sum(map(centre, runs)) / len(runs)) if runs else None


def _crowd(changes: Iterable[Change]) -> float | None:
    """Return by how much the ratios of two processors differ typically, as a standard deviation; None from a few."""
    sizes = [abs(one.log) for one in changes]
    return TO_SD * median(sizes) if len(sizes) >= FEWEST_CELLS else None


def _open(found: Change, seen: Interval, margin: float, crowd: float | None) -> str:
    """Say why a measured cell is neither changed nor equivalent."""
    low, high = bounds(margin)
    if crowd and not low < found.log < high and found.p() < Q:
        return f"{with_ends(seen)}, but between the two processors ratios differ by {percent(exp(crowd))} anyway"
    return f"{with_ends(seen)}: neither a change of {100 * margin:g} % nor its absence is shown"
