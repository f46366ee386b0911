"""The limits a time is held against: the wall, bandwidth, compute rates, the floor of a call.

The loops are Numba and live in the lab: Rust would rewind with the measured commit. They are plain functions, compiled
when they are first asked for, since asv imports this package where Numba may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from time import perf_counter_ns
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Scaling:
    """A rate on one thread, on two together and on all of the machine together."""

    one: float
    two: float
    all: float


@cache
def compiled(function: Callable[..., Any], *, contract: bool = False, reassociate: bool = False) -> Callable[..., Any]:
    """Return a plain loop compiled by Numba, without the GIL and cached on disk.

    `contract` allows fused multiply-add, `reassociate` sums in any order. Neither is ever used for a kernel.
    """
    import numba

    from inputs.host.cache import cache_dir

    flags = {name for name, wanted in (("contract", contract), ("reassoc", reassociate)) if wanted}
    settings: Any = numba.config
    kernels_code = settings.CACHE_DIR
    settings.CACHE_DIR = str(cache_dir() / "numba" / "probes")  # the kernels' code lies apart for each wheel
    try:
        decorate = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=flags or False)
        loop: Callable[..., Any] = decorate(function)
    finally:
        settings.CACHE_DIR = kernels_code
    return loop


def ranges(count: int, parts: int, multiple: int = 1) -> tuple[tuple[int, int], ...]:
    """Split ``range(count)`` into at most `parts` ranges of nearly one length, each a multiple of `multiple`."""
    step = max(multiple, -(-count // parts // multiple) * multiple)
    return tuple((start, min(start + step, count)) for start in range(0, count, step)) or ((0, 0),)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="probe")


def spread(work: Callable[[int, int], Any], parts: tuple[tuple[int, int], ...]) -> None:
    """Call `work` on every range, the first on this thread and each other on a thread of its own."""
    if len(parts) == 1:
        work(*parts[0])
        return
    others = [_pool(len(parts) - 1).submit(work, *part) for part in parts[1:]]
    work(*parts[0])
    for other in others:
        other.result()


def in_turn(work: Callable[[int], Any], counts: Sequence[int], repeats: int) -> dict[int, float]:
    """Return number of threads → seconds of ``work(threads)``: the lower quartile of calls that take turns."""
    times_ns: dict[int, list[int]] = {threads: [] for threads in counts}
    for _ in range(repeats + 1):
        for threads, collected in times_ns.items():
            start = perf_counter_ns()
            work(threads)
            collected.append(perf_counter_ns() - start)
    return {threads: float(np.quantile(found[1:], 0.25)) * 1e-9 for threads, found in times_ns.items()}
