"""A run from plan to receipt: what will be measured, whether it was, and in which wheel.

``plan.json`` is written before anything is measured, ``receipt.json`` when the run has ended. A run without a receipt
was interrupted and can be resumed. Planned = measured + skipped with a reason; anything else is a problem, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import ROOT, bench_kernels, registry
from benchmarks.asv.resultfiles import Key, are_same, samples
from benchmarks.calls.binding import WALL
from benchmarks.environment import checkout, pins, provenance
from benchmarks.environment.jsonfiles import read_object, require_kinds, write_object
from benchmarks.pairing.conductor import NOT_MEASURED, PROCESSES, Cell, Measurement, broken_marks, settled
from benchmarks.pairing.runlines import read_lines
from benchmarks.runs.budget import Choice, LeftOut, choose, estimator
from inputs import families
from inputs.cases import Tier

SCHEMA_VERSION = 1
RUNS, ASV_RESULTS = ROOT / "reports" / "runs", ROOT / ".asv" / "results"
MEASURED = "measured.json"
NOT_IN_WHEEL, LACKING = "n/a", "this wheel lacks it"
NOT_ASVS = "asv's file of this commit has not this run's samples"


@dataclass(frozen=True)
class Entry:
    """One planned case of a kernel, with the arms that are measured on it (the wall besides)."""

    case: str
    arms: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a run sets out to measure, and what it leaves out where its time is limited; see ``plan.json``.

    `machine` is asv's name of the machine, empty in plans of old.
    """

    run_id: str
    created: str
    commit: str
    tier: str
    processes: int
    wheel_digest: str
    kernels: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    budget_s: float | None = None
    left_out: tuple[LeftOut, ...] = ()
    machine: str = ""

    @classmethod
    def load(cls, run_dir: Path) -> Plan:
        """Read the plan of a run directory, or raise a ValueError that names a file which is none."""
        path = run_dir / "plan.json"
        raw = read_object(path)
        try:
            require_kinds(cls, raw)
            kernels = {
                k: tuple(Entry(e["case"], tuple(e["arms"])) for e in entries) for k, entries in raw["kernels"].items()
            }
            left_out = tuple(LeftOut(**case) for case in raw.get("left_out", ()))
            return cls(**{**raw, "kernels": kernels, "left_out": left_out})
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no plan that this version of the lab knows: {error}") from None

    def save(self, run_dir: Path) -> None:
        """Write the plan into a directory of its own, before anything is measured."""
        run_dir.mkdir(parents=True)
        write_object(run_dir / "plan.json", asdict(self))

    def measurement(self, run_dir: Path, kernel: str) -> Measurement:
        """Return one kernel's share."""
        entries = self.kernels[kernel]
        cases = tuple(entry.case for entry in entries)
        return Measurement(run_dir, kernel, cases, entries[0].arms, self.processes, self.wheel_digest)

    def same_as(self, other: Plan) -> bool:
        """Tell whether two plans would measure the same, whenever they were made.

        Those of limited time need only choose from the same: what seems to fit changes as lines come in.
        """
        names = ("commit", "processes", "wheel_digest", "budget_s")
        same = all(getattr(self, name) == getattr(other, name) for name in names) and other.machine == self.machine
        if self.budget_s is None:
            return same and self.kernels == other.kernels
        return same and self.chosen_from() == other.chosen_from()

    def chosen_from(self) -> set[tuple[str, str]]:
        """Return the kernels and cases that were asked for, those left out among them."""
        chosen = {(kernel, entry.case) for kernel, entries in self.kernels.items() for entry in entries}
        return chosen | {(left.kernel, left.case) for left in self.left_out}


def chosen_cases(
    kernels: Sequence[str], tier: Tier, *, centre: bool = False, cases: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return kernel → cases to measure.

    Parameters
    ----------
    kernels
        Names; none is all of them.
    tier, centre
        As `inputs.cases.select`.
    cases
        Exactly these, of any tier, instead of those of the tier; each must be a case of one of the kernels.

    Raises
    ------
    ValueError
        For a kernel or a case that there is not.
    """
    declared = [registry.get(name) for name in kernels or registry.KERNELS]
    known = {case.name for kernel in declared for case in families.CASES[kernel.family]}
    for name in cases:
        if name not in known:
            raise ValueError(f"case: was {name!r}; there are {', '.join(sorted(known))}")
    chosen: dict[str, tuple[str, ...]] = {}
    for kernel in declared:
        if cases:
            names = tuple(case.name for case in families.CASES[kernel.family] if case.name in cases)
        else:
            names = tuple(case.name for case in families.select(kernel.family, tier, centre=centre))
        if names:
            chosen[kernel.name] = names
    return chosen


def within_budget(
    cases: Mapping[str, tuple[str, ...]], budget_s: float, processes: int, runs: Path | None = None
) -> Choice:
    """Return the most valuable of some cases that a run has time for, judged by earlier runs where there are any.

    Raises
    ------
    ValueError
        If not even the first one fits.
    """
    require_processes(processes)
    found = choose(cases, budget_s, processes, estimator(RUNS if runs is None else runs, processes))
    if not found.cases:
        least = min(left.estimate_s for left in found.left_out)
        raise ValueError(f"budget: was {budget_s:.0f} s; the least that a run can measure takes about {least:.0f} s")
    return found


def make_plan(
    cases: Mapping[str, tuple[str, ...]],
    tier: str,
    wheel_digest: str,
    processes: int = PROCESSES,
    *,
    machine: str = "",
    budget_s: float | None = None,
    left_out: Sequence[LeftOut] = (),
) -> Plan:
    """Return a plan for HEAD and a wheel on a machine; `left_out` is what `budget_s` had no room for.

    Raises
    ------
    ValueError
        If there is nothing to measure, or fewer than one process.
    """
    require_processes(processes)
    if not cases:
        raise ValueError("cases: nothing was chosen")
    commit = checkout.git("rev-parse", "HEAD")
    now = datetime.now(UTC)
    kernels = {
        name: tuple(Entry(case, registry.arms(registry.get(name))) for case in names) for name, names in cases.items()
    }
    run_id = f"{now:%Y%m%d-%H%M%S}-{commit[:8]}"
    return Plan(
        *(run_id, now.isoformat(timespec="seconds"), commit, tier, processes, wheel_digest, kernels),
        budget_s=budget_s,
        left_out=tuple(left_out),
        machine=machine,
    )


def require_processes(processes: int) -> None:
    """Raise a ValueError where there would be nothing to measure in."""
    if processes < 1:
        raise ValueError(f"processes: was {processes}; at least 1 is accepted, and {PROCESSES} give an interval")


def lines_done(plan: Plan, run_dir: Path) -> int:
    """Return how many of `lines_planned` are there; cheap enough to ask twice a second."""
    done = 0
    for kernel, entries in plan.kernels.items():
        lines = read_lines(run_dir, kernel)
        done += len({(line.process, line.case) for line in lines if line.group == "call"})
        done += len(entries) if (run_dir / f"{kernel}.done").exists() else 0
    return done


def lines_planned(plan: Plan) -> int:
    """Return the steps of a run: a case in a process, and per case one more for memory and asv's own work."""
    return sum(len(entries) * (plan.processes + 1) for entries in plan.kernels.values())


def problems(plan: Plan, run_dir: Path, asv_results: Path | None = ASV_RESULTS, *, may_lack: bool = False) -> list[str]:
    """Return what keeps a run from being complete, a sentence each; empty is a good run.

    A peer that cannot take a case, or fails on it, is shown in the report and keeps no run from being complete.

    Parameters
    ----------
    plan, run_dir
        The run.
    asv_results
        asv's results, which must have the samples of every cell as well; None where asv was not asked.
    may_lack
        Whether the wheel may lack an implementation, as that of an old commit may.
    """
    found = [mark.read_text(errors="replace", encoding="utf-8").strip() for mark in broken_marks(run_dir)]
    said = _measured_process(run_dir)
    measured = plan.wheel_digest if isinstance(said, str) else str(said["wheel"]["digest"])
    if isinstance(said, str) and (run_dir / MEASURED).exists():
        found.append(said)
    if plan.wheel_digest not in {"", measured}:
        found.append(f"wheel: measured was {measured[:16]}, just built was {plan.wheel_digest[:16]}")
    found += pins.differences(run_dir)
    outcomes = {kernel: list(cells(plan, run_dir, kernel)) for kernel in plan.kernels}
    for kernel in plan.kernels:
        unlike = set() if asv_results is None else unlike_asv(plan, run_dir, kernel, asv_results)
        for (group, case, arm), outcome in outcomes[kernel]:
            gated = arm == WALL or registry.peer(registry.get(kernel), arm) is None
            problem = _cell_problem(plan, outcome, gated=gated) or (NOT_ASVS if (group, case, arm) in unlike else "")
            if problem and not (may_lack and problem.startswith(LACKING)):
                found.append(f"{kernel} {case} {arm}: {problem}")
    if not found and not may_lack:
        found = _nothing([outcome for told in outcomes.values() for (_, _, arm), outcome in told if arm != WALL])
    return found


def _nothing(outcomes: Sequence[Cell]) -> list[str]:
    """Say where no implementation was measured at all: each alone may have had a reason, of which the first is told."""
    if not outcomes or any(outcome.status == "ok" for outcome in outcomes):
        return []
    return [f"nothing was measured: {outcomes[0].reason}"]


def _cell_problem(plan: Plan, found: Cell, *, gated: bool) -> str:
    """Return what is wrong with a cell, or nothing."""
    if found.status == "ok":
        measured = len(found.samples_s)
        return "" if measured == plan.processes else f"measured in {measured} of {plan.processes} processes"
    if found.status == "skipped":
        return f"{LACKING} ({found.reason})" if gated and NOT_IN_WHEEL in found.reason else ""
    return found.reason if gated or found.reason == NOT_MEASURED else ""


def cells(plan: Plan, run_dir: Path, kernel: str) -> Iterator[tuple[Key, Cell]]:
    """Yield the planned cells of a kernel, the wall's among them, each in the group in which it was measured."""
    lines = read_lines(run_dir, kernel)
    for entry in plan.kernels[kernel]:
        for arm in (*entry.arms, WALL):
            group, found = settled(lines, entry.case, arm)
            yield (group, entry.case, arm), found


def unlike_asv(plan: Plan, run_dir: Path, kernel: str, asv_results: Path) -> set[Key]:
    """Return the measured cells of which asv's file of this commit and machine has other samples, or none."""
    kept = samples(asv_results, plan.machine, plan.commit, kernel)
    measured = ((key, found.samples_s) for key, found in cells(plan, run_dir, kernel) if found.status == "ok")
    return {key for key, samples_s in measured if not are_same(kept.get(key, ()), samples_s)}


def _measured_process(run_dir: Path) -> dict[str, Any] | str:
    """Return what the measured processes said of themselves and of their wheel, or why that is not known."""
    try:
        return read_object(run_dir / MEASURED)
    except ValueError as error:
        return f"unavailable: {error}"


def write_receipt(run_dir: Path, found: Iterable[str]) -> None:
    """Write where the numbers come from; the run has ended."""
    checkout.note(run_dir)
    receipt = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_dir.name,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "problems": list(found),
        "lab": provenance.lab(),
        "machine": provenance.machine(),
        "measured_process": _measured_process(run_dir),
        "input_versions": {name: bench_kernels.binding_version(one) for name, one in registry.KERNELS.items()},
    }
    write_object(run_dir / "receipt.json", receipt)
