"""First calls and small sizes: what an implementation costs before it computes, and where that decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.calls import binding
from benchmarks.calls.binding import companion_bands
from benchmarks.environment import jsonlines
from benchmarks.pairing import floor, runlines, small_calls, starts
from benchmarks.pairing.runlines import StartLine
from inputs.families import get

KERNELS = list(registry.KERNELS.values())
MEDIAN = registry.get("temporal_median")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_start_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = [StartLine("rust", "ok", "", 1e-3, None, 2e-4, 1e-6, 5e-7), StartLine("numba", "failed", "no compiler")]
    for line in written:
        jsonlines.append(tmp_path / "evi.start.jsonl", line)
    assert runlines.read_start(tmp_path, "evi") == written
    jsonlines.append(tmp_path / "evi.start.jsonl", StartLine("rust", "skipped", "gone"))
    assert [line.status for line in runlines.read_start(tmp_path, "evi")] == ["skipped", "failed"]


def test_the_least_of_several_processes_counts_and_a_failure_is_one() -> None:
    quick, slow = StartLine("rust", "ok", "", 1.0, None, 4.0, 1.0, None), StartLine("rust", "ok", "", 2, None, 3, 2, 1)
    assert starts._least([quick, slow]) == StartLine("rust", "ok", "", 1.0, None, 3.0, 1.0, None)
    failed = StartLine("rust", "failed", "segmentation fault")
    assert starts._least([quick, failed]) is failed


def test_compiling_is_seen_with_an_empty_cache_alone() -> None:
    line = starts.measure(MEDIAN, "numba", "")
    assert line.status == "ok", line.reason
    assert line.compile_s is not None
    assert line.first_s is not None
    assert line.warm_s is not None
    assert line.compile_s > 2 * line.first_s
    assert line.first_s > 10 * line.warm_s
    assert line.dispatch_s is not None
    assert line.import_s is not None


def test_rust_compiles_nothing() -> None:
    line = starts.measure(MEDIAN, "rust", "")
    assert line.status == "ok", line.reason
    assert line.compile_s is None
    assert line.dispatch_s is None
    assert line.floor_s is not None
    assert 0 < line.floor_s < 1e-3


def test_what_cannot_begin_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "resolve", lambda *_: None)
    assert starts.begin(MEDIAN, "rust").status == "skipped"

    def raises(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(registry, "resolve", lambda *_: raises)
    assert starts.begin(MEDIAN, "rust").reason == "ZeroDivisionError: by design"
    unknown = starts._in_process(replace(MEDIAN, name="no_such"), "rust", "", Path("/nowhere"))
    assert unknown.status == "failed"
    assert "no_such" in unknown.reason


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_small_sizes_are_the_centre_in_small(kernel: Any, cache: Path) -> None:
    centre = get(kernel.family).centre
    cases = small_calls.small_cases(kernel)
    assert len({case.name for case in cases}) == len(cases) >= 6
    assert all(replace(case, name=centre.name, shape=centre.shape) == centre for case in cases)
    assert all(np.prod(case.shape) <= 80_000 for case in cases)
    onto = binding.target(kernel, cases[0])
    assert [array.shape for array in onto.inputs] == [cases[0].shape] * len(onto.inputs)


def test_small_sizes_are_measured_once_per_process(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_calls, "BLOCK_S", 1e-4)
    for process in (0, 0, 1):
        small_calls.run(MEDIAN, cache, process, np.random.default_rng(process))
    path = cache / "temporal_median.sizes.jsonl"
    lines = runlines.read_sizes(cache, "temporal_median")
    assert len(lines) == len(path.read_text().splitlines()) == 2 * len(small_calls.small_cases(MEDIAN))
    assert {outcome.status for line in lines for outcome in line.arms.values()} == {"ok"}
    assert {tuple(line.arms) for line in lines} == {MEDIAN.implementations}
    steps = {line.shape[0] for line in lines}
    assert steps == {shape[0] for shape in get(MEDIAN.family).small}


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_floor_is_a_call_on_nothing_with_all_that_the_kernel_needs(
    kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, ...]] = []

    def nothing(*arrays: Any, **options: Any) -> None:
        seen.append((arrays, options))

    monkeypatch.setattr(registry, "resolve", lambda *_: nothing)
    assert set(floor.floors_s(kernel, ("rust",), dispatch=False)) == {"rust"}
    arrays, options = seen[-1]
    assert len(arrays) == len(kernel.arguments)
    assert all(array.size == 0 for array in arrays)
    given = companion_bands(kernel, get(kernel.family).centre)
    assert set(kernel.required) | set(given) <= set(options)
    assert all(options[name].size == 0 for name in given)
