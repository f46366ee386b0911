"""How an implementation begins: importing, compiling, the first call, and the least that a call costs.

``python -m benchmarks.pairing.starts job.json`` starts a fresh process for every number, since a process begins only
once. Numba's are started with an empty cache directory, which shows the price of compiling, and then with the directory
that this has filled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import ROOT, registry
from benchmarks.calls.binding import Absent, bind, target
from benchmarks.environment.cause import sentence
from benchmarks.environment.jsonlines import append
from benchmarks.environment.process import environment
from benchmarks.pairing import floor
from benchmarks.pairing.runlines import StartLine
from benchmarks.pairing.small_calls import small_cases
from benchmarks.pairing.worker import Job, main
from benchmarks.spec import Kernel

FRESH_PROCESSES = 2
"""Of their times the least counts: whatever else a starting process waits for has nothing to do with the arm."""
COMPILED = ("numba",)
PATIENCE_S = 300.0
TIMES = ("import_s", "first_s", "warm_s", "floor_s", "dispatch_s")


def begin(kernel: Kernel, arm: str) -> StartLine:
    """Import an implementation, call it for the first time and again; this process must not have seen it before."""
    onto = target(kernel, small_cases(kernel)[0])
    began = perf_counter()
    try:
        registry.resolve(kernel, arm)
        imported = perf_counter()
        found = bind(kernel, arm, onto)
        if isinstance(found, Absent):
            return StartLine(arm, "skipped", found.reason)
        before = perf_counter()
        found.call()
        first_s = perf_counter() - before
        warm_s = floor.call_s(found.call)
        floors = floor.floors_s(kernel, (arm,), dispatch=arm in COMPILED)
    except Exception as error:  # whatever an implementation raises is its failure, not the measurement's
        return StartLine(arm, "failed", f"{type(error).__name__}: {error}")
    empty = floors.get(arm), floors.get(floor.DISPATCH)
    return StartLine(arm, "ok", "", imported - began, None, first_s, warm_s, *empty)


def measure(kernel: Kernel, arm: str, wheel_digest: str) -> StartLine:
    """Return how an implementation begins, from fresh processes."""
    from inputs.host.cache import cache_dir

    again = partial(_in_process, kernel, arm, wheel_digest)
    if arm not in COMPILED:
        return _least([again(cache_dir()) for _ in range(FRESH_PROCESSES)])
    with tempfile.TemporaryDirectory(prefix="eolab-start-") as empty:
        cold = again(Path(empty))
        warm = _least([again(Path(empty)) for _ in range(FRESH_PROCESSES)])
    return warm if cold.status != "ok" or warm.status != "ok" else replace(warm, compile_s=cold.first_s)


def _in_process(kernel: Kernel, arm: str, wheel_digest: str, cache: Path) -> StartLine:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pairing.starts", kernel.name, arm],
        cwd=ROOT,
        env=environment(cache, wheel_digest, os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        return StartLine(arm, "failed", f"its process ended with {done.returncode}: {sentence(done.stderr)}")
    return StartLine.parse(json.loads(done.stdout.splitlines()[-1]))


def _least(lines: Sequence[StartLine]) -> StartLine:
    """Return the least of each time; what did not go well in one process did not go well."""
    for line in lines:
        if line.status != "ok":
            return line
    known = {name: [getattr(line, name) for line in lines] for name in TIMES}
    least: dict[str, Any] = {name: None if None in times else min(times) for name, times in known.items()}
    return replace(lines[0], **least)


def run(job: Job) -> None:
    """Measure how the implementations of a job's kernel begin, and write a line for each."""
    kernel = registry.get(job.kernel)
    for arm in job.arms:
        append(Path(job.run_dir) / f"{kernel.name}.start.jsonl", measure(kernel, arm, job.wheel_digest))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(asdict(begin(registry.get(sys.argv[1]), sys.argv[2]))))
    else:
        sys.exit(main(sys.argv[1], run))
