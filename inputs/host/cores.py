"""What the processor really gives this process: fewer cores than there are, and of those only a share of the time.

An affinity (``taskset``, cpusets, a batch system) leaves a process some cores. A quota of a control group (containers)
leaves it so much processor time in every period, and stops its threads for the rest of a period once that is used up.
The functions take the root of the file system, so that they can be tried on a tree of files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/")


@dataclass(frozen=True)
class Throttling:
    """How often the threads of a control group were stopped because its quota was used up.

    Attributes
    ----------
    periods
        Periods of the quota in which the group worked; none without a quota.
    throttled
        Those of them in which it was stopped.
    throttled_s
        Seconds for which it was stopped, added up over cores.
    """

    periods: int
    throttled: int
    throttled_s: float

    @property
    def share(self) -> float:
        """Throttled periods ÷ periods, 0 where there were none."""
        return self.throttled / self.periods if self.periods else 0.0


NEVER = Throttling(0, 0, 0.0)


def online_cores() -> int:
    """Return the cores of the machine, whoever may use them."""
    return os.cpu_count() or 1


def affine_cores() -> int:
    """Return the cores on which this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else online_cores()


def quota_cores(root: Path = SYSTEM) -> float | None:
    """Return how many cores' worth of time the tightest control group around this process grants, None for no limit."""
    return min((quota for group in _groups(root) if (quota := _quota(group)) is not None), default=None)


def granted_cores(root: Path = SYSTEM) -> float:
    """Return the cores' worth of time that affinity and quota grant together; half a core is 0.5."""
    quota = quota_cores(root)
    return affine_cores() if quota is None else min(affine_cores(), quota)


def usable_cores(root: Path = SYSTEM) -> int:
    """Return how many threads can work at once: what "all threads" means everywhere in the lab."""
    return max(1, math.floor(granted_cores(root)))


def throttling(root: Path = SYSTEM) -> dict[str, Throttling]:
    """Return the counters of each control group around this process, by its directory; without control groups none."""
    found = {str(group): _counters(group) for group in _groups(root)}
    return {group: counted for group, counted in found.items() if counted is not None}


def throttled_since(before: Mapping[str, Throttling], now: Mapping[str, Throttling]) -> Throttling:
    """Return what happened between two readings in the group that was stopped the most."""
    passed = (
        Throttling(new.periods - old.periods, new.throttled - old.throttled, new.throttled_s - old.throttled_s)
        for group, new in now.items()
        if (old := before.get(group)) is not None
    )
    return max(passed, key=lambda one: (one.share, one.periods), default=NEVER)


def _groups(root: Path) -> Iterator[Path]:
    """Yield the control groups of this process that can have a quota, each with those that it lies in.

    In a container the path that the system names may not be there; its root then is the container's own group.
    """
    mounted = root / "sys/fs/cgroup"
    for entry in _lines(root / "proc/self/cgroup"):
        _, controllers, path = (*entry.split(":", 2), "", "")[:3]
        if not path or (controllers and "cpu" not in controllers.split(",")):
            continue
        names = (controllers, "cpu") if controllers else ("unified", ".")
        top = next((mounted / name for name in names if (mounted / name).is_dir()), None)
        if top is None:
            continue
        parts = [part for part in path.split("/") if part]
        below = parts if ".." not in parts else []  # another namespace's name for a group that is not to be seen
        yield from (group for n in range(len(below), -1, -1) if (group := top.joinpath(*below[:n])).is_dir())


def _quota(group: Path) -> float | None:
    """Return the cores' worth of time that one control group grants: version 2 in one file, version 1 in two."""
    said = " ".join(_lines(group / "cpu.max")).split()
    if not said:
        said = [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    try:
        quota, period = map(int, said)
    except ValueError:  # "max", or nothing
        return None
    return quota / period if quota > 0 and period > 0 else None


def _counters(group: Path) -> Throttling | None:
    said = dict(line.split(maxsplit=1) for line in _lines(group / "cpu.stat") if " " in line)
    try:
        microseconds = int(said["throttled_usec"]) if "throttled_usec" in said else int(said["throttled_time"]) / 1e3
        return Throttling(int(said["nr_periods"]), int(said["nr_throttled"]), microseconds / 1e6)
    except (KeyError, ValueError):
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
