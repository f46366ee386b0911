"""Compares the arms of one kernel and case with each other: from rows to cells, and to who wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks.registry import peer
from benchmarks.spec import Kernel
from reports.read.load import is_crop_notice
from reports.read.rows import WALL, Group, Row, Run
from reports.stats.cells import BASELINE, SUBJECT, Against, Cell, Contest, Standing, Versus
from reports.stats.limits import Limit, fraction_of_limit
from reports.stats.run_ratio import run_ratio
from reports.stats.speedup import Interval, shared


class CaseCells:
    """The cells of one kernel and case, which are compared with each other."""

    def __init__(self, rows: Sequence[Row], run: Run, kernel: Kernel) -> None:
        self.rows: dict[tuple[str, Group], Row] = {(r.implementation, r.group): r for r in rows}
        self.kernel = kernel
        self.controls = [c for c in run.controls if c.kernel == kernel.name]

    def cells(self, arms: Sequence[str]) -> list[Cell]:
        """Return the cells of the arms, with their standing among each other."""
        cells = [self._cell(arm) for arm in arms]
        timed = [c.implementation for c in cells if c.status == "ok"]
        whole = [arm for arm in timed if self._ok(arm, "call")]
        best = self._fastest(whole or timed)
        return [replace(c, standing=self._standing(c.implementation, best)) if c.status == "ok" else c for c in cells]

    def _fastest(self, arms: Sequence[str]) -> str | None:
        """Return the arm with the largest paired ratio to the first of them, all measured side by side."""

        def ratio(arm: str) -> float:
            found = self._ratio(arms[0], arm)
            return found[0].estimate if found else 0.0

        return max(arms, key=ratio, default=None)

    def contest(self, cells: Sequence[Cell]) -> Contest:
        """Say who wins the case, and how the subject does against each of those that a reader would compare it with."""
        timed = [c.implementation for c in cells if c.status == "ok"]
        peers = [c for c in cells if c.status == "ok" and peer(self.kernel, c.implementation)]
        others = [arm for arm in timed if arm != SUBJECT]
        against = {arm: found for arm in others if (found := self._against_subject(arm, timed)) is not None}

        def nearness(cell: Cell) -> tuple[bool, float]:
            found = against.get(cell.implementation)
            return (True, 1 / found.ratio) if found else (False, cell.ratio_vs_numpy or 0.0)

        best_peer = max(peers, key=nearness).implementation if peers else None
        return Contest(
            kernel=self.kernel.name,
            cost_class=self.kernel.cost_class,
            case=cells[0].case,
            best=next((c.implementation for c in cells if c.standing == "best"), None),
            tied=tuple(c.implementation for c in cells if c.standing == "tied"),
            best_peer=best_peer,
            rust_vs_numpy=against.get(BASELINE),
            rust_vs_numba=against.get("numba"),
            rust_vs_best_peer=against.get(best_peer) if best_peer else None,
            rust_vs_others=tuple(against.values()),
        )

    def _against_subject(self, other: str, timed: Sequence[str]) -> Versus | None:
        """Return the subject against another arm, where both have a time in one group."""
        found = self._ratio(other, SUBJECT) if {other, SUBJECT} <= set(timed) else None
        if found is None:
            return None
        ratio, group = found
        return Versus(other, ratio.estimate, ratio.low, ratio.high, group == "crop", in_a_word(ratio))

    def _best_row(self, arm: str) -> Row:
        """Return the row that gives the arm's time: the whole case where it was measured, else its crop.

        A failure in either group is the cell's: an answer that is wrong on the crop is wrong.
        """
        groups: tuple[Group, ...] = ("call", "crop")
        rows = [row for group in groups if (row := self.rows.get((arm, group))) is not None]
        failed = [row for row in rows if row.status == "failed"]
        return (failed or [row for row in rows if not is_crop_notice(row)] or rows)[0]

    def _ok(self, arm: str, group: Group) -> bool:
        row = self.rows.get((arm, group))
        return row is not None and row.status == "ok"

    def _common_group(self, first: str, second: str) -> Group | None:
        """Return the group in which both were measured side by side, the whole case before its crop."""
        groups: tuple[Group, ...] = ("call", "crop")
        return next((g for g in groups if self._ok(first, g) and self._ok(second, g)), None)

    def _ratio(self, reference: str, candidate: str) -> tuple[Interval, Group] | None:
        group = self._common_group(reference, candidate)
        if group is None:
            return None
        pair = shared(self.rows[reference, group].samples_s, self.rows[candidate, group].samples_s)
        return (run_ratio(*pair), group) if pair[0] else None

    def _standing(self, arm: str, best: str | None) -> Standing | None:
        if best is None or arm == best:
            return None if best is None else "best"
        found = self._ratio(best, arm)
        if found is None or found[0].high is None or (found[1] == "crop" and (found[0].low or 0) > 1):
            return None  # on the crop it is the faster one, and too slow for the whole case
        return "tied" if found[0].high >= 1 else "behind"

    def _cell(self, arm: str) -> Cell:
        row = self._best_row(arm)
        ok = row.status == "ok"
        median_s = median(row.samples_s.values()) if ok else None
        ratio = self._ratio(BASELINE, arm) if ok else None
        numbers = ratio[0] if ratio else None
        limit = fraction_of_limit(row, self.rows.get((WALL, row.group)), self.controls, self.kernel.cost)
        return Cell(
            kernel=row.kernel,
            case=row.case,
            dtype=row.dtype,
            implementation=arm,
            threads=row.threads,
            status=row.status,
            reason=row.reason,
            shape=row.shape,
            measured_shape=row.measured_shape if ok else None,
            median_s=median_s,
            processes=len(row.samples_s),
            ratio_vs_numpy=numbers.estimate if numbers else None,
            ratio_low=numbers.low if numbers else None,
            ratio_high=numbers.high if numbers else None,
            ratio_confidence=numbers.confidence if numbers else None,
            cropped=ratio is not None and ratio[1] == "crop",
            against_numpy=_against(arm, numbers),
            standing=None,
            gb_per_s=(row.input_bytes + row.output_bytes) / median_s / 1e9 if median_s else None,
            peak_bytes=row.peak_bytes,
            minor_faults=row.minor_faults,
            max_ulp=row.max_ulp,
            repro=f"python -m lab time {row.kernel} --case {row.case} --implementation {arm}",
            **_limit_fields(limit),
        )


def _limit_fields(limit: Limit | None) -> dict[str, Any]:
    fraction = limit.fraction if limit else None
    return {
        "fraction_of_limit": fraction.estimate if fraction else None,
        "fraction_low": fraction.low if fraction else None,
        "fraction_high": fraction.high if fraction else None,
        "limit": limit.kind if limit else None,
    }


def _against(arm: str, ratio: Interval | None) -> Against:
    """Return the word for a ratio against expert NumPy."""
    if ratio is None:
        return "not known"
    return "baseline" if arm == BASELINE else in_a_word(ratio)


def in_a_word(ratio: Interval) -> Against:
    """Return the word for a ratio: an interval that includes 1 decides nothing, and without one nothing is decided."""
    if ratio.low is None or ratio.high is None:
        return "no interval"
    if ratio.low > 1:
        return "faster"
    return "slower" if ratio.high < 1 else "no difference shown"
