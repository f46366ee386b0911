"""Memory of a call as runs measure it: a fresh result costs its bytes, one handed over nothing, and a copy shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.calls.binding import Target, companion_bands
from benchmarks.pairing import memory
from benchmarks.pairing.memory import measure_arm
from benchmarks.spec import Kernel
from inputs.families import get
from inputs.synthetic.bands import dtype_of

COMPILED = ("numba", "rust")
BY_TURNS = {"numba": ("float32", "int16"), "rust": ("float64", "uint8", "uint16")}
"""The contract's own battery looks for hidden copies in every dtype; here it is whether a run measures them rightly."""
NATIVE = [
    (kernel, arm, dtype)
    for kernel in registry.KERNELS.values()
    for arm in COMPILED
    for dtype in BY_TURNS[arm]
    if dtype in kernel.contract.dtypes
]
SHAPES = {False: (2048, 2304), True: (64, 256, 576)}
"""Elementwise and temporal: so large that a copy of any input, 9 MiB or more, is no slack."""
SLACK_BYTES = 3 * 2**20
"""Resident memory that is no array: a huge page, counters of pages that lag behind."""


def large(kernel: Kernel, dtype: str, *, out: bool) -> Target:
    """Return a large input of ones, every class of which stays."""
    centre = get(kernel.family).centre
    nodata = None if dtype.startswith("float") else 0
    shape = SHAPES[kernel.dimensions.over_time]
    case = replace(centre, shape=shape, dtype=dtype, nodata=nodata, mask="none", missing=0.0, out=out)
    arrays = tuple(np.ones(shape, dtype_of(band, case)) for band in kernel.bands)
    named = {name: np.full(shape, 4, dtype_of(band, case)) for name, band in companion_bands(kernel, case).items()}
    dtypes = kernel.output_dtypes(kernel.output_dtype(dtype))
    shapes = kernel.output_shapes(shape, kernel.keywords(case))
    outs = tuple(np.zeros(one, kind) for one, kind in zip(shapes, dtypes, strict=True))
    given = None if not out else outs if len(outs) > 1 else outs[0]
    return Target(case, arrays, given, shapes, dtypes, named)


def measured(kernel: Kernel, arm: str, onto: Target) -> memory.MemoryLine:
    line = measure_arm(kernel, arm, onto, 0.0)
    assert line.status == "ok", line.reason
    if isinstance(line.peak_bytes, str):
        pytest.skip(line.peak_bytes)
    return line


@pytest.mark.parametrize(("kernel", "arm", "dtype"), NATIVE, ids=lambda value: getattr(value, "name", value))
def test_native_dtypes_cause_no_copy(kernel: Kernel, arm: str, dtype: str) -> None:
    allowed = kernel.contract.scratch_bytes + SLACK_BYTES
    onto = large(kernel, dtype, out=True)
    results = onto.output_bytes
    handed_over, fresh = (measured(kernel, arm, one) for one in (onto, replace(onto, out=None)))
    assert 0 <= handed_over.peak_bytes <= allowed  # type: ignore[operator]
    assert results - SLACK_BYTES <= fresh.peak_bytes <= results + allowed  # type: ignore[operator]
    assert isinstance(fresh.minor_faults, int)
    assert isinstance(handed_over.minor_faults, int)


@pytest.mark.parametrize("name", ["normalized_difference", "temporal_stats"])
def test_a_hidden_copy_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = registry.get(name)
    function: Any = registry.resolve(kernel, "rust")
    assert function is not None

    def copies(first: Any, *others: Any, **options: Any) -> Any:
        return function(first.copy(), *others, **options)

    monkeypatch.setattr(registry, "resolve", lambda *_: copies)
    onto = large(kernel, "float32", out=True)
    line = measured(kernel, "rust", onto)
    assert line.peak_bytes >= onto.arrays[0].nbytes - SLACK_BYTES  # type: ignore[operator]
    assert line.peak_bytes > kernel.contract.scratch_bytes + SLACK_BYTES  # type: ignore[operator]


def test_an_arm_that_takes_seconds_is_not_called_for_its_memory() -> None:
    kernel = registry.get("normalized_difference")
    onto = large(kernel, "float32", out=False)
    line = measure_arm(kernel, "numpy", onto, 2 * memory.LONGEST_S)
    assert (line.status, line.peak_bytes) == ("skipped", None)
    once = measure_arm(kernel, "numpy", onto, 2 * memory.ONE_CALL_S)
    assert isinstance(once.minor_faults, str)
    assert "only its peak" in once.minor_faults
