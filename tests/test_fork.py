"""A process that is forked after a kernel has used threads can use them too: it has none of its parent's."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMPILED = ("numba", "rust")
LONGEST_S = 120
SCRIPT = """
import multiprocessing
import numpy as np
from benchmarks import registry

def bits(arm):
    stack = np.random.default_rng(0).random((9, 400, 500), dtype="float32")
    return registry.resolve(registry.get("temporal_mean"), arm)(stack, num_threads=2).tobytes()

def answer(arm, expected, found):
    found.put(bits(arm) == expected)

if __name__ == "__main__":
    arm, context = {arm!r}, multiprocessing.get_context("fork")
    expected, found = bits(arm), context.SimpleQueue()
    for _ in range(2):
        child = context.Process(target=answer, args=(arm, expected, found))
        child.start()
        child.join({patience})
        if child.is_alive():
            child.kill()
            raise SystemExit("the child waits for threads that it does not have")
        assert child.exitcode == 0 and found.get(), "the child's result differs"
        assert bits(arm) == expected, "the parent's result differs afterwards"
"""


@pytest.mark.parametrize("arm", COMPILED)
def test_a_forked_child_and_its_parent_both_have_threads(arm: str) -> None:
    script = SCRIPT.format(arm=arm, patience=LONGEST_S // 4)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
