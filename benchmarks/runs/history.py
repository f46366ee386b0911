"""Several commits on one machine: which ones, their wheels, and what is measured of each.

The wheel of an old commit is the system under test; cases, contract and clockwork are those of this checkout. Runs and
asv's results of a history lie apart from those of ``lab run``, so that neither takes the other's samples for its own.
"""

from __future__ import annotations

import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ROOT, registry
from benchmarks.environment import checkout, wheel
from benchmarks.runs import inventory, planning
from inputs.families import CASES, select
from inputs.host import surroundings
from inputs.sweep import sweep

FOLDER = ROOT / ".asv" / "history"
RUNS = FOLDER / "runs"
RESULTS = FOLDER / "results"
ARMS = ("numpy", "numba", "rust")
"""What a commit can change. Peers and the naive form would be measured anew for each commit, and stay the same."""


@dataclass(frozen=True)
class Commit:
    """A commit, with its date (ISO 8601) and the first line of its message."""

    commit: str
    committed: str
    subject: str


def steps(count: int) -> list[Commit]:
    """Return the last commits of the main line that changed what is measured, the oldest first.

    Raises
    ------
    ValueError
        For fewer than one, where there are fewer, or where a shallow clone does not tell which they are.
    """
    if count < 1:
        raise ValueError(f"commits: was {count}; at least 1 is accepted")
    said = checkout.git("log", "--first-parent", f"-{count}", "--format=%H", "--", *checkout.MEASURED)
    found, edge = said.splitlines(), checkout.edge()
    if edge.intersection(found) or (edge and len(found) < count):  # the last one seems to have changed everything
        raise ValueError(f"commits: was {count}; this clone is shallow, and has not as many; {checkout.MEND}")
    if len(found) < count:
        raise ValueError(f"commits: was {count}; only {len(found)} of the main line changed what is measured")
    return [commit(name) for name in reversed(found)]


def unmeasured(good: str, bad: str) -> int | None:
    """Return how many commits of the main line between two changed what is measured; None where git does not tell."""
    try:
        said = checkout.git("rev-list", "--first-parent", f"{good}..{bad}", "--", *checkout.MEASURED).splitlines()
        return len([one for one in said if one != checkout.git("rev-parse", f"{bad}^{{commit}}")])
    except OSError:
        return None


def commit(revision: str) -> Commit:
    """Return the commit that a revision names, or raise an OSError with what git says."""
    try:
        said = checkout.git("show", "--no-patch", "--format=%H%n%cI%n%s", f"{revision}^{{commit}}")
    except OSError as error:
        if not checkout.edge():
            raise
        raise OSError(f"{error}; this clone is shallow: {checkout.MEND}") from None
    return Commit(*said.splitlines()[:3])


def wheel_of(commit: str) -> Path:
    """Return the wheel of a commit, from the cache or built now."""
    with tempfile.TemporaryDirectory(prefix="eolab-") as folder:
        tree = Path(folder) / "tree"
        archive = Path(folder) / "tree.tar"
        tree.mkdir()
        checkout.git("archive", "--format=tar", f"--output={archive}", commit)
        subprocess.run(["tar", "-xf", str(archive), "-C", str(tree)], env=surroundings.tools(), check=True)
        return wheel.build(tree)


def kernels_in(built: Path) -> list[str]:
    """Return the declared kernels that a wheel has at least in NumPy."""
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
    return [name for name in registry.KERNELS if f"eokernels/impl_numpy/{name}.py" in names]


def chosen_cases(kernels: Sequence[str], cases: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return kernel → cases of a history: the smoke cases and the sizes of the sweep, or exactly those that are named.

    Raises
    ------
    ValueError
        For a kernel or a case that there is not.
    """
    if cases:
        return planning.chosen_cases(kernels, "full", cases=cases)
    chosen = {}
    for kernel in (registry.get(name) for name in kernels or registry.KERNELS):
        wanted = {case.name for case in select(kernel.family, "smoke")} | set(sweep(kernel.family).cases.values())
        chosen[kernel.name] = tuple(case.name for case in CASES[kernel.family] if case.name in wanted)
    return chosen


def make_plan(of: Commit, cases: Mapping[str, tuple[str, ...]], processes: int, machine: str = "") -> planning.Plan:
    """Return the plan for one commit on a machine: its wheel, and of the cases those of the kernels that it has.

    Raises
    ------
    ValueError
        Where the commit has none of the kernels.
    """
    built = wheel_of(of.commit)
    present = {name: cases[name] for name in kernels_in(built) if name in cases}
    if not present:
        raise ValueError(f"commit: {of.commit[:8]} has none of {', '.join(cases)}")
    plan = planning.make_plan(present, "history", wheel.digest(built), processes, machine=machine)
    entries = {
        name: tuple(replace(e, arms=tuple(arm for arm in ARMS if arm in e.arms)) for e in mine)
        for name, mine in plan.kernels.items()
    }
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{of.commit[:8]}"
    return replace(plan, run_id=run_id, commit=of.commit, kernels=entries)


def earlier(plan: planning.Plan) -> Path | None:
    """Return the newest run directory of the same plan, finished or not."""
    return next(inventory.same(plan, RUNS), None)
