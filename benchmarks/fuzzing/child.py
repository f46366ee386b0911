"""The process that makes the calls and may die of one: ``python -m benchmarks.fuzzing.child job.json``."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import json
import mmap
import struct
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import registry
from benchmarks.environment.jsonlines import append
from benchmarks.fuzzing.calls import Calls, described
from benchmarks.fuzzing.judge import rule

MOST_FINDINGS = 10
WARM_SHARE, LEAST_WARM = 0.5, 500
"""In the warm-up the caches fill that a process has: pools of threads, selection networks by number of dates."""
LEAK_BYTES = 4 * 2**20
"""Growth of resident memory after the warm-up that is no leak: page counters, arenas of threads, fragmentation."""
LEAK_OBJECTS = 2000


@dataclass(frozen=True)
class Job:
    """Calls number `first` to `first + calls` of a kernel and a seed.

    Attributes
    ----------
    kernel
        Name of the declaration.
    function
        ``module:function`` of what is called.
    seed, first, calls
        Which calls.
    sample
        Every so manieth call is held against another implementation and the oracle.
    folder
        Where findings, the number of the running call and the tally go.
    """

    kernel: str
    function: str
    seed: int
    first: int
    calls: int
    sample: int
    folder: str

    @property
    def findings(self) -> Path:
        """File of findings, a line each."""
        return Path(self.folder) / f"{self.kernel}.findings.jsonl"

    @property
    def progress(self) -> Path:
        """File of eight bytes: the number of the call that is running."""
        return Path(self.folder) / f"{self.kernel}.progress"

    @property
    def tally(self) -> Path:
        """File of the tally, written at the end."""
        return Path(self.folder) / f"{self.kernel}.{self.first}.tally.json"


@dataclass(frozen=True)
class Tally:
    """What a process did: calls by what came of them, and by how much memory and objects grew after the warm-up."""

    calls: int = 0
    accepted: int = 0
    compared: int = 0
    grown_bytes: int = 0
    grown_objects: int = 0
    seconds: float = 0.0

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))


def load(function: str) -> Callable[..., Any]:
    """Return the function that ``module:function`` names."""
    module, _, attribute = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def run(job: Job) -> Tally:
    """Make the calls, and write a line for each finding as it comes."""
    kernel, function = registry.get(job.kernel), load(job.function)
    reference = registry.resolve(kernel, "numpy")
    calls, tally, found, started = Calls(kernel, job.seed), Tally(), 0, time.perf_counter()
    warm = max(LEAST_WARM, int(job.calls * WARM_SHARE))
    before = None
    with job.progress.open("r+b") as file, mmap.mmap(file.fileno(), 8) as running:
        for index in range(job.first, job.first + job.calls):
            running[:] = struct.pack("q", index)
            call = calls.draw(index)
            # The first call of a campaign may be asked for alone, to look at it again: then everything is compared.
            compared = reference if index % job.sample == 0 or job.calls == 1 else None
            ruling = rule(kernel, function, call, None if call.large else compared)
            tally = replace(
                tally,
                calls=tally.calls + 1,
                accepted=tally.accepted + ruling.accepted,
                compared=tally.compared + ruling.compared,
            )
            for detail in ruling.findings:
                append(job.findings, {"index": index, "detail": detail, "call": described(call)})
            found += bool(ruling.findings)
            if found >= MOST_FINDINGS:
                break
            if tally.calls == warm:
                before = _held()
    if before is not None and tally.calls > warm:
        after = _held()
        tally = replace(tally, grown_bytes=after[0] - before[0], grown_objects=after[1] - before[1])
        _leaks(job, tally, tally.calls - warm)
    return replace(tally, seconds=time.perf_counter() - started)


def _leaks(job: Job, tally: Tally, calls: int) -> None:
    """Write a finding where memory or Python objects grew with the calls."""
    if tally.grown_bytes > LEAK_BYTES:
        detail = f"resident memory grew by {tally.grown_bytes / 2**20:.1f} MiB over {calls} calls after the warm-up"
        append(job.findings, {"index": -1, "detail": detail, "call": "all of them"})
    if tally.grown_objects > max(LEAK_OBJECTS, calls // 20):
        detail = f"{tally.grown_objects} blocks of Python memory more after {calls} calls"
        append(job.findings, {"index": -1, "detail": detail, "call": "all of them"})


def _held() -> tuple[int, int]:
    """Return resident bytes (0 where the system does not tell) and Python's memory blocks, free memory given back."""
    gc.collect()
    blocks, statm = sys.getallocatedblocks(), Path("/proc/self/statm")
    if not statm.is_file():
        return 0, blocks
    ctypes.CDLL(None).malloc_trim(0)
    return int(statm.read_text(encoding="utf-8").split()[1]) * mmap.PAGESIZE, blocks


def main(argument: str) -> int:
    """Run a job; a warning is an error, because no call may warn."""
    from benchmarks.environment.process import die_with_parent

    die_with_parent()
    faulthandler.enable()
    warnings.simplefilter("error")
    job = Job(**json.loads(Path(argument).read_text(encoding="utf-8")))
    tally = run(job)
    job.tally.write_text(json.dumps(asdict(tally)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
