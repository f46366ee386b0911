"""A call's work in slices, shared between the thread that calls and the helpers of one pool per process.

Python handles signals between slices, so that Ctrl-C is answered when the slices that are running end; they are small
enough for that to take a few hundredths of a second. Slices wait in one queue, from which the caller takes as many as
it can: it never waits for a helper that has not begun. While other calls keep the cores busy it asks for none, and
works alone in as few slices as can be. Numba's own layers of threads are avoided, as ``workqueue`` aborts when two
threads enter it.

A process that is forked has a pool of its own. Nothing here holds a lock while a kernel runs; for the lock of Numba's
compiler see ``_jit``.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from time import sleep

from eokernels._cores import usable_cores

SERIAL_BELOW = 2**20  # values; less is done sooner than a thread of Python wakes up
SLICE = 2**23  # values at a time; a few milliseconds
SHARES = 4  # slices for each thread where there is much to do, so that one which begins late leaves more to the others


class _Pool:
    """Threads of one process, and marks of the cores that are lent: to callers that share, and to their helpers."""

    def __init__(self) -> None:
        self.cores = max(2, usable_cores())
        self.executor = ThreadPoolExecutor(self.cores - 1, f"eokernels-{os.getpid()}")
        self.lent: deque[None] = deque()

    def give_back(self, _: Future[None] | None = None) -> None:
        """Note that a helper has ended or was not needed, or that a caller has ended."""
        self.lent.pop()

    def free(self) -> int:
        """Return how many cores are left."""
        return max(0, self.cores - len(self.lent))


_POOLS: dict[int, _Pool] = {}


class _Work:
    """Slices of ``function(start, stop)`` that are left; appending and popping a deque needs no lock."""

    def __init__(self, function: Callable[[int, int], None], count: int, slices: int) -> None:
        self.function, self.count, self.slices = function, count, slices
        self.left = deque(range(slices))
        self.running: list[None] = []

    def run(self) -> None:
        """Take slices until none is left; after an error nobody takes another."""
        self.running.append(None)
        try:
            while self.left:
                try:
                    k = self.left.popleft()
                except IndexError:
                    return
                self.function(self.count * k // self.slices, self.count * (k + 1) // self.slices)
        except BaseException:
            self.left.clear()
            raise
        finally:
            self.running.pop()


def share(function: Callable[[int, int], None], count: int, threads: int, values: int) -> None:
    """Call ``function(start, stop)`` over ranges that cover `count` items, in `threads` threads with the caller's.

    `values` says how much there is to do: as many values to add up would take as long. When this returns or raises,
    nobody calls the function any more.

    Raises
    ------
    MemoryError
        If threads cannot be started.
    BaseException
        Whatever the function raised, or the handler of a signal.
    """
    if values < SERIAL_BELOW:
        function(0, count)
        return
    threads = min(threads, values // SERIAL_BELOW * 2, max(1, count))
    alone = min(count, -(-values // SLICE))
    if threads == 1:
        _Work(function, count, alone).run()
        return
    process = os.getpid()
    pool = _POOLS.get(process) or _POOLS.setdefault(process, _Pool())
    pool.lent.append(None)
    try:
        helpers = min(threads - 1, pool.free())
        shares = min(SHARES * (1 + helpers), max(values // SERIAL_BELOW, 1 + helpers)) if helpers else 1
        work = _Work(function, count, min(count, max(alone, shares)))
        _share(work, pool, helpers)
    finally:
        pool.give_back()


def _share(work: _Work, pool: _Pool, count: int) -> None:
    """Work together with that many helpers."""
    helpers: list[Future[None]] = []
    failure: BaseException | None = None
    try:
        _call_helpers(work, pool, helpers, count)
        work.run()
    except BaseException as error:
        work.left.clear()
        failure = error
    failure = _settle(work, helpers, failure)
    if failure is not None:
        try:
            raise failure
        finally:
            del failure, helpers  # which the traceback would keep alive, and it them
    for helper in helpers:
        if not helper.cancelled():
            helper.result()


def _call_helpers(work: _Work, pool: _Pool, helpers: list[Future[None]], count: int) -> None:
    """Hand the work to that many threads beside the caller."""
    try:
        for _ in range(count):
            helper = pool.executor.submit(work.run)
            helpers.append(helper)
            pool.lent.append(None)
            helper.add_done_callback(pool.give_back)
    except RuntimeError as error:
        if "start new thread" in str(error):
            raise MemoryError(f"num_threads: it is {count + 1}, and so many threads cannot be started") from None
        # else Python is about to end, and lends nobody a thread any more


def _settle(work: _Work, helpers: list[Future[None]], failure: BaseException | None) -> BaseException | None:
    """Take back what no helper has begun, wait for the others, and return the first error."""
    while True:
        try:
            wait([helper for helper in helpers if not helper.cancel()])
            while work.running:  # a helper that an interrupt kept from being noted
                sleep(0.0005)
            return failure
        except BaseException as error:
            work.left.clear()
            failure = failure or error
