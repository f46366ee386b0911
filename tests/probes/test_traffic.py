"""Statistics over time read their stack once, and the count that says so can say otherwise."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.probes import traffic

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed"),
]


@pytest.mark.parametrize("kernel", ["temporal_mean", "temporal_stats"])
def test_rust_reads_the_stack_once(kernel: str) -> None:
    """In the simulator time passes slowly, so work is cut into small pieces, whose edges share lines."""
    assert 0.95 <= traffic.moved_over_compulsory(kernel, "rust") <= 1.3


def test_two_passes_over_the_stack_are_seen_as_two() -> None:
    assert 1.9 <= traffic.moved_over_compulsory("temporal_stats", traffic.CONTROL) <= 2.2
