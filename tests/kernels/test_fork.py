"""A process may be forked at any time, whatever its threads are doing: the child computes, as it waits for nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from busy import COMPILED

from benchmarks import registry

SCRIPT = Path(__file__).with_name("forks.py")
PATIENCE_S = 30
QUICK = -(-500 // (len(registry.KERNELS) * len(COMPILED)))
"""Forks of one kernel of one arm, so that all together make 500."""


def fork(kernel: str, arm: str, forks: int) -> None:
    command = [
        sys.executable,
        "-W",
        "ignore::DeprecationWarning",
        str(SCRIPT),
        kernel,
        arm,
        str(forks),
        str(PATIENCE_S),
    ]
    lab = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    done = subprocess.run(command, env=lab, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("arm", COMPILED)
@pytest.mark.parametrize("kernel", registry.KERNELS)
def test_children_that_are_forked_under_load_answer(kernel: str, arm: str) -> None:
    fork(kernel, arm, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("arm", COMPILED)
@pytest.mark.parametrize("kernel", registry.KERNELS)
def test_500_children_of_every_kernel_answer(kernel: str, arm: str) -> None:
    fork(kernel, arm, 500)


COMPILING = """
import os, signal, sys, threading
import numpy as np
from eokernels.impl_numba import temporal_median

def median(dates, dtype="float32", **options):
    assert (temporal_median(np.ones((dates, 160, 170), dtype), **options) == 1).all()

def compile_lengths():
    for dates in range(9, 33):
        for dtype in ("float32", "float64", "uint8", "int16", "uint16"):
            if not stop.is_set():
                median(dates, dtype)

def give_up(*_):
    os.kill(child, signal.SIGKILL)

median(5)
stop = threading.Event()
thread = threading.Thread(target=compile_lengths)
thread.start()
signal.signal(signal.SIGALRM, give_up)
hung = 0
for dates in range(40, 52):
    child = os.fork()
    if child == 0:
        median(dates, num_threads=2)
        os._exit(0)
    signal.alarm(30)
    hung += os.waitpid(child, 0)[1] != 0
    signal.alarm(0)
    if hung:
        break
assert thread.is_alive(), "nothing was compiled beside the forks"
stop.set()
thread.join()
sys.exit(hung)
"""


def test_children_compile_although_a_thread_was_compiling(tmp_path: Path) -> None:
    """A median of a new length is compiled, under locks of Numba and llvmlite that a child must not find locked."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", COMPILING],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
