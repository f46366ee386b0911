"""Memory of one call: what it takes above what the process held before, and the page faults of a warm call.

``python -m benchmarks.pairing.memory job.json`` runs in a process of its own, after the timing.
"""

from __future__ import annotations

import ctypes
import gc
import math
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import registry
from benchmarks.calls.binding import Absent, Bound, Target, bind, target
from benchmarks.environment.jsonlines import append
from benchmarks.environment.process import FIXED
from benchmarks.pairing.runlines import Line, MemoryLine, read_lines
from benchmarks.pairing.worker import Job, main
from benchmarks.probes.resident import rise_bytes
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find

M_MMAP_THRESHOLD = -3
SMALLEST_OWN_PAGES = 64 * 1024
ONE_CALL_S = 0.1
"""Arms that take longer are called once, for their peak alone."""
LONGEST_S = 1.0
"""Arms that take longer still are not called for their memory."""


def minor_faults(call: Callable[[], Any]) -> int:
    """Return the minor page faults of one call."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    call()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def peak_bytes(call: Callable[[], Any]) -> int | str:
    """Return by how many bytes one call raises the resident memory at its peak, or why this system cannot tell.

    For this call every array gets pages of its own: so a call that takes memory is seen to take it, and no more than
    it takes.
    """
    gc.collect()
    _own_pages(SMALLEST_OWN_PAGES)
    try:
        return rise_bytes(call)
    except OSError as error:
        return f"unavailable: {type(error).__name__}: {error}"
    finally:
        _own_pages(int(FIXED["MALLOC_MMAP_THRESHOLD_"]))


def _own_pages(threshold: int) -> None:
    """Ask glibc to take blocks from `threshold` bytes up from the system one by one."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, threshold)


def measure_arm(kernel: Kernel, arm: str, onto: Target, whole_s: float) -> MemoryLine:
    """Return the memory line of one arm, whose call on the whole case takes about `whole_s`."""
    name = onto.case.name
    found = bind(kernel, arm, onto)
    if isinstance(found, Absent):
        return MemoryLine(name, arm, "skipped", found.reason)
    if whole_s > LONGEST_S:
        return MemoryLine(name, arm, "skipped", f"a call takes about {whole_s:.0f} s")
    return _measure_bound(found, name, whole_s)


def _measure_bound(bound: Bound, case: str, whole_s: float) -> MemoryLine:
    try:
        if whole_s > ONE_CALL_S:
            unknown = f"unavailable: a call takes about {whole_s:.1f} s, and only its peak was measured"
            return MemoryLine(case, bound.arm, "ok", "", peak_bytes(bound.call), unknown)
        bound.call()
        faults = minor_faults(bound.call)
        return MemoryLine(case, bound.arm, "ok", "", peak_bytes(bound.call), faults)
    except Exception as error:  # whatever an implementation raises is its failure, not the measurement's
        return MemoryLine(case, bound.arm, "failed", f"{type(error).__name__}: {error}")


def _whole_s(lines: list[Line], case: Case, arm: str) -> float:
    """Estimate the time of a call on the whole case from the timing lines, 0 where there are none."""
    for line in lines:
        outcome = line.arms.get(arm)
        if line.case == case.name and outcome is not None and outcome.time_s is not None:
            return outcome.time_s * math.prod(case.shape) / math.prod(line.shape)
    return 0.0


def run(job: Job) -> None:
    """Measure the memory of every arm on every case of a job, and write a line for each."""
    from inputs.real.cubes import Unavailable

    kernel = registry.get(job.kernel)
    lines = read_lines(Path(job.run_dir), job.kernel)
    path = Path(job.run_dir) / f"{job.kernel}.memory.jsonl"
    for name in job.cases:
        case = find(kernel.family, name)
        try:
            onto = target(kernel, case)
        except Unavailable as missing:
            for arm in job.arms:
                append(path, MemoryLine(name, arm, "skipped", f"no data: {missing}"))
            continue
        for arm in job.arms:
            append(path, measure_arm(kernel, arm, onto, _whole_s(lines, case, arm)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], run))
