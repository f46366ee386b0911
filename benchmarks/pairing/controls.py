"""What the machine gave while a process measured: bandwidth, peak rates, floors, stolen and throttled time, load.

Controls say whether the machine was calm. No number is corrected by them.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from benchmarks.pairing import floor
from benchmarks.probes import bandwidth, compute
from benchmarks.spec import Kernel
from inputs.host import cores

STEAL_FIELD = 7


@dataclass(frozen=True)
class Controls:
    """One line of ``controls.jsonl``.

    Attributes
    ----------
    threads
        Cores that this process can use at once, as many as a case of all threads is given.
    online_cores, affine_cores, quota_cores
        Cores of the machine, those on which the process may run, and the cores' worth of time that the tightest quota
        of a control group grants, None without one.
    triad_1_gb_per_s, triad_2_gb_per_s, triad_all_gb_per_s
        Bandwidth on one, on two and on all threads.
    minmax_pairs_per_s, flop_per_s
        dtype → peak rate of one thread.
    flop_2_per_s, flop_all_per_s
        dtype → peak rate of two and of all threads together, whose ratio to `flop_per_s` is how far work that needs no
        memory can scale here.
    floor_s
        Implementation → seconds of a call on empty arrays; ``numba_dispatch`` is Numba's bare dispatch.
    steal_share
        Share of processor time that the hypervisor gave to others since the process began, 0–1, or why it is not known.
    quota_periods, throttled_periods, throttled_s
        Periods of the quota since the process began, those in which its threads were stopped because the quota was used
        up, and for how many seconds, added up over cores; or why it is not known. All are 0 without a quota.
    load_1min
        Load average at the end.
    seconds
        How long the process measured.
    ballast_bytes
        Memory that it held from the beginning, to have its arrays lie elsewhere than the last process's.
    """

    kernel: str
    process: int
    threads: int
    online_cores: int
    affine_cores: int
    quota_cores: float | None
    triad_1_gb_per_s: float
    triad_2_gb_per_s: float
    triad_all_gb_per_s: float
    minmax_pairs_per_s: dict[str, float]
    flop_per_s: dict[str, float]
    flop_2_per_s: dict[str, float]
    flop_all_per_s: dict[str, float]
    floor_s: dict[str, float]
    steal_share: float | str
    quota_periods: int | str
    throttled_periods: int | str
    throttled_s: float | str
    load_1min: float
    seconds: float
    ballast_bytes: int


class Throttled(NamedTuple):
    """The last three of a line's fields on quotas."""

    quota_periods: int | str
    throttled_periods: int | str
    throttled_s: float | str


class Watch:
    """Remembers the processor's counters at the beginning."""

    def __init__(self) -> None:
        self.began, self.ticks, self.stopped = monotonic(), _ticks(), cores.throttling()

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return monotonic() - self.began

    def steal_share(self) -> float | str:
        """Return the share of stolen time since the beginning, or why it is not known."""
        now = _ticks()
        if isinstance(now, str) or isinstance(self.ticks, str):
            return now if isinstance(now, str) else str(self.ticks)
        total = sum(now) - sum(self.ticks)
        return (now[STEAL_FIELD] - self.ticks[STEAL_FIELD]) / total if total else 0.0

    def throttled(self) -> Throttled:
        """Return how often this process's quota was used up since the beginning, or why it is not known."""
        now = cores.throttling()
        if not now:
            why = "unavailable: no control group of this process counts it"
            return Throttled(why, why, why)
        since = cores.throttled_since(self.stopped, now)
        return Throttled(since.periods, since.throttled, since.throttled_s)


def controls(kernel: Kernel, process: int, watch: Watch, ballast_bytes: int = 0) -> dict[str, Any]:
    """Measure the controls of one process."""
    throttled = watch.throttled()  # before the probes, which take two threads under any quota
    threads = cores.usable_cores()
    triad = bandwidth.triad(threads)
    flops = {dtype: compute.flop_per_s(dtype, threads) for dtype in compute.FLOP_DTYPES}
    record = Controls(
        kernel=kernel.name,
        process=process,
        threads=threads,
        online_cores=cores.online_cores(),
        affine_cores=cores.affine_cores(),
        quota_cores=cores.quota_cores(),
        triad_1_gb_per_s=triad.one,
        triad_2_gb_per_s=triad.two,
        triad_all_gb_per_s=triad.all,
        minmax_pairs_per_s={dtype: compute.minmax_pairs_per_s(dtype) for dtype in compute.MINMAX_DTYPES},
        flop_per_s={dtype: rate.one for dtype, rate in flops.items()},
        flop_2_per_s={dtype: rate.two for dtype, rate in flops.items()},
        flop_all_per_s={dtype: rate.all for dtype, rate in flops.items()},
        floor_s=floor.floors_s(kernel),
        steal_share=watch.steal_share(),
        **throttled._asdict(),
        load_1min=os.getloadavg()[0],
        seconds=watch.seconds,
        ballast_bytes=ballast_bytes,
    )
    return asdict(record)


def _ticks() -> list[int] | str:
    try:
        first = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0]
    except OSError as error:
        return f"unavailable: {error}"
    ticks = [int(field) for field in first.split()[1:9]]
    return ticks if len(ticks) > STEAL_FIELD else "unavailable: /proc/stat has no steal column"
