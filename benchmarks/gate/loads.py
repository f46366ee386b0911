"""Loads that are put beside a measurement on purpose, to see what the gate says then. Each is bounded, and ends surely.

``cpu`` keeps every core busy. ``bandwidth`` is one process that copies within more memory than the last cache holds.
``bursts`` does the same on every core, on and off for drawn lengths. A load ends with its block, after its time, and
with the lab however that ends: `benchmarks.environment.keeper` keeps its processes.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from benchmarks import ROOT
from benchmarks.environment import keeper
from benchmarks.environment.process import MeasurementError
from inputs.host import cores, surroundings

Kind = Literal["cpu", "bandwidth", "bursts"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
UNKNOWN_CACHE_BYTES = 64 * 2**20
MOST_BYTES = 2**30
"""A load holds no more memory than this, and no more than a quarter of what is free."""
LONGEST_S = 1800.0
"""No load lasts longer."""
PATIENCE_S = 30.0
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Load:
    """A load: what it does, in how many processes, within how many bytes in all, and the seed of its lengths."""

    kind: Kind
    processes: int
    bytes_held: int
    seed: int

    @classmethod
    def of(cls, kind: str, seed: int = 0) -> Load:
        """Return the load of a kind on this machine, or raise a ValueError where there is no such kind."""
        wanted = named(kind)
        every = cores.usable_cores()
        held = 0 if wanted == "cpu" else streamed_bytes()
        return cls(wanted, 1 if wanted == "bandwidth" else every, held, seed)


class Running:
    """The processes of a load, maybe none."""

    def __init__(self, load: Load | None, processes: list[keeper.Kept]) -> None:
        self.load, self.processes = load, processes

    def ended(self) -> bool:
        """Tell whether any of it has ended by now."""
        return any(process.poll() is not None for process in self.processes)


def named(kind: str) -> Kind:
    """Return a kind of load, or raise a ValueError that says which there are."""
    if kind not in KINDS:
        raise ValueError(f"beside: was {kind!r}; accepted are {', '.join(KINDS)}")
    return kind


def streamed_bytes() -> int:
    """Return twice the last cache, within what a load may hold."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(2 * last_cache_bytes(), MOST_BYTES, free // 4)


def last_cache_bytes(caches: Path = CACHES) -> int:
    """Return the size of the largest cache that the system lists, or a guess where it lists none."""
    found = []
    for path in caches.glob("index*/size"):
        said = path.read_text(encoding="utf-8").strip()
        if said[-1:] in UNITS and said[:-1].isdecimal():
            found.append(int(said[:-1]) * UNITS[said[-1]])
    return max(found, default=UNKNOWN_CACHE_BYTES)


@contextmanager
def beside(load: Load | None, limit_s: float = LONGEST_S) -> Iterator[Running]:
    """Have a load run while the block does, or none.

    Parameters
    ----------
    load
        The load; None for none.
    limit_s
        When it ends by itself, at most `LONGEST_S`.

    Raises
    ------
    benchmarks.environment.process.MeasurementError
        Where it cannot begin.
    """
    started: list[keeper.Kept] = []
    try:
        if load is not None:
            started += (_started(load, min(limit_s, LONGEST_S)) for _ in range(load.processes))
        for process in started:
            _require_ready(process)
        yield Running(load, started)
    finally:
        for process in started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _started(load: Load, limit_s: float) -> keeper.Kept:
    size = load.bytes_held // load.processes
    command = [sys.executable, "-m", "benchmarks.gate.hog", load.kind, str(limit_s), str(size), str(load.seed)]
    return keeper.Kept(
        command, cwd=ROOT, env=surroundings.tools(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


def _require_ready(process: keeper.Kept) -> None:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], PATIENCE_S)[0]:
        raise MeasurementError(f"the load beside could not begin: not ready within {PATIENCE_S:.0f} s")
    said = process.stdout.readline()
    if said != b"ready\n":
        rest = (said + process.stdout.read()).decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise MeasurementError(f"the load beside could not begin: {rest[-1]}")
