"""What the system did to a process while it timed: how long it waited for a core, and which pages it had to get."""

from __future__ import annotations

import resource
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

SCHEDULED = Path("/proc/thread-self/schedstat")
NANOSECOND = 1e-9


class Usage(NamedTuple):
    """Sums since a process began, or over its timed blocks.

    Attributes
    ----------
    seconds
        Time that passed.
    waited_s
        Time in which the thread that calls was ready and another had its core; None where the system does not tell.
    minor_faults, major_faults
        Pages that the process was given, and those that had to be read from the disk first.
    """

    seconds: float = 0.0
    waited_s: float | None = 0.0
    minor_faults: int = 0
    major_faults: int = 0

    def since(self, before: Usage) -> Usage:
        """Return what came to it after an earlier look."""
        return Usage(
            self.seconds - before.seconds,
            None if self.waited_s is None or before.waited_s is None else self.waited_s - before.waited_s,
            self.minor_faults - before.minor_faults,
            self.major_faults - before.major_faults,
        )

    def and_(self, more: Usage) -> Usage:
        """Return the sum of both."""
        return Usage(
            self.seconds + more.seconds,
            None if self.waited_s is None or more.waited_s is None else self.waited_s + more.waited_s,
            self.minor_faults + more.minor_faults,
            self.major_faults + more.major_faults,
        )

    def told(self) -> dict[str, Any]:
        """Return what is kept of it, by the names of `benchmarks.gate.lines.Side`."""
        waited = None if self.waited_s is None or not self.seconds else self.waited_s / self.seconds
        return {"waited_share": waited, "minor_faults": self.minor_faults, "major_faults": self.major_faults}


def now() -> Usage:
    """Look at this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(monotonic(), _waited_s(), used.ru_minflt, used.ru_majflt)


def _waited_s() -> float | None:
    try:
        return int(SCHEDULED.read_text(encoding="utf-8").split()[1]) * NANOSECOND
    except (OSError, IndexError, ValueError):
        return None
