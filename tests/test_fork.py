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
    lab = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
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
