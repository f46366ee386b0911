"""Other Python threads run while a compiled kernel computes, and a kernel that would keep them waiting is found."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.contract import starvation
from benchmarks.spec import Kernel

COMPILED = ("numba", "rust")
PAIRS = [(kernel, arm) for kernel in registry.KERNELS.values() for arm in COMPILED]
ATTEMPTS = 5
FEW_TURNS = 20
STARVED_SHARE = 0.5
"""A call in whose longest gap half of it passes may have been held up by other work; no call with the GIL is below."""
SLEEP_US = 25_000


def runs_beside(call: Callable[[], Any]) -> tuple[bool, list[starvation.Starvation]]:
    """Tell whether a background thread runs during calls: one calm attempt is enough, as holding the GIL has none."""
    seen: list[starvation.Starvation] = []
    for _ in range(ATTEMPTS):
        seen.append(starvation.starvation(call))
        if seen[-1].turns >= FEW_TURNS and seen[-1].share < STARVED_SHARE:
            return True, seen
    return False, seen


def test_a_call_that_holds_the_gil_is_found() -> None:
    holding = ctypes.PyDLL(None).usleep  # PyDLL keeps the GIL during a call, CDLL gives it back
    runs, seen = runs_beside(lambda: holding(SLEEP_US))
    assert not runs, seen
    assert all(one.longest_s >= 0.9 * SLEEP_US * 1e-6 for one in seen)


def test_a_call_that_gives_it_back_is_not() -> None:
    giving = ctypes.CDLL(None).usleep
    runs, seen = runs_beside(lambda: giving(SLEEP_US))
    assert runs, seen
    assert seen[-1].longest_s < seen[-1].call_s


def test_what_the_thread_saw_is_counted_within_calls_alone() -> None:
    notes = np.array([0.5, 1.1, 1.4, 1.9, 2.5, 3.5])
    seen = starvation._seen(notes, [(1.0, 2.0), (3.0, 4.0)])
    assert seen.turns == 4
    assert seen.longest_s == pytest.approx(0.5)
    assert seen.share == pytest.approx(0.5)
    assert seen.call_s == pytest.approx(1.0)
    assert starvation._seen(notes[:1], [(1.0, 2.0)]).share == 1.0


@pytest.mark.parametrize(("kernel", "arm"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_other_threads_run_during_a_kernel(
    kernel: Kernel, arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    call = starvation.long_call(kernel, arm)
    assert call is not None, f"{kernel.name} has no {arm}"
    runs, seen = runs_beside(call)
    assert runs, seen
