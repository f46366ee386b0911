"""What there is of runs: the state of each, which is the newest that measured something, and which can be resumed.

A run directory says all of it: the plan is written first, then lines as they are measured, the receipt at the end. A
run whose plan or lines cannot be read is named with the reason, and passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Literal

from benchmarks.environment.cause import sentence
from benchmarks.environment.jsonfiles import flaw, read_object
from benchmarks.environment.lock import Holder, holder
from benchmarks.pairing.conductor import broken_marks, is_measured
from benchmarks.pairing.runlines import is_complete, read_lines
from benchmarks.runs.planning import ASV_RESULTS, Plan, unlike_asv

State = Literal["complete", "not complete", "interrupted", "running", "failed to start", "unreadable"]
RECEIPT = "receipt.json"
TIME = re.compile(r"\d{8}-\d{6}(?!\d)")
AGES = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True)
class Found:
    """A run directory and what is known of it.

    Attributes
    ----------
    run_dir
        Its directory, whose name is the run's.
    state, why
        ``failed to start`` has measured nothing; `why` is empty where there is nothing to say.
    plan
        None where it cannot be read.
    measured, planned
        Cells: an implementation on a case. One is measured when every process has its line.
    begun
        Whether any line is there.
    """

    run_dir: Path
    state: State
    why: str = ""
    plan: Plan | None = None
    measured: int = 0
    planned: int = 0
    begun: bool = False

    def age(self, now: datetime) -> str:
        """Return how long ago the run was planned, in its largest unit, empty where that is not known."""
        try:
            began = datetime.fromisoformat(self.plan.created if self.plan else "")
            seconds = max(0, int((now - began).total_seconds()))
        except (ValueError, TypeError):  # no time, or one of no time zone
            return ""
        unit, length = next(((unit, length) for unit, length in AGES if seconds >= length), AGES[-1])
        return f"{seconds // length} {unit}"

    def sentence(self) -> str:
        """Say which run this is: its name, age, commit, tier and state."""
        if self.plan is None:
            return f"{self.run_dir.name}: {self.state}: {self.why}"
        age = self.age(datetime.now(UTC))
        said = [f"{age} ago"] if age else []
        said += [f"commit {self.plan.commit[:8]}", self.plan.tier, f"{self.measured} of {self.planned} cells"]
        return f"{self.run_dir.name}: {', '.join(said)}, {self.state}"


def of_folder(runs: Path) -> Iterator[Found]:
    """Yield what is known of the runs in a folder, the newest first."""
    held = holder()
    for run_dir in newest_first(runs):
        yield look(run_dir, held)


def newest_first(runs: Path) -> list[Path]:
    """Return the run directories in a folder. Names begin with the time; those of one second are numbered.

    A name without a time is that of a copy which somebody has made, and never the newest.
    """
    folders = [path for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []
    when = {path: TIME.match(path.name) for path in folders}
    return sorted(
        folders, key=lambda path: (bool(when[path]), path.name[:15], len(path.name), path.stat().st_mtime), reverse=True
    )


def look(run_dir: Path, held: Holder | None = None) -> Found:
    """Return what is known of a run; `held` is who holds the checkout's lock."""
    try:
        plan = Plan.load(run_dir)
        lines = {kernel: read_lines(run_dir, kernel) for kernel in plan.kernels}
    except ValueError as error:
        return Found(run_dir, "unreadable", str(error).removeprefix(f"{run_dir}/"))
    entries = [(kernel, entry) for kernel in plan.kernels for entry in plan.kernels[kernel]]
    measured = sum(
        len(entry.arms)
        for kernel, entry in entries
        if all(is_complete(lines[kernel], entry.case, process) for process in range(plan.processes))
    )
    planned = sum(len(entry.arms) for _, entry in entries)
    found = Found(run_dir, "interrupted", "", plan, measured, planned, any(lines.values()))
    if held is not None and held.run and Path(held.run) == run_dir:
        return replace(found, state="running", why=f"process {held.pid} since {held.since}")
    if not found.begun:
        return replace(found, state="failed to start", why=_last_words(run_dir))
    return _ended(found)


def _ended(found: Found) -> Found:
    """Return what the receipt of a run says, or that it has none."""
    path = found.run_dir / RECEIPT
    if not path.exists():
        return found
    try:
        problems = read_object(path).get("problems", ())
    except ValueError:
        return replace(found, why=flaw(path).removeprefix(f"{found.run_dir}/"))
    if not problems:
        return replace(found, state="complete")
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return replace(found, state="not complete", why=str(problems[0]).splitlines()[0] + more)


def _last_words(run_dir: Path) -> str:
    """Return why a run ended without a number, as far as it is known."""
    logs = [*broken_marks(run_dir), *sorted(run_dir.glob("*.asv.log"), key=lambda path: path.stat().st_mtime)]
    said = [log.read_text(encoding="utf-8", errors="replace") for log in logs[-1:]]
    return ": ".join(["nothing was measured", *(sentence(text) for text in said if text.strip())])


def newest(runs: Path) -> tuple[Found, list[Found]]:
    """Return the newest run that has measured something, and those after it, which are passed over.

    Raises
    ------
    ValueError
        If there is none; it says how to make one.
    """
    passed: list[Found] = []
    for found in of_folder(runs):
        if found.begun:
            return found, passed
        passed.append(found)
    rest = "".join(f"; {found.sentence()}" for found in passed[:3])
    raise ValueError(f"run: {runs} has none that measured anything; `python -m lab run` makes one{rest}")


def claim(plan: Plan, runs: Path) -> tuple[Plan, Path]:
    """Write a plan into a new run directory; where another run began in the same second, the name gets a number."""
    for number in count(1):
        named = replace(plan, run_id=plan.run_id if number == 1 else f"{plan.run_id}-{number}")
        try:
            named.save(runs / named.run_id)
        except FileExistsError:
            continue
        return named, runs / named.run_id
    raise AssertionError  # a count has no end


def same(plan: Plan, runs: Path) -> Iterator[Path]:
    """Yield the run directories of the same plan, commit and wheel, the newest first, without what cannot be read."""
    for run_dir in newest_first(runs):
        try:
            alike = Plan.load(run_dir).same_as(plan)
        except ValueError:
            continue
        if alike and look(run_dir).state != "unreadable":
            yield run_dir


def unfinished(plan: Plan, runs: Path, asv_results: Path = ASV_RESULTS) -> Path | None:
    """Return the newest run directory of the same plan that can go on.

    It has no receipt, or one that names problems while something is still to be measured.
    """
    for run_dir in same(plan, runs):
        state = _ended(Found(run_dir, "interrupted")).state
        if state == "interrupted" or (state == "not complete" and kernels_left(plan, run_dir, asv_results)):
            return run_dir
    return None


def kernels_left(plan: Plan, run_dir: Path, asv_results: Path = ASV_RESULTS) -> list[str]:
    """Return the kernels that asv has still to be called for: to measure, or to take over what was measured."""
    return [
        kernel
        for kernel in plan.kernels
        if not (run_dir / f"{kernel}.done").exists()
        or not is_measured(plan.measurement(run_dir, kernel))
        or unlike_asv(plan, run_dir, kernel, asv_results)
    ]
