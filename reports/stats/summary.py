"""From rows to cells: the numbers of ``summary.json``, one cell per kernel, case and implementation.

Every field is described, with its unit, in ``summary.schema.json``; a test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.spec import Kernel
from reports.read.rows import LeftOut, PlannedCell, Run, Start, Status, is_missing
from reports.read.uncommitted import Uncommitted
from reports.stats.break_even import BreakEven, break_even
from reports.stats.cells import Cell, Contest
from reports.stats.compare import CaseCells
from reports.stats.error_rates import ErrorRates
from reports.stats.limits import Canary, canary
from reports.stats.threads import ThreadScaling, thread_scaling

SCHEMA_VERSION = 1


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
    contests: tuple[Contest, ...] = ()
    threads: tuple[ThreadScaling, ...] = ()
    starts: tuple[Start, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    uncommitted: Uncommitted = field(default_factory=Uncommitted)
    error_rates: ErrorRates = field(default_factory=ErrorRates)
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
        As :func:`reports.read.load.read_run` returns it.
    kernels
        The registry, for the declared costs.

    Returns
    -------
    Summary
        With one cell for every planned one, in the order of the plan.
    """
    cells: list[Cell] = []
    contests: list[Contest] = []
    missing: list[PlannedCell] = []
    for kernel, case in dict.fromkeys((p.kernel, p.case) for p in run.plan):
        rows = [r for r in run.rows if r.kernel == kernel and r.case == case]
        arms = [p.implementation for p in run.plan if (p.kernel, p.case) == (kernel, case)]
        compared = CaseCells(rows, run, kernels[kernel])
        found = compared.cells(arms)
        cells += found
        contests.append(compared.contest(found))
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
        contests=tuple(contests),
        threads=thread_scaling(run, kernels, cells),
        starts=run.starts,
        break_even=break_even(run.sizes),
        left_out=run.left_out,
        uncommitted=run.uncommitted,
    )


def _count(cells: Sequence[Cell], status: Status) -> int:
    return sum(cell.status == status for cell in cells)


def _verification(run: Run, cells: Sequence[Cell], missing: int) -> Verification:
    battery: dict[str, int | None] = {
        f"battery_{status}": sum(check.status == status for check in run.checks) if run.checks else None
        for status in ("ok", "failed", "skipped")
    }
    return Verification(_count(cells, "ok"), _count(cells, "failed") - missing, **battery)
