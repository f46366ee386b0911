"""What a time is held against: the wall per process, and the canary that tells a calm machine from a noisy one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Literal

from benchmarks.spec import Cost
from reports.read.rows import Control, Row
from reports.stats.run_ratio import run_ratio
from reports.stats.speedup import Interval, shared

CALM_TRIAD_RATIO = 1.0
"""On a calm machine two threads get at least the bandwidth of one, where there are two cores. How much more differs."""
CALM_TRIAD_SPREAD = 1.3
"""On a calm machine the ninth decile over processes of one thread's bandwidth is at most this many times the first."""
CALM_STEAL_SHARE = 0.02
CALM_THROTTLED_SHARE = 0.01
"""A thread that its control group stops stands still for up to a tenth of a second, in the middle of a call."""
CALM_LOAD_ABOVE_CORES = 0.5
"""A measured process keeps at most every core busy; what runs beside it shows as load above that."""

LimitKind = Literal["memory", "compute"]


@dataclass(frozen=True)
class Limit:
    """How near an arm comes to the least time that the machine allows; 1 is at the limit."""

    fraction: Interval
    kind: LimitKind


@dataclass(frozen=True)
class Canary:
    """The state of the machine during a run, in a word and in the numbers behind it.

    Attributes
    ----------
    state
        ``calm``, ``noisy``, or ``unknown`` where nothing was measured.
    triad_ratio, triad_ratio_low, triad_ratio_high
        Bandwidth of two threads ÷ one, per process: median, least and most.
    triad_spread
        Ninth decile over processes of the bandwidth of one thread ÷ first decile; None for a single process.
    triad_1_gb_per_s, triad_2_gb_per_s
        Medians over processes.
    steal_share
        Largest share of the processor's time that the hypervisor gave to others in any process, 0–1.
    throttled_share
        Largest share of the periods of a control group's quota in which any process was stopped, 0–1; 0 without.
    quota_cores
        Cores' worth of time that the quota grants; None without one.
    cores
        Usable cores.
    load, online_cores
        Median over processes of the load average at their end, and the cores of the machine, all of which it is about.
    processes
        Processes that measured it.
    """

    state: Literal["calm", "noisy", "unknown"]
    triad_ratio: float | None = None
    triad_ratio_low: float | None = None
    triad_ratio_high: float | None = None
    triad_spread: float | None = None
    triad_1_gb_per_s: float | None = None
    triad_2_gb_per_s: float | None = None
    steal_share: float | None = None
    throttled_share: float | None = None
    quota_cores: float | None = None
    load: float | None = None
    cores: int | None = None
    online_cores: int | None = None
    processes: int = 0

    @property
    def most_load(self) -> float:
        """The load of a calm machine at most."""
        return (self.online_cores or 0) + CALM_LOAD_ABOVE_CORES

    def disturbances(self) -> tuple[str, ...]:
        """Return which limits were passed: ``threads``, ``spread``, ``steal``, ``quota``, ``load``."""
        allowed = {
            "threads": self.triad_ratio is None or self.cores == 1 or self.triad_ratio >= CALM_TRIAD_RATIO,
            "spread": self.triad_spread is None or self.triad_spread <= CALM_TRIAD_SPREAD,
            "steal": self.steal_share is None or self.steal_share <= CALM_STEAL_SHARE,
            "quota": self.throttled_share is None or self.throttled_share <= CALM_THROTTLED_SHARE,
            "load": self.load is None or self.online_cores is None or self.load <= self.most_load,
        }
        return tuple(name for name, within in allowed.items() if not within)


def fraction_of_limit(row: Row, wall: Row | None, controls: Sequence[Control], cost: Cost) -> Limit | None:
    """Return the paired ratio limit ÷ arm, where the limit of a process is the longer of two times.

    The first is the wall that was measured beside the arm (the inputs read once, an output written). The second, for
    a kernel that declares operations, is those operations at the peak rate that this process measured, times the
    arm's threads. Where no peak rate was measured the wall alone is the limit.

    Parameters
    ----------
    row, wall
        Rows of the same kernel, case and group.
    controls
        Those of the kernel.
    cost
        The kernel's declared cost.

    Returns
    -------
    Limit or None
        None where the arm or the wall has no times.
    """
    if row.status != "ok" or wall is None or wall.status != "ok":
        return None
    compute_s = _compute_s(row, controls, cost)
    limit_s = {p: max(t, compute_s.get(p, 0.0)) for p, t in wall.samples_s.items()}
    reference, candidate = shared(limit_s, row.samples_s)
    if not reference:
        return None
    bound = sum(compute_s.get(p, 0.0) > t for p, t in wall.samples_s.items())
    kind: LimitKind = "compute" if 2 * bound > len(wall.samples_s) else "memory"
    return Limit(run_ratio(reference, candidate), kind)


def _compute_s(row: Row, controls: Sequence[Control], cost: Cost) -> Mapping[int, float]:
    """Return process → seconds that the declared operations take at that process's peak rate."""
    if cost.operations is None:
        return {}
    operations = cost.operations(row.measured_shape)
    peaks = {c.process: c.minmax_pairs_per_s if cost.unit == "min-max pair" else c.flop_per_s for c in controls}
    return {p: operations / (peak[row.dtype] * row.threads) for p, peak in peaks.items() if row.dtype in peak}


def canary(controls: Sequence[Control]) -> Canary:
    """Judge the machine by bandwidth of two threads and over processes, stolen and throttled time, load."""
    pairs = [
        (c.triad_1_gb_per_s, c.triad_2_gb_per_s)
        for c in controls
        if c.triad_1_gb_per_s is not None and c.triad_2_gb_per_s is not None
    ]
    steal = max((c.steal_share for c in controls if c.steal_share is not None), default=None)
    stopped = max((c.throttled_share for c in controls if c.throttled_share is not None), default=None)
    quota = min((c.quota_cores for c in controls if c.quota_cores is not None), default=None)
    loads = [c.load_1min for c in controls if c.load_1min is not None]
    load = median(loads) if loads else None
    cores = max((c.threads for c in controls if c.threads is not None), default=None)
    online = max((c.online_cores for c in controls if c.online_cores is not None), default=cores)
    if not pairs:
        return Canary(
            "unknown", steal_share=steal, throttled_share=stopped, quota_cores=quota, load=load, cores=cores,
            online_cores=online,
        )  # fmt: skip
    ratios = [two / one for one, two in pairs]
    ones = [one for one, _ in pairs]
    deciles = quantiles(ones, n=10, method="inclusive") if len(ones) > 1 else None
    found = Canary(
        state="calm",
        triad_ratio=median(ratios),
        triad_ratio_low=min(ratios),
        triad_ratio_high=max(ratios),
        triad_spread=deciles[-1] / deciles[0] if deciles else None,
        triad_1_gb_per_s=median(ones),
        triad_2_gb_per_s=median(two for _, two in pairs),
        steal_share=steal,
        throttled_share=stopped,
        quota_cores=quota,
        load=load,
        cores=cores,
        online_cores=online,
        processes=len(pairs),
    )
    return replace(found, state="noisy") if found.disturbances() else found
