"""Threads of the Numba kernels: nobody waits for a helper that has not begun, forks and interrupts are answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from eokernels.impl_numba import _threads, temporal_mean

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LONGEST_S = 120


@pytest.fixture
def cores(monkeypatch):
    """Four cores to share work between, whatever the machine has, and a pool of this test's own."""
    monkeypatch.setattr(_threads, "usable_cores", lambda: 4)
    monkeypatch.setattr(_threads, "_POOLS", {})
    monkeypatch.setattr(_threads, "SERIAL_BELOW", 1)
    yield
    for pool in _threads._POOLS.values():
        pool.executor.shutdown()
        assert not pool.lent


def run_child(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("threads", [1, 2, 3, 9])
@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_slices_cover_the_work_once(cores, threads, count):
    hits = np.zeros(count, int)

    def part(start, stop):
        hits[start:stop] += 1

    _threads.share(part, count, threads, 2**26)
    assert (hits == 1).all()


def test_what_no_helper_has_begun_is_taken_back(cores):
    release, begun = threading.Event(), threading.Barrier(4)

    def block(start, stop):
        if threading.current_thread() is not main and not release.is_set():  # its first piece
            begun.wait()
            release.wait()

    main = threading.Thread(target=_threads.share, args=(block, 64, 4, 2**26))
    main.start()
    begun.wait()  # all helpers are busy, and stay so
    ran_in = set()
    began = time.perf_counter()
    _threads.share(lambda start, stop: ran_in.add(threading.current_thread()), 64, 4, 2**26)
    took = time.perf_counter() - began
    release.set()
    main.join()
    assert ran_in == {threading.current_thread()}
    assert took < 5, "the call waited for the other one's helpers"


def test_a_caller_works_alone_and_in_one_piece_while_others_keep_the_cores_busy(cores):
    ended, begun, pieces = threading.Event(), threading.Barrier(5), []

    def hold(start, stop):
        begun.wait()
        ended.wait()

    main = threading.Thread(target=_threads.share, args=(hold, 4, 4, 2**22))
    main.start()
    begun.wait()  # the caller and three helpers
    _threads.share(lambda start, stop: pieces.append((start, stop)), 64, 4, 2**22)
    ended.set()
    main.join()
    assert pieces == [(0, 64)]


def test_there_is_one_pool_of_as_many_threads_as_cores_but_one(cores):
    before = threading.active_count()
    for threads in range(2, 34):
        _threads.share(lambda start, stop: time.sleep(0.0005), 64, threads, 2**26)
    assert len(_threads._POOLS) == 1
    assert threading.active_count() - before <= 3


def test_errors_of_a_helper_reach_the_caller_and_stop_the_others(cores):
    calls, caller = [], threading.current_thread()

    def part(start, stop):
        calls.append(start)
        if threading.current_thread() is not caller:
            raise MemoryError("1 byte cannot be had")
        time.sleep(0.01)

    with pytest.raises(MemoryError, match="1 byte"):
        _threads.share(part, 10_000, 3, 2**36)
    assert len(calls) < 1000


def test_threads_that_cannot_be_started_are_a_memory_error(cores, monkeypatch):
    def fail(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(MemoryError, match="num_threads"):
        _threads.share(lambda start, stop: None, 64, 3, 2**26)
    monkeypatch.undo()
    _threads.share(lambda start, stop: None, 64, 3, 2**26)


class Asked(Exception):
    """What a handler of signals raises."""


@pytest.mark.parametrize("threads", [1, 3])
def test_the_error_of_a_signal_handler_ends_a_call_soon(cores, threads):
    def interrupt(*_):
        raise Asked("now")

    busy, before = [], signal.signal(signal.SIGUSR1, interrupt)

    def part(start, stop):
        busy.append(1)
        try:
            time.sleep(0.02)
        finally:
            busy.pop()

    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    began = time.perf_counter()
    try:
        timer.start()
        with pytest.raises(Asked, match="now"):
            _threads.share(part, 1000, threads, 2**36)
        assert not busy, "a slice still runs"
        assert time.perf_counter() - began < 5, "20 s of work went on"
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


INTERRUPTED = """
import importlib, os, signal, threading, time
import numpy as np
kernel = getattr(importlib.import_module("eokernels.impl_numba"), {kernel!r})
small = np.ones((min({dates}, 3_000_000), *[1 for n in {pixels}]), np.uint16)
kernel(small)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
x = np.broadcast_to(small[:1], ({dates}, *{pixels}))
sent = []
def send():
    time.sleep(0.3)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=send).start()
try:
    kernel(x, num_threads={threads})
except KeyboardInterrupt:
    print(time.perf_counter() - sent[0])
else:
    print("the call ended by itself")
"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("kernel", "dates", "pixels"),
    [
        ("temporal_mean", 73, (20_000, 5_000)),
        ("temporal_stats", 73, (20_000, 5_000)),
        ("temporal_median", 73, (20_000, 5_000)),
        ("temporal_median", 1000, (20_000, 5_000)),
        ("temporal_mean", 2_000_000_000, ()),
        ("temporal_stats", 2_000_000_000, ()),
        ("temporal_median", 200_000_000, (1,)),
    ],
)
def test_an_interrupt_ends_a_long_call(kernel, dates, pixels, threads):
    """Within 0.2 s on a machine at rest; here other tests may run, so that the limit is ten times that."""
    said = run_child(INTERRUPTED.format(kernel=kernel, dates=dates, pixels=pixels, threads=threads)).strip()
    assert float(said) < 2


FORKS = """
import os, threading, time
import numpy as np
from eokernels import impl_numba as ek
from eokernels.impl_numba import _threads
_threads.usable_cores = lambda: 3
import eokernels._admit
eokernels._admit.usable_cores = lambda: 3
stack = np.random.default_rng(0).random((9, 300, 500), dtype="float32")
calls = [
    lambda: ek.temporal_median(stack, num_threads=3), lambda: ek.temporal_mean(stack, num_threads=3),
    lambda: ek.temporal_stats(stack, num_threads=3)[1],
    lambda: ek.normalized_difference(stack, stack[::-1], num_threads=3),
]
expected = [call().tobytes() for call in calls]
stop = False
def load(k):
    while not stop:
        calls[k % len(calls)]()
threads = [threading.Thread(target=load, args=(k,)) for k in range(4)]
for thread in threads:
    thread.start()
hung = wrong = 0
for k in range(120):
    child = os.fork()
    if child == 0:
        os._exit(0 if calls[k % len(calls)]().tobytes() == expected[k % len(calls)] else 1)
    end = time.monotonic() + 20
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            wrong += status != 0
            break
        if time.monotonic() > end:
            os.kill(child, 9)
            os.waitpid(child, 0)
            hung += 1
            break
        time.sleep(0.001)
stop = True
for thread in threads:
    thread.join()
assert not hung and not wrong, f"{hung} of 120 hung, {wrong} were wrong"
"""


def test_children_forked_under_load_have_threads_of_their_own():
    run_child(FORKS)


def test_out_holds_whole_slices_after_an_interrupt(cores, monkeypatch):
    """What is written is right, and the next call is not disturbed."""
    stack = np.random.default_rng(0).random((5, 400, 400), dtype=np.float32)
    expected, out = temporal_mean(stack), np.full((400, 400), -1, np.float32)
    original = _threads._Work.run
    taken = []

    def interrupted(self):
        function = self.function

        def counted(start, stop):
            if len(taken) == 2:
                raise KeyboardInterrupt
            taken.append(start)
            function(start, stop)

        self.function = counted
        original(self)

    monkeypatch.setattr(_threads._Work, "run", interrupted)
    monkeypatch.setattr(_threads, "SLICE", 2**15)
    with pytest.raises(KeyboardInterrupt):
        temporal_mean(stack, out=out)
    monkeypatch.undo()
    written = out != -1
    assert 0 < written.sum() < out.size
    assert np.array_equal(out[written], expected[written])
    assert np.array_equal(temporal_mean(stack, out=out, num_threads=2), expected)
