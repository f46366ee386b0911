"""What a name that somebody types means: a run, a commit, a machine or a record, and one implementation of it.

In this order: a path; ``latest``; ``COMMIT@MACHINE`` or ``COMMIT@TABLE``; the beginning of a run's name or of a commit,
a machine or a table of the record, of which exactly one must fit; whatever git knows, such as ``HEAD~1``. Of a commit
its newest run counts, else what asv has kept of it. What stands behind a last colon is an implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.runs import history, inventory
from benchmarks.spec import Kernel
from reports.read.asvrun import read_asv
from reports.read.jsonio import read_json
from reports.read.load import read_run
from reports.read.places import HASH, SHORT, Candidate, Places
from reports.read.recorded import read_record
from reports.read.rows import Run

LATEST = "latest"
SHOWN = 6
"""Most candidates that an error lists."""


class Sources:
    """Finds and reads what is compared; what was read once is the same object when it is named again."""

    def __init__(self, kernels: Mapping[str, Kernel], places: Places | None = None) -> None:
        self.kernels, self.places = kernels, places or Places()
        self.known: dict[tuple[Path, str], Run] = {}

    def find(self, argument: str, given: str) -> tuple[Run, str]:
        """Return the run that a name means, and the implementation behind its colon, empty without one.

        Parameters
        ----------
        argument
            What the name is called in errors.
        given
            The name.

        Raises
        ------
        ValueError
            Where it means nothing, several things or something that cannot be read; candidates are listed.
        """
        name, colon, arm = (given, "", "") if Path(given).exists() else _split(given)
        found = self._candidate(argument, name)
        try:
            run = self._read(found)
        except ValueError as error:
            raise ValueError(f"{argument}: {found.what}: {error}") from None
        arms = list(dict.fromkeys(cell.implementation for cell in run.plan))
        if colon and arm not in arms:
            raise ValueError(f"{argument}: implementation was {arm!r}; {found.what} has {', '.join(arms) or 'none'}")
        return run, arm

    def _read(self, found: Candidate) -> Run:
        key = found.path.resolve(), found.commit
        if key not in self.known:
            if found.path.is_dir():
                self.known[key] = read_run(found.path, self.kernels)
            elif found.path.suffix == ".csv" or "commits" in read_json(found.path, "record"):
                self.known[key] = read_record(found.path, self.kernels, found.commit)
            else:
                self.known[key] = read_asv(found.path, self.kernels)
        return self.known[key]

    def _candidate(self, argument: str, name: str) -> Candidate:
        """Return what a name means, or raise a ValueError that lists what it may mean or what there is."""
        path = Path(name)
        if name and ((path / "plan.json").is_file() or (path.suffix in {".csv", ".json"} and path.is_file())):
            return Candidate(str(path), path)
        if name == LATEST:
            return self.places.latest()
        commit, at, where = name.rpartition("@")
        if at and commit and where and not where.startswith("{"):  # with a brace it is git's way to name a time
            candidates = self._at(argument, commit, where)
        else:
            candidates = self._named(name) if name else []
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            more = f", and {len(candidates) - SHOWN} more" if len(candidates) > SHOWN else ""
            said = "; ".join(candidate.what for candidate in candidates[:SHOWN])
            raise ValueError(f"{argument}: {name!r} may be {said}{more}; write more of the one that is meant")
        raise ValueError(f"{argument}: was {name!r}, {self._nothing(name)}")

    def _named(self, name: str) -> Sequence[Candidate]:
        places = self.places
        found = [*places.runs_named(name), *places.tables_named(name), *places.machines_named(name)]
        return [*found, *places.commits_named(name)] or places.commits_named(_by_git(name))

    def _at(self, argument: str, name: str, where: str) -> Sequence[Candidate]:
        """Return what there is of a commit on a machine, or in a table of the record."""
        machines = self.places.machines()
        fitting = [m for m in machines if m == where] or [m for m in machines if m.startswith(where)]
        commit = name if HASH.fullmatch(name) else _by_git(name)
        tables = self.places.tables_named(where, commit)
        if tables and commit:
            return tables
        if len(fitting) != 1:
            raise ValueError(f"{argument}: machine was {where!r}; there are {', '.join(machines) or 'none'}")
        found = self.places.commits_named(commit, fitting[0])
        if not found:
            raise ValueError(f"{argument}: commit was {name!r}; {fitting[0]} has no run of it and no result of asv's")
        return found

    def _nothing(self, name: str) -> str:
        """Say that a name means nothing, and what would."""
        commit = _by_git(name)
        if commit:
            how = f"`python -m lab history --commit {commit[:SHORT]}` measures it"
            return f"commit {commit[:SHORT]}, which has neither a run nor a result of asv's; {how}"
        runs = [path.name for place in self.places.runs for path in inventory.newest_first(place)]
        there = [f"the runs {', '.join(runs[:3])}"] if runs else []
        there += [f"the machines {', '.join(self.places.machines())}"] if self.places.machines() else []
        accepted = f"{LATEST}, a run, a commit of 4 digits or more, COMMIT@MACHINE, a machine, a table of the record"
        return f"which is none of these: {accepted}; there are {' and '.join(there) or 'no runs yet'}"


def _split(given: str) -> tuple[str, str, str]:
    """Return name, colon and implementation."""
    name, colon, arm = given.rpartition(":")
    return (name, colon, arm) if colon else (given, "", "")


def _by_git(name: str) -> str:
    """Return the commit that git knows by a name, empty where there is none."""
    try:
        return history.commit(name).commit if name and not name.startswith("-") else ""
    except OSError:
        return ""
