"""One process that counts: ``python -m benchmarks.counting.worker job.json``, under a tool of valgrind or under none.

It calls each implementation until it is warm, then once while the tool counts. Under no tool it only calls: so Numba
compiles at full speed what the counting processes then find in its cache.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks import registry
from benchmarks.calls.binding import Absent, Target, bind, target
from benchmarks.counting.counts import Subject, small_case
from benchmarks.counting.requests import Asked, Request, Valgrind
from benchmarks.environment.jsonlines import append
from benchmarks.environment.process import die_with_parent
from benchmarks.environment.wheel import is_refused

Tool = Literal["", "callgrind", "massif"]
ANSWERS = "answers.jsonl"
WARM_CALLS = 3
MARGIN_BYTES = 2**20


@dataclass(frozen=True)
class Job:
    """What a process counts: with which tool, of which wheel, into which directory, and what."""

    tool: Tool
    digest: str
    folder: str
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Answer:
    """What became of an implementation on a case: why it was not counted, or '', and its bytes under massif."""

    kernel: str
    arm: str
    case: str
    reason: str = ""
    simd: str = ""
    allocated_bytes: int | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Heap:
    """What massif says of the heap: bytes allocated and freed until now, bytes held, and the most that were held."""

    moved: int
    held: int
    most: int


def read_heap(path: Path) -> Heap:
    """Read massif's snapshots, of which the last is that of now."""
    rows = [line.partition("=") for line in path.read_text(encoding="utf-8").splitlines()]
    moved = [int(value) for name, _, value in rows if name == "time"]
    held = [int(value) for name, _, value in rows if name == "mem_heap_B"]
    return Heap(max(moved), held[moved.index(max(moved))], max(held))


class Counter:
    """What counts a call, by the tool that this process runs under."""

    def __init__(self, job: Job) -> None:
        self.job, self.folder = job, Path(job.folder)
        self.valgrind = Valgrind() if job.tool else None
        self.ballast: list[ctypes.Array[ctypes.c_char]] = []

    def count(self, subject: Subject, call: Callable[[], Any]) -> dict[str, int]:
        """Call once while the tool counts; return what is known of it here."""
        gc.collect()
        gc.disable()
        try:
            if self.valgrind is None:
                return {}
            if self.job.tool == "callgrind":
                return self._instructions(self.valgrind, " ".join(subject), call)
            return self._bytes(self.valgrind, "-".join(subject), call)
        finally:
            gc.enable()

    def _instructions(self, valgrind: Valgrind, name: str, call: Callable[[], Any]) -> dict[str, int]:
        start, stop, dump = Asked(Request.START), Asked(Request.STOP), Asked(Request.DUMP_AT, name)
        tell, begin, end = valgrind.tell, start.address, stop.address
        tell(begin)
        call()
        tell(end)
        tell(dump.address)
        return {}

    def _bytes(self, valgrind: Valgrind, name: str, call: Callable[[], Any]) -> dict[str, int]:
        """Count bytes. Ballast makes this call's peak the highest of the process, the only one that massif keeps.

        The snapshots are read when all are made: to read takes memory too.
        """
        paths = [self.folder / f"{name}.{moment}" for moment in ("now", "before", "after", "whole")]
        kinds = ("all_snapshots", "snapshot", "snapshot", "all_snapshots")
        now, first, second, last = (
            Asked(Request.MONITOR, f"{kind} {path}") for kind, path in zip(kinds, paths, strict=True)
        )
        tell = valgrind.tell
        tell(now.address)
        heap = read_heap(paths[0])
        self.ballast.append(ctypes.create_string_buffer(heap.most - heap.held + MARGIN_BYTES))
        tell(first.address)
        answer = call()
        tell(second.address)
        tell(last.address)
        del answer
        before, after, whole = (read_heap(path) for path in paths[1:])
        allocated = (after.moved - before.moved + after.held - before.held) // 2
        return {"allocated_bytes": allocated, "peak_bytes": max(whole.most, after.held) - before.held}


def answer(counter: Counter, subject: Subject, onto: Target) -> Answer:
    """Count one implementation; whatever goes wrong in it is the answer."""
    kernel, arm, case = subject
    found = bind(registry.get(kernel), arm, onto)
    if isinstance(found, Absent):
        return Answer(kernel, arm, case, found.reason)
    try:
        for _ in range(WARM_CALLS):
            found.call()
        return Answer(kernel, arm, case, "", simd(), **counter.count(subject, found.call))
    except Exception as error:  # whatever an implementation raises is its failure, not the count's
        return Answer(kernel, arm, case, f"{type(error).__name__}: {error}")


def simd() -> str:
    """Return the instruction set that the imported package says it takes, or nothing."""
    import eokernels

    info: Mapping[str, Any] = getattr(eokernels, "build_info", dict)()
    return str(info.get("simd", ""))


def main(path: str) -> int:
    """Count what a job says, and write a line for each."""
    die_with_parent()
    raw = json.loads(Path(path).read_text(encoding="utf-8"))
    job = Job(**{**raw, "subjects": tuple(map(tuple, raw["subjects"]))})
    if is_refused(job.digest):
        return 1
    counter = Counter(job)
    for name, case in dict.fromkeys((kernel, case) for kernel, _, case in job.subjects):
        kernel = registry.get(name)
        onto = target(kernel, small_case(kernel, case))
        for subject in (one for one in job.subjects if (one[0], one[2]) == (name, case)):
            append(counter.folder / ANSWERS, asdict(answer(counter, subject, onto)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
