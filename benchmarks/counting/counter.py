"""Counts what calls take, in a few processes under valgrind, and keeps only what does not depend on the process.

Each tool runs twice, each time over all implementations: a start costs more than a count. What the two runs do not
agree on is excluded, with both numbers. All that a count could depend on is fixed: the addresses (no randomisation),
Python's hashes, the processor that Numba compiles for, and the instructions that Rust takes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import ROOT, registry
from benchmarks.counting.counts import SIMD, Count, Subject, counted_case, settled
from benchmarks.counting.worker import ANSWERS, Answer, Job, Tool
from benchmarks.environment import keeper
from benchmarks.environment.cause import sentence
from benchmarks.environment.jsonlines import read_raw
from benchmarks.environment.lock import one_at_a_time
from benchmarks.environment.process import environment
from inputs.host.cache import cache_dir

RUNS = 2
PATIENCE_S = 1200.0
NOT_INSTALLED = "valgrind is not installed"
FIXED = {
    "EOKERNELS_SIMD": SIMD,
    "PYTHONHASHSEED": "0",
    # Numba would else ask for the processor, compile for more than valgrind knows, and count otherwise elsewhere.
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "",
}
OPTIONS: dict[Tool, tuple[str, ...]] = {
    "": (),
    "callgrind": ("--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file={folder}/callgrind.out"),
    "massif": ("--tool=massif", "--time-unit=B", "--heap-admin=0", "--peak-inaccuracy=0.0", "--depth=1",
               "--massif-out-file={folder}/massif.out"),
}  # fmt: skip
DUMPED = re.compile(r"^desc: Trigger: Client Request: (\S+) (\S+) (\S+)$.*?^totals: (\d+)$", re.M | re.S)

LARGER_ALONE = "bytes are counted on the larger case alone"


def missing() -> str:
    """Return why nothing can be counted here, or nothing."""
    return "" if shutil.which("valgrind") else NOT_INSTALLED


def count(subjects: Sequence[Subject], digest: str, package: Path | None = None) -> list[Count]:
    """Count one call of each (kernel, implementation, case) of a wheel; bytes on the larger case of a kernel alone.

    Parameters
    ----------
    subjects
        What is counted.
    digest, package
        Of the wheel, and the directory in which it lies unpacked; None for what is installed.
    """
    larger = tuple(one for one in subjects if one[2] == counted_case(registry.get(one[0])).name)
    with one_at_a_time():
        _run(Job("", digest, "", tuple(subjects)), package)
        counted = [_run(Job("callgrind", digest, "", tuple(subjects)), package) for _ in range(RUNS)]
        held = [_run(Job("massif", digest, "", larger), package) for _ in range(RUNS)] if larger else []
    return [
        Count(
            one[0],
            one[2],
            one[1],
            digest,
            counted[0].simd.get(one, ""),
            settled(run.instructions[one] for run in counted),
            settled(run.allocated_bytes[one] for run in held) if one in larger else LARGER_ALONE,
            settled(run.peak_bytes[one] for run in held) if one in larger else LARGER_ALONE,
        )
        for one in subjects
    ]


class Run:
    """What one process found, each subject's number or the reason why there is none."""

    def __init__(self, job: Job, answers: dict[Subject, Answer], dumped: dict[Subject, int], ended: str) -> None:
        def found(one: Subject, number: int | None) -> int | str:
            answer = answers.get(one)
            if answer is None:
                return ended
            return answer.reason or (f"{job.tool} told no number of it" if number is None else number)

        self.simd = {one: answer.simd for one, answer in answers.items()}
        self.instructions = {one: found(one, dumped.get(one)) for one in job.subjects}
        self.allocated_bytes = {
            one: found(one, answers[one].allocated_bytes if one in answers else None) for one in job.subjects
        }
        self.peak_bytes = {one: found(one, answers[one].peak_bytes if one in answers else None) for one in job.subjects}


def _run(job: Job, package: Path | None) -> Run:
    with TemporaryDirectory(prefix="eolab-counting-") as made:
        folder = Path(made)
        (folder / "job.json").write_text(json.dumps({**asdict(job), "folder": made}), encoding="utf-8")
        ended = _process(job, folder, package)
        answers = [Answer(**raw) for raw in read_raw(folder / ANSWERS)]
        return Run(job, {(one.kernel, one.arm, one.case): one for one in answers}, dict(dumps(folder)), ended)


def _process(job: Job, folder: Path, package: Path | None) -> str:
    """Run the worker to its end, and return how it ended in a sentence."""
    variables = {**environment(cache_dir(), job.digest, os.environ), **FIXED}
    if package is not None:
        variables["PYTHONPATH"] = str(package)
    options = [one.format(folder=folder) for one in OPTIONS[job.tool]]
    command = [*(["valgrind", *options] if job.tool else []), sys.executable, "-m", "benchmarks.counting.worker"]
    log = folder / "log"
    with log.open("wb") as said:
        child = keeper.Kept(
            _at_fixed_addresses([*command, str(folder / "job.json")]), cwd=ROOT, env=variables,
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            code = child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return f"its process did not end within {PATIENCE_S:.0f} s"
        finally:
            child.kill()
            child.wait()
    return f"its process ended with {code}: {sentence(log.read_text(encoding='utf-8', errors='replace'))}"


def _at_fixed_addresses(command: list[str]) -> list[str]:
    """Return the command with no randomisation of addresses, where the system has the tool for it."""
    return ["setarch", "-R", *command] if shutil.which("setarch") else command


def dumps(folder: Path) -> Iterator[tuple[Subject, int]]:
    """Yield what callgrind dumped: (kernel, implementation, case) and its instructions."""
    for path in sorted(folder.glob("callgrind.out.*")):
        found = DUMPED.search(path.read_text(encoding="utf-8", errors="replace"))
        if found:
            yield (found[1], found[2], found[3]), int(found[4])
