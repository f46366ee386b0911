"""One process of a load: ``python -m benchmarks.gate.hog KIND SECONDS BYTES SEED``. It is busy for so long, and ends.

It says ``ready`` when its memory is there. The standard library is enough for it, so that it starts at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from time import monotonic, sleep

from benchmarks.environment.process import die_with_parent

CHUNK = 16 * 2**20
"""Bytes that are copied between two looks at the clock."""
TURNS = 10_000
BURST_S = 0.3
"""Mean length of a burst, and of the pause after it."""
SHORTEST_S, LONGEST_S = 0.02, 2.0


def spin(until: float) -> None:
    """Keep a core busy, and no memory."""
    while monotonic() < until:
        for _ in range(TURNS):
            pass


def copier(size: int) -> Callable[[float], None]:
    """Return what copies one half of so many bytes to the other, chunk by chunk, until a time."""
    held = memoryview(bytearray(b"\1") * max(2 * CHUNK, size))  # written to, as untouched pages are all one
    half = len(held) // 2

    def copy(until: float) -> None:
        at = 0
        while monotonic() < until:
            held[half + at : half + at + CHUNK] = held[at : at + CHUNK]
            at = at + CHUNK if at + 2 * CHUNK <= half else 0

    return copy


def in_bursts(work: Callable[[float], None], until: float, rng: Random) -> None:
    """Work and rest in turn, each for a drawn length."""
    while (now := monotonic()) < until:
        busy, idle = (min(max(rng.expovariate(1 / BURST_S), SHORTEST_S), LONGEST_S) for _ in range(2))
        work(min(until, now + busy))
        sleep(max(0.0, min(idle, until - monotonic())))


def main(arguments: list[str]) -> int:
    """Be busy as the arguments say."""
    die_with_parent()
    kind, seconds, size, seed = arguments
    until, rng = monotonic() + float(seconds), Random(int(seed))
    work = spin if kind == "cpu" else copier(int(size))
    print("ready", flush=True)
    if kind == "bursts":
        in_bursts(work, until, rng)
    else:
        work(until)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
