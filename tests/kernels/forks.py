"""Forks a process again and again while its threads compute: ``python forks.py KERNEL ARM FORKS PATIENCE_S``.

One thread computes medians of ever new lengths, one the kernel itself on two threads. Every child calls the kernel on
one thread and on two, and ends with 0 if both answers have the right bits. Ends with how many children did not.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import cycle
from threading import Event, Thread

import numpy as np
from busy import calls

from benchmarks import registry

LENGTHS = range(33, 300)
SHAPES = {"rust": ((40, 50, 64), (300, 400)), "numba": ((40, 160, 170), (1024, 1100))}
"""Of stacks and of images: more elements than an implementation leaves to one thread when it has two."""


def work(call: Callable[[], object], stop: Event) -> None:
    while not stop.is_set():
        call()


def child(call: Callable[..., bytes], expected: bytes) -> None:
    """Answer, and never return."""
    status = 1
    try:
        status = 0 if all(call(num_threads=threads) == expected for threads in (1, 2)) else 1
    finally:
        os._exit(status)


def give_up(*_: object) -> None:
    raise TimeoutError


def outcome(process: int, patience_s: int) -> str:
    """Return what became of a child: nothing to say, or what went wrong."""
    signal.alarm(patience_s)
    try:
        status = os.waitpid(process, 0)[1]
    except TimeoutError:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return "hung"
    finally:
        signal.alarm(0)
    return "" if status == 0 else f"ended with {status}"


def main(name: str, arm: str, forks: int, patience_s: int) -> int:
    """Return how many children did not answer."""
    kernel = registry.get(name)
    stack, image = SHAPES[arm]
    call = calls(kernel, arm, stack if kernel.dimensions.over_time else image, next(iter(kernel.contract.dtypes)))
    expected = call(num_threads=1)
    assert call(num_threads=2) == expected
    median = registry.resolve(registry.get("temporal_median"), arm)
    assert median is not None
    lengths = cycle(LENGTHS)
    stop = Event()
    signal.signal(signal.SIGALRM, give_up)
    load = [lambda: median(np.ones((next(lengths), 24, 32), np.float32)), lambda: call(num_threads=2)]
    load[0]()  # compiles
    threads = [Thread(target=work, args=(one, stop)) for one in load]
    for thread in threads:
        thread.start()
    failures = []
    for i in range(forks):
        process = os.fork()
        if process == 0:
            child(call, expected)
        failures.append(outcome(process, patience_s))
        if failures[-1]:
            print(f"child {i}: {failures[-1]}", flush=True)
        if failures.count("hung") > 2:
            break
    stop.set()
    for thread in threads:
        thread.join()
    assert call(num_threads=2) == expected, "the parent's answer differs afterwards"
    return sum(map(bool, failures))


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])), 100))
