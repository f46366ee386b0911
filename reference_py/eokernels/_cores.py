"""Cores that this process may use: by its affinity, and by the quota of its control group.

Files are read as UTF-8, the one encoding that Python has from its start: to import another one during a call takes a
lock that a fork may inherit.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path


def usable_cores() -> int:
    """Return how many threads can run at once; more than that only wait for each other."""
    affine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affine, _quota()))


@lru_cache(maxsize=1)
def _quota() -> int:
    """Return the whole cores that the tightest control group above this process grants; many without one."""
    try:
        entries = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return 2**31
    granted = 2**31
    for entry in entries:
        _, controllers, path = entry.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup/cpu" if controllers else "/sys/fs/cgroup")
        here = root / path.lstrip("/")
        for group in (here, *here.parents):
            if group.is_relative_to(root):
                granted = min(granted, _granted(group, unified=not controllers))
    return granted


def _granted(group: Path, *, unified: bool) -> int:
    """Return the whole cores of one control group's quota."""
    try:
        if unified:
            quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota, period = [(group / f"cpu.cfs_{of}_us").read_text(encoding="utf-8") for of in ("quota", "period")]
        return max(1, int(quota) // int(period)) if int(quota) > 0 else 2**31
    except (OSError, ValueError):
        return 2**31
