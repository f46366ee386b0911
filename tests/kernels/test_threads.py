"""Threads of compiled kernels: no more than cores, nobody waits for a stranger's work, none to be had is an error."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from threading import Event, Thread

import pytest
from busy import COMPILED, arrays, calls, keywords, long_call

from benchmarks import registry

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
STACK, IMAGE = (40, 160, 170), (1024, 1100)
several_cores = pytest.mark.skipif(CORES < 2, reason="one core: no kernel starts a thread")

COUNT = """
import os, sys
import numpy as np
from benchmarks import registry

mean = registry.resolve(registry.get("temporal_mean"), {arm!r})
x = np.random.default_rng(0).random((9, 400, 500), dtype="float32")
expected = mean(x, num_threads=1).tobytes()
before = len(os.listdir("/proc/self/task"))
for threads in [*range(2, 34), 10**9]:
    assert mean(x, num_threads=threads).tobytes() == expected, threads
more = len(os.listdir("/proc/self/task")) - before
sys.exit(0 if more < max(2, len(os.sched_getaffinity(0))) else f"{{more}} threads more")
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
@pytest.mark.parametrize("arm", COMPILED)
def test_threads_do_not_pile_up(arm: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(arm=arm)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arm", COMPILED)
@pytest.mark.parametrize("kernel", registry.KERNELS)
def test_any_number_of_threads_gives_the_same_bits(kernel: str, arm: str) -> None:
    declared = registry.get(kernel)
    shape = STACK if declared.dimensions.over_time else IMAGE
    call = calls(declared, arm, shape, next(iter(declared.contract.dtypes)))
    expected = call(num_threads=1)
    for threads in (2, 3, 33, 10**9, 2**63 - 1):
        assert call(num_threads=threads) == expected, threads


@several_cores
@pytest.mark.parametrize("arm", COMPILED)
def test_short_calls_are_not_held_up_by_a_long_one(arm: str) -> None:
    """They are done by their own thread when the others are busy: many of them while one long call runs."""
    kernel = registry.get("normalized_difference")
    long, _ = long_call(kernel, arm)
    short = calls(kernel, arm, IMAGE, "float32")
    expected = short(num_threads=2)
    thread = Thread(target=long, kwargs={"num_threads": 2})
    thread.start()
    time.sleep(0.05)
    finished = 0
    start = time.monotonic()
    while thread.is_alive():
        assert short(num_threads=2) == expected
        finished += 1
    took = time.monotonic() - start
    assert finished >= 10, f"{finished} short calls in {took:.2f} s"


CALLERS, ALTERNATIONS, CALLING_S, ATTEMPTS = 8, 7, 0.15, 3


def calls_per_s(call: Callable[..., object], threads: int) -> float:
    """Return how many calls a second that many threads finish, each of which asks for `threads`."""
    stop, finished = Event(), [0] * CALLERS

    def work(caller: int) -> None:
        while not stop.is_set():
            call(num_threads=threads)
            finished[caller] += 1

    callers = [Thread(target=work, args=(caller,)) for caller in range(CALLERS)]
    start = time.monotonic()
    for caller in callers:
        caller.start()
    time.sleep(CALLING_S)
    stop.set()
    for caller in callers:
        caller.join()
    return sum(finished) / (time.monotonic() - start)


@several_cores
@pytest.mark.slow
@pytest.mark.parametrize("arm", COMPILED)
@pytest.mark.parametrize("name", ["evi", "temporal_median"])
def test_eight_callers_with_two_threads_finish_as_much_as_with_one(name: str, arm: str) -> None:
    """As dask calls them. Other work on the machine disturbs a comparison, so one of several has to hold."""
    kernel = registry.get(name)
    function = registry.resolve(kernel, arm)
    assert function is not None
    shape = (24, 300, 300) if kernel.dimensions.over_time else (900, 900)
    call = partial(function, *arrays(kernel, shape, "float32"), **keywords(kernel, shape, "float32"))
    call(num_threads=2)
    ratios = []
    for _ in range(ATTEMPTS):
        pairs = [(calls_per_s(call, 2), calls_per_s(call, 1)) for _ in range(ALTERNATIONS)]
        ratios.append(median(two / one for two, one in pairs))
        if ratios[-1] >= 0.9:
            return
    pytest.fail(f"with two threads each, eight callers finish {ratios} times as many calls")


MEMORY = """
import resource, sys
import numpy as np
from eokernels import temporal_mean

x, out = np.ones((9, 400, 500), "float32"), np.zeros((400, 500), "float32")
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * resource.getpagesize()
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
# Less than a thread's stack.
resource.setrlimit(resource.RLIMIT_AS, (now + 2**20, hard))
try:
    temporal_mean(x, out=out, num_threads=2)
except MemoryError as error:
    assert str(error).startswith("num_threads is 2; 1 beside"), error
else:
    sys.exit("a thread was started")
temporal_mean(x, out=out, num_threads=1)
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
assert (out == 1).all() and (x == 1).all()
out[:] = 0
temporal_mean(x, out=out, num_threads=2)
assert (out == 1).all()
"""


@several_cores
@pytest.mark.skipif(not os.path.isfile("/proc/self/statm"), reason="the limit is set by what /proc says is used")
def test_a_thread_that_cannot_be_started_is_a_memory_error() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
