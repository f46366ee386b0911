"""Starts the processes that make the calls, sees them die, and goes on behind the call that killed one."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import ROOT, registry
from benchmarks.environment import keeper
from benchmarks.environment.cause import cause
from benchmarks.environment.jsonlines import read_raw
from benchmarks.environment.process import MeasurementError, environment
from benchmarks.environment.wheel import installed_digest
from benchmarks.fuzzing.child import MOST_FINDINGS, Job, Tally
from inputs.host.cache import cache_dir

HANG_S = 120.0
"""A process that has been at one call for so long is ended; the call hangs."""
MOST_DEATHS = 3
SAMPLE = 20


@dataclass(frozen=True)
class Finding:
    """What was wrong, and the call with which it shows again; a number below 0 is of all calls together."""

    kernel: str
    seed: int
    index: int
    detail: str
    call: str = ""

    @property
    def again(self) -> str:
        """The command that makes this one call again."""
        if self.index < 0:
            return ""
        return f"python -m lab fuzz --kernel {self.kernel} --seed {self.seed} --first {self.index} --calls 1"


@dataclass(frozen=True)
class Campaign:
    """So many calls of a kernel; `function` is ``module:function``, the Rust one where it is empty."""

    kernel: str
    calls: int
    seed: int
    first: int = 0
    sample: int = SAMPLE
    function: str = ""


def wage(wanted: Campaign, notify: Callable[[int], None] = lambda _done: None) -> tuple[Tally, list[Finding]]:
    """Make the calls in processes of their own, and return what came of them.

    Parameters
    ----------
    wanted
        Which calls. After a crash the next process goes on with the call behind it.
    notify
        Told now and then how many calls are done.

    Raises
    ------
    benchmarks.environment.process.MeasurementError
        If a process ends with an error of the lab's own.
    """
    function = wanted.function or ":".join(registry.location(registry.get(wanted.kernel), "rust"))
    tally, findings, deaths = Tally(), [], 0
    first, end = wanted.first, wanted.first + wanted.calls
    with tempfile.TemporaryDirectory(prefix="lab-fuzz-") as folder:
        while first < end and deaths < MOST_DEATHS:
            job = Job(wanted.kernel, function, wanted.seed, first, end - first, wanted.sample, folder)
            died_at, how = _run(job, lambda index: notify(index - wanted.first))
            if how:
                findings.append(Finding(wanted.kernel, wanted.seed, died_at, how))
                tally = tally.plus(Tally(calls=died_at + 1 - first))
                first, deaths = died_at + 1, deaths + 1
                continue
            tally = tally.plus(Tally(**json.loads(job.tally.read_text(encoding="utf-8"))))
            break
        raw = read_raw(job.findings)
    return tally, findings + [Finding(wanted.kernel, wanted.seed, **line) for line in raw[:MOST_FINDINGS]]


def _run(job: Job, notify: Callable[[int], None]) -> tuple[int, str]:
    """Run a job in a process, and return the call at which it died and how; no way of dying where it did not."""
    path = Path(job.folder) / "job.json"
    path.write_text(json.dumps(asdict(job)), encoding="utf-8")
    job.progress.write_bytes(struct.pack("q", job.first))
    log = Path(job.folder) / "child.log"
    with log.open("ab") as output:
        child = keeper.Kept(
            [sys.executable, "-m", "benchmarks.fuzzing.child", str(path)],
            cwd=ROOT,
            env=environment(cache_dir(), installed_digest(), os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            hung = _watch(child, job, notify)
        finally:
            child.kill()
            child.wait()
    at = _running(job)
    if hung:
        return at, f"had not returned after {HANG_S:.0f} s"
    if child.returncode < 0:
        return at, f"died of {signal.Signals(-child.returncode).name}"
    if child.returncode:
        said = cause(log.read_text(encoding="utf-8", errors="replace"))
        raise MeasurementError(f"fuzzing of {job.kernel} broke at call {at}; it said:\n{said}")
    return at, ""


def _watch(child: subprocess.Popen[bytes], job: Job, notify: Callable[[int], None]) -> bool:
    """Wait for a process, and tell whether it had to be given up."""
    seen, since = -1, time.monotonic()
    while True:
        try:
            child.wait(timeout=0.2)
            return False
        except subprocess.TimeoutExpired:
            pass
        if (at := _running(job)) != seen:
            seen, since = at, time.monotonic()
            notify(at)
        elif time.monotonic() - since > HANG_S:
            return True


def _running(job: Job) -> int:
    (index,) = struct.unpack("q", job.progress.read_bytes()[:8])
    return int(index)
