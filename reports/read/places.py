"""Where runs, asv's results and the record lie, and what of it a name may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT
from benchmarks.asv.resultfiles import unread
from benchmarks.environment import lock
from benchmarks.runs import history, inventory, planning
from benchmarks.runs.planning import Plan
from reports.read.asvfiles import MACHINE, result_files, whole_files
from reports.read.jsonio import read_json

SHORT = 8
"""Length at which commits are written, and that of them in the names of asv's files."""
HASH = re.compile(r"[0-9a-f]{4,40}")


@dataclass(frozen=True)
class Candidate:
    """Something that a name may mean: what it is, what to read, and of a table of several commits which one."""

    what: str
    path: Path
    commit: str = ""


@dataclass(frozen=True)
class Places:
    """Directories of runs, of asv's results and of the record; of several the first that has a commit counts."""

    runs: tuple[Path, ...] = (planning.RUNS, history.RUNS)
    results: tuple[Path, ...] = (planning.ASV_RESULTS, history.RESULTS, ROOT / "reports" / "record" / "asv")
    record: Path = ROOT / "reports" / "record"

    def latest(self) -> Candidate:
        """Return the newest run that has measured something, of the first directory."""
        found = inventory.newest(self.runs[0])[0]
        return Candidate(f"run {found.run_dir.name}", found.run_dir)

    def runs_named(self, name: str) -> list[Candidate]:
        """Return the run that is called so, or those whose names begin so."""
        known = [path for place in self.runs for path in inventory.newest_first(place)]
        found = [path for path in known if path.name == name] or [path for path in known if path.name.startswith(name)]
        return [Candidate(f"run {path.name}", path) for path in found]

    def tables_named(self, name: str, commit: str = "") -> list[Candidate]:
        """Return the table of the record that is called so, with its suffix or without; a receipt stands for it."""
        path = self.record / f"{name.removesuffix('.csv').removesuffix('.json')}.csv"
        of = f"commit {commit[:SHORT]} of " if commit else ""
        return [Candidate(f"{of}{path.name}", path, commit)] if path.is_file() else []

    def machines(self) -> list[str]:
        """Return the machines of which asv has results, by name."""
        return sorted({path.parent.name for place in self.results for path in place.glob(f"*/{MACHINE}")})

    def machines_named(self, name: str) -> list[Candidate]:
        """Return the newest commit of the machine that is called so, in the first directory that has any of it."""
        for place in self.results:
            files = whole_files(place / name) if name in self.machines() else []
            if files:
                newest = max(files, key=lambda path: (read_json(path).get("date", 0), path.stat().st_mtime))
                return [Candidate(f"{name}, asv's {newest.name}", newest)]
        return []

    def commits_named(self, name: str, machine: str = "") -> list[Candidate]:
        """Return the newest run of each commit that begins so, and asv's file of it where there is no run.

        There is one for each machine of which asv has a commit.
        """
        if not HASH.fullmatch(name):
            return []
        found = {plan.commit: candidate for plan, candidate in self._newest_runs(name, machine)}
        kept: dict[tuple[str, str], Candidate] = {}
        for commit, path in self._asv_files(name, machine):
            if commit not in found:
                what = f"commit {commit[:SHORT]}@{path.parent.name}, asv's {path.name}"
                kept.setdefault((commit, path.parent.name), Candidate(what, path))
        return [*found.values(), *kept.values()]

    def _newest_runs(self, name: str, machine: str) -> Iterator[tuple[Plan, Candidate]]:
        """Yield each commit's newest run that has measured something; of its places the first that has any counts."""
        done: set[str] = set()
        for place in self.runs:
            known = [(plan, run_dir) for run_dir in inventory.newest_first(place) if (plan := _plan(run_dir))]
            known = [(p, d) for p, d in known if p.commit.startswith(name) and machine in {"", p.machine}]
            for plan, run_dir in known:
                if plan.commit not in done and inventory.look(run_dir, lock.holder()).begun:
                    done.add(plan.commit)
                    number = sum(other.commit == plan.commit for other, _ in known)
                    newest = f", the newest of {number}" if number > 1 else ""
                    yield plan, Candidate(f"commit {plan.commit[:SHORT]}, run {run_dir.name}{newest}", run_dir)

    def _asv_files(self, name: str, machine: str) -> Iterator[tuple[str, Path]]:
        """Yield commits that begin so with asv's files of them, the first place first, of a place the newest first."""
        for place in self.results:
            folders = sorted(path.parent for path in place.glob(f"{machine or '*'}/{MACHINE}"))
            named = [path for folder in folders for path in result_files(folder) if path.name.startswith(name[:SHORT])]
            for path in sorted(named, key=lambda path: path.stat().st_mtime, reverse=True):
                commit = "" if unread(path) else str(read_json(path).get("commit_hash", ""))
                if commit.startswith(name):
                    yield commit, path


def _plan(run_dir: Path) -> Plan | None:
    try:
        return Plan.load(run_dir)
    except ValueError:
        return None
