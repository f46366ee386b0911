"""The smoke of one kernel in a place: verified, measured through asv, reported, and judged by what is on the disk."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from places import Place, Ran, Wrong

KERNEL = "normalized_difference"
VERIFY = ("verify", KERNEL, "-i", "rust", "-d", "int16")
RUN = ("run", KERNEL, "--case", "f32_64", "--processes", "1")
REPORT = ("report",)
FILES = ("index.html", "report.md", "results.csv", "summary.json")
IN_HOME = re.compile(r"\.asv-machine\.json(\.unreadable)?|\.cache/.*")
"""Files that may be left in a home directory: asv's list of machines, one for all checkouts, and caches of packages."""


@dataclass(frozen=True)
class Smoke:
    """The smoke of one kernel: what its verbs said, and the run directory."""

    verified: Ran
    ran: Ran
    reported: Ran
    run_dir: Path


def good(ran: Ran, code: int = 0) -> Ran:
    """Return a command that ended as it must, without a traceback, or raise."""
    if ran.code != code:
        raise Wrong(f"{ran.name}: exit code {ran.code}, and {code} is right", ran)
    if "Traceback" in ran.text:
        raise Wrong(f"{ran.name} shows a traceback", ran)
    return ran


def refused(ran: Ran, *words: str) -> str:
    """Return the sentence with which a command refused, with exit code 2 and these words in it, or raise."""
    lines = [line for line in good(ran, 2).text.splitlines() if line.strip()]
    said = lines[-1]
    if len([line for line in lines if line.startswith("error: ")]) != 1 or not said.startswith("error: "):
        raise Wrong(f"{ran.name} does not end with one sentence", ran)
    if missing := [word for word in words if word not in said]:
        raise Wrong(f"{ran.name} does not say {', '.join(missing)}", ran)
    return said


def smoke(place: Place) -> Smoke:
    """Verify, run and report one kernel, and judge exit codes and all that is on the disk."""
    before = set(runs(place))
    verified = good(place.lab(*VERIFY))
    if " 0 failed" not in verified.text:
        raise Wrong("the verification does not say that nothing failed", verified)
    ran = good(place.lab(*RUN))
    (run_dir,) = set(runs(place)) - before
    require_whole(run_dir, ran)
    reported = good(place.lab(*REPORT))
    _require_readable(place.checkout / "reports" / "latest", run_dir, reported)
    left = [str(path.relative_to(place.home)) for path in place.home.rglob("*") if path.is_file()]
    if wrong := [name for name in left if not IN_HOME.fullmatch(name)]:
        raise Wrong(f"left in the home directory: {', '.join(wrong)}")
    return Smoke(verified, ran, reported, run_dir)


def runs(place: Place) -> list[Path]:
    """Return the run directories of a checkout."""
    folder = place.checkout / "reports" / "runs"
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def require_whole(run_dir: Path, ran: Ran) -> None:
    """Raise where a run is not complete, or a process of it has shown a traceback."""
    receipt = json.loads((run_dir / "receipt.json").read_text(encoding="utf-8"))
    if receipt["problems"] or "complete" not in ran.text or "not complete" in ran.text:
        raise Wrong(f"the run is not complete: {receipt['problems']}", ran)
    lines = (run_dir / f"{KERNEL}.jsonl").read_text(encoding="utf-8").splitlines()
    if not [arm for line in lines for arm in json.loads(line)["arms"].values() if arm["status"] == "ok"]:
        raise Wrong("the run has no time", ran)
    for log in (*run_dir.glob("*.log"), *run_dir.glob("jobs/*.log")):
        said = log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said and "KeyboardInterrupt" not in said:  # which is how an interrupted process ends
            raise Wrong(f"a traceback is in {log.name}", Ran((f"cat {log}",), 0, log.read_bytes()))


def _require_readable(report: Path, run_dir: Path, ran: Ran) -> None:
    for name in FILES:
        try:
            text = (report / name).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Wrong(f"{name} is no file in UTF-8: {error}", ran) from None
        if KERNEL not in text:
            raise Wrong(f"{name} does not name the kernel", ran)
    if "×" not in (report / "report.md").read_text(encoding="utf-8"):
        raise Wrong("report.md has lost its signs of multiplication", ran)
    if run_dir.name not in (report / "summary.json").read_text(encoding="utf-8"):
        raise Wrong("the report is not of this run", ran)
