"""The checkout and git: what differs from the commit, which commits there are, and on which branch.

What is measured is built from a commit. What measures is the checkout as it lies there, so a change of it that no
commit has makes numbers that nobody else can repeat: every run notes such changes, and who quotes it says so.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ROOT
from benchmarks.environment.jsonlines import append, read_raw
from benchmarks.environment.wheel import KEYED, SKIPPED_NAMES, SKIPPED_SUFFIXES
from inputs.host import surroundings

MEASURED = KEYED
"""What the wheel is built of."""
JUDGING = ("benchmarks", "inputs", "reports", "lab", "asv.conf.json", "requirements.lock")
"""What the numbers depend on beside the wheel."""
RESULTS = ("reports/runs", "reports/gates", "reports/latest", "reports/record")
"""What the lab writes there itself."""
NOTES = "checkout.jsonl"
"""File of a run directory: a line for each time at which it began, went on or ended."""
PLAIN = (
    *("-c", "core.ignoreStat=false", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"),
    *("-c", "core.sparseCheckout=false", "-c", "core.splitIndex=false"),
)
"""Settings with which git looks at every file, whatever the user has chosen for speed."""
MEND = "`git fetch --unshallow` fetches the rest"


def git(*arguments: str, **settings: str) -> str:
    """Return what git says in the checkout, or raise an OSError with what it complains about.

    A repository in a directory above is another one, such as that of a home directory in which a tarball was unpacked.

    Parameters
    ----------
    *arguments
        Of git.
    **settings
        Variables for git.
    """
    command = ["git", "-C", str(ROOT), "-c", "log.showSignature=false", *arguments]
    own = {"GIT_CEILING_DIRECTORIES": str(ROOT.parent), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **settings}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=surroundings.tools(**own), stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise OSError("git is not on the PATH") from None
    if "not a git repository" in done.stderr and done.returncode:
        raise OSError(f"git: {ROOT} is no checkout; commits are what is measured here, so clone the repository")
    if done.returncode:
        raise OSError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip("\n")


def changed(paths: Sequence[str], commit: str = "HEAD") -> dict[str, str]:
    """Return the files below some paths that a commit has not as they are, each with a digest of what it holds now.

    Files that git does not track or is told to ignore are among them, as the build and Python read them all the same;
    those that both pass over, such as bytecode, are not. Git's index is made anew for this, for in the user's a file
    can bear a mark that hides its changes.
    """
    with tempfile.TemporaryDirectory(prefix="eolab-") as folder:
        index = str(Path(folder) / "index")
        git(*PLAIN, "read-tree", commit, GIT_INDEX_FILE=index)
        said = git(
            *(*PLAIN, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching"),
            *("--", *paths),
            GIT_INDEX_FILE=index,
        )
    # Two letters: how the index differs from HEAD, which is another commit here, and how the file differs from it.
    names = (entry[3:].rstrip("/") for entry in said.split("\0") if entry and entry[1] != " ")
    return {name: _digest(ROOT / name) for name in sorted(names) if not _is_passed_over(name)}


def _is_passed_over(name: str) -> bool:
    path = Path(name)
    is_result = any(
        path.is_relative_to(folder) or name.startswith(f"reports/.{Path(folder).name}-") for folder in RESULTS
    )
    return is_result or bool(SKIPPED_NAMES & set(path.parts)) or name.endswith(SKIPPED_SUFFIXES)


def _digest(path: Path) -> str:
    if path.is_dir():
        return "a directory"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "not there"


def judges(name: str) -> bool:
    """Tell whether numbers depend on a file beside those that the wheel is built of."""
    return any(Path(name).is_relative_to(path) for path in JUDGING) and not _is_passed_over(name)


def listed(names: Iterable[str], most: int = 5) -> str:
    """Return names in one line, the first few of many."""
    found = list(names)
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def require_clean() -> None:
    """Raise a ValueError where what is measured differs from HEAD: asv builds the commit, not the working tree."""
    if found := changed(MEASURED):
        raise ValueError(
            f"working tree: {listed(found)} differ from HEAD, and asv measures the commit; commit them, or measure "
            "what is installed with `python -m lab time`. `git status --ignored` shows also files that git ignores"
        )


def note(run_dir: Path, planned: str = "") -> None:
    """Write into a run directory which files of the lab differ now from the commit at which the run was planned.

    Without `planned` that is the commit of the first note, which is then HEAD. A run that waits for another one begins
    later than it is planned, and the checkout may have moved on.
    """
    before = notes(run_dir)
    commit = str(before[0]["commit"]) if before else planned or git("rev-parse", "HEAD")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    append(run_dir / NOTES, {"time": now, "commit": commit, "changed": changed(JUDGING, commit)})


def notes(run_dir: Path) -> list[Mapping[str, object]]:
    """Return what `note` wrote into a run directory, the oldest first."""
    return list(read_raw(run_dir / NOTES))


def branch() -> str:
    """Return the branch that is checked out; where none is, one that has the commit, or else ``HEAD``."""
    if current := git("branch", "--show-current"):
        return current
    having = git("for-each-ref", "--contains=HEAD", "--format=%(refname:short)", "refs/heads").splitlines()
    return "main" if "main" in having else next(iter(having), "HEAD")


def edge() -> frozenset[str]:
    """Return the commits at which a shallow clone ends, for want of their parents; a whole one has none."""
    path = ROOT / git("rev-parse", "--git-path", "shallow")
    ends = path.read_text(encoding="ascii").split() if path.is_file() else ()
    return frozenset(commit for commit in ends if "\nparent " in git("cat-file", "commit", commit))


def lost(commit: str) -> str:
    """Return why the history that is here has no such commit, or nothing."""
    try:
        outside = git("rev-list", "--count", "--max-count=1", commit, "--not", "--all")
    except OSError:
        return f"this clone is shallow and lacks it; {MEND}" if edge() else "this repository lacks it"
    return "" if outside == "0" else "it is on no branch, as after `git commit --amend` or a rebase"
