"""From rows to cells: the numbers of ``summary.json``, one cell per kernel, case and implementation.

Every field is described, with its unit, in ``summary.schema.json``; a test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from benchmarks.spec import Kernel
from reports.limits import Canary, Limit, LimitKind, canary, fraction_of_limit
from reports.load import is_crop_notice
from reports.rows import WALL, Group, PlannedCell, Row, Run, Status, is_missing
from reports.speedup import Interval, paired_ratio, shared

SCHEMA_VERSION = 1
BASELINE = "numpy"

Against = Literal["baseline", "faster", "slower", "no difference shown", "no interval", "not known"]
Standing = Literal["best", "tied", "behind"]


@dataclass(frozen=True)
class Cell:
    """One implementation on one case; the attributes are those of ``summary.schema.json``."""

    kernel: str
    case: str
    dtype: str
    implementation: str
    threads: int
    status: Status
    reason: str
    shape: tuple[int, ...]
    measured_shape: tuple[int, ...] | None
    median_s: float | None
    processes: int
    ratio_vs_numpy: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_confidence: float | None
    cropped: bool
    against_numpy: Against
    standing: Standing | None
    gb_per_s: float | None
    fraction_of_limit: float | None
    fraction_low: float | None
    fraction_high: float | None
    limit: LimitKind | None
    peak_bytes: int | None
    minor_faults: int | None
    max_ulp: float | None
    repro: str

    @property
    def time_cropped(self) -> bool:
        """Whether the time itself, and not only the ratio, was measured on the centre crop."""
        return self.measured_shape is not None and self.measured_shape != self.shape


@dataclass(frozen=True)
class Coverage:
    """Planned = measured + skipped with a reason + failed; only the first two are in order."""

    planned: int
    measured: int
    skipped: int
    failed: int
    missing: tuple[PlannedCell, ...]


@dataclass(frozen=True)
class Verification:
    """Whether the answers were right: in the timed processes, and in the battery where the run kept its verdicts."""

    timed_cells_verified: int
    timed_cells_failed: int
    battery_ok: int | None
    battery_failed: int | None
    battery_skipped: int | None


@dataclass(frozen=True)
class Summary:
    """A run in numbers; ``as_dict`` is what ``summary.json`` holds."""

    run_id: str
    created: str
    commit: str
    tier: str
    processes: int
    wheel_digest: str
    machine: Mapping[str, Any]
    canary: Canary
    coverage: Coverage
    verification: Verification
    cells: tuple[Cell, ...]
    schema_version: int = SCHEMA_VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)


def gaps(summary: Summary, kernels: Mapping[str, Kernel]) -> tuple[Cell, ...]:
    """Return the cells for want of which a run is not complete.

    A peer is never gated, so its own failures are shown and don't count; that it was not measured at all does.

    Parameters
    ----------
    summary
        The run.
    kernels
        The registry, which tells implementations from peers.
    """
    ours = {(name, arm) for name, kernel in kernels.items() for arm in kernel.implementations}

    def is_gap(cell: Cell) -> bool:
        if cell.status == "ok":
            return cell.processes < summary.processes
        return is_missing(cell.status, cell.reason) or (
            cell.status == "failed" and (cell.kernel, cell.implementation) in ours
        )

    return tuple(cell for cell in summary.cells if is_gap(cell))


def summarise(run: Run, kernels: Mapping[str, Kernel]) -> Summary:
    """Turn a run into its summary.

    Parameters
    ----------
    run
        As :func:`reports.load.read_run` returns it.
    kernels
        The registry, for the declared costs.

    Returns
    -------
    Summary
        With one cell for every planned one, in the order of the plan.
    """
    cells: list[Cell] = []
    missing: list[PlannedCell] = []
    for kernel, case in dict.fromkeys((p.kernel, p.case) for p in run.plan):
        rows = [r for r in run.rows if r.kernel == kernel and r.case == case]
        arms = [p.implementation for p in run.plan if (p.kernel, p.case) == (kernel, case)]
        found = _CaseCells(rows, run, kernels[kernel]).cells(arms)
        cells += found
        missing += [PlannedCell(kernel, case, c.implementation) for c in found if is_missing(c.status, c.reason)]
    return Summary(
        run_id=run.run_id,
        created=run.created,
        commit=run.commit,
        tier=run.tier,
        processes=run.processes,
        wheel_digest=run.wheel_digest,
        machine=run.machine_record(),
        canary=canary(run.controls),
        coverage=Coverage(
            planned=len(run.plan),
            measured=_count(cells, "ok"),
            skipped=_count(cells, "skipped"),
            failed=_count(cells, "failed"),
            missing=tuple(missing),
        ),
        verification=_verification(run, cells, len(missing)),
        cells=tuple(cells),
    )


class _CaseCells:
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
        group: Group = "call" if whole else "crop"
        contenders = whole or timed
        best = min(contenders, key=lambda arm: median(self.rows[arm, group].samples_s.values()), default=None)
        return [replace(c, standing=self._standing(c.implementation, best)) if c.status == "ok" else c for c in cells]

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
        return (paired_ratio(*pair), group) if pair[0] else None

    def _standing(self, arm: str, best: str | None) -> Standing | None:
        if best is None or arm == best:
            return None if best is None else "best"
        found = self._ratio(best, arm)
        if found is None or found[0].high is None:
            return None
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
    """Return the word for a ratio against expert NumPy; an interval that includes 1 decides nothing."""
    if ratio is None:
        return "not known"
    if arm == BASELINE:
        return "baseline"
    if ratio.low is None or ratio.high is None:
        return "no interval"
    if ratio.low > 1:
        return "faster"
    return "slower" if ratio.high < 1 else "no difference shown"


def _count(cells: Sequence[Cell], status: Status) -> int:
    return sum(cell.status == status for cell in cells)


def _verification(run: Run, cells: Sequence[Cell], missing: int) -> Verification:
    battery: dict[str, int | None] = {
        f"battery_{status}": sum(check.status == status for check in run.checks) if run.checks else None
        for status in ("ok", "failed", "skipped")
    }
    return Verification(_count(cells, "ok"), _count(cells, "failed") - missing, **battery)
