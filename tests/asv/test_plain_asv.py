"""Plain asv: a cell measures what is asked for, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path

import psutil
import pytest

from benchmarks import ROOT, registry
from benchmarks.asv import lookup
from benchmarks.calls.binding import WALL
from benchmarks.pairing.conductor import Measurement
from inputs.build import cache_dir
from inputs.families import CASES

KERNEL, CASE = "normalized_difference", "f32_64"
QUICKLY = {"number": 1, "repeat": 1, "warmup_time": 0, "rounds": 1}
"""What asv makes of ``--quick``."""


def cell(benchmark: str, arm: str, parameters: dict[str, int], folder: Path) -> None:
    """Run one cell as asv does."""
    axes = [[case.name for case in CASES["elementwise"]], [*registry.arms(registry.get(KERNEL)), WALL]]
    name = f"bench_kernels.{KERNEL}.{benchmark}-{list(product(*axes)).index((CASE, arm))}"
    code = "import json, sys; from asv_runner.run import _run; _run((*sys.argv[1:4], 'None', sys.argv[4]))"
    command = [sys.executable, "-P", "-c", code, str(ROOT / "benchmarks"), name, json.dumps(parameters)]
    subprocess.run([*command, str(folder / "result.json")], check=True, cwd=folder)
    assert "NaN" not in (folder / "result.json").read_text()


def test_quick_measures_one_arm_in_one_process_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(lookup.RUN_DIR, raising=False)
    monkeypatch.delenv(lookup.QUICK, raising=False)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    for name in ("inputs", "oracle", "numba"):
        (cache_dir() / name).mkdir()
    cell("ktime_call", "rust", QUICKLY, tmp_path)
    (run_dir,) = tmp_path.glob("asv-runs/*/*")
    assert run_dir.name == f"{CASE}-rust"
    (line,) = (run_dir / f"{KERNEL}.jsonl").read_text().splitlines()
    assert set(json.loads(line)["arms"]) == {"rust", WALL}
    assert {path.name for path in run_dir.glob("*.jsonl")} == {f"{KERNEL}.jsonl"}
    cell("kpeak_call", "rust", QUICKLY, tmp_path)
    assert {path.name for path in run_dir.glob("*.jsonl")} == {f"{KERNEL}.jsonl", f"{KERNEL}.memory.jsonl"}
    assert len((run_dir / f"{KERNEL}.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("field", ["", "peak_bytes"])
def test_without_quick_all_arms_are_paired_and_no_more_is_measured(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(lookup.RUN_DIR, raising=False)
    monkeypatch.delenv(lookup.QUICK, raising=False)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    asked: list[tuple[str, Measurement]] = []
    for name in ("measure", "measure_memory"):
        monkeypatch.setattr(lookup, name, lambda wanted, name=name, **_: asked.append((name, wanted)))
    look_up = partial(lookup.count, field=field) if field else partial(lookup.samples, group="call")
    with pytest.raises(RuntimeError, match="not measured"):
        look_up(KERNEL, CASE, "rust")
    assert Counter(name for name, _ in asked) == Counter(["measure"] + ["measure_memory"] * bool(field))
    for _, wanted in asked:
        assert wanted.arms == registry.arms(registry.get(KERNEL))
        assert (wanted.cases, wanted.processes, wanted.memory, wanted.controls) == ((CASE,), 6, False, True)


@pytest.mark.parametrize("said", ["many", "0", "-1", "1.5", ""])
def test_a_number_of_processes_that_is_none_is_refused_by_its_name(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(lookup.RUN_DIR, raising=False)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    monkeypatch.setenv(lookup.PROCESSES_ASKED, said)
    monkeypatch.setattr(lookup, "measure", lambda *_, **__: pytest.fail("something was measured"))
    with pytest.raises(ValueError, match=f"EOLAB_PROCESSES: was '{said}'"):
        lookup.samples(KERNEL, CASE, "rust", "call")


def test_a_clock_that_is_set_while_asv_measures_splits_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    before = lookup._own_run_dir("abc")
    began = psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: began + 3600)
    assert lookup._own_run_dir("abc") == before
