"""Signals that meet a call on threads: ``python elsewhere.py`` or ``python elsewhere.py fork``."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import numpy as np

from eokernels import temporal_median

X = np.broadcast_to(np.arange(200, dtype=np.float32)[:, None], (200, 3_000_000))
PATIENCE_S = 60


def other_thread() -> None:
    """Interrupt the main thread while another computes."""
    answers: list[bool] = []

    def compute() -> None:
        answers.append(bool((temporal_median(X, num_threads=2) == 99.5).all()))

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    thread = threading.Thread(target=compute)
    thread.start()
    try:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(PATIENCE_S)
        sys.exit("not interrupted")
    except KeyboardInterrupt:
        thread.join()
    assert answers == [True]


def fork() -> None:
    """Fork in a handler: the parent answers, the child is told that it cannot, or has answered."""
    children: list[int] = []

    def handle(*_: object) -> None:
        children.append(os.fork())

    signal.signal(signal.SIGALRM, handle)
    for threads in (1, 2):
        children.clear()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            right = bool((temporal_median(X, num_threads=threads) == 99.5).all())
        except RuntimeError as error:
            right = children == [0] and threads > 1 and "fork" in str(error)
        if children == [0]:
            right &= bool((temporal_median(X[:, :3000], num_threads=2) == 99.5).all())
            os._exit(0 if right else 1)
        assert right
        signal.signal(signal.SIGALRM, lambda *_: sys.exit("the child hangs"))
        signal.alarm(PATIENCE_S)
        assert os.waitpid(children[0], 0)[1] == 0, "the child's answer is wrong"
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handle)


if __name__ == "__main__":
    fork() if sys.argv[1:] == ["fork"] else other_thread()
