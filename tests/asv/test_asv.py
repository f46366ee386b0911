"""What asv sees of the lab: which cells there are, which a run selects, and what an old commit's cells say."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ROOT, bench_kernels, registry
from benchmarks.asv import lookup, runner
from benchmarks.asv.machine import ensure_machine, this_machine
from benchmarks.calls.binding import WALL
from benchmarks.counting.counts import ARMS, COUNTS, Count, counted_case
from benchmarks.environment import jsonlines
from benchmarks.pairing import runlines
from benchmarks.pairing.runlines import Line, MemoryLine, Outcome, StartLine
from benchmarks.pairing.small_calls import small_cases
from benchmarks.spec import Kernel, Prose
from inputs import build
from inputs.families import CASES, find
from inputs.sweep import centre, sweep

BENCHMARKS = ("ktime_call", "ktime_crop", "kpeak_call", "kfault_call")
TRACKED = ("track_instructions", "track_allocated_bytes")
KERNELS = list(registry.KERNELS.values())


@pytest.fixture(scope="module")
def discovered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what asv_runner finds, found the way asv does it: from another directory, by the package's path."""
    result = tmp_path_factory.mktemp("asv") / "found.json"
    code = "from asv_runner.discovery import _discover; import sys; _discover(sys.argv[1:])"
    command = [sys.executable, "-P", "-c", code, str(ROOT / "benchmarks"), str(result)]
    subprocess.run(command, check=True, cwd=result.parent)
    return {benchmark["name"]: benchmark for benchmark in json.loads(result.read_text())}


def cells(benchmark: dict[str, Any]) -> list[str]:
    """Return the names that asv searches its ``-b`` expressions in."""
    return [f"{benchmark['name']}({', '.join(chosen)})" for chosen in itertools.product(*benchmark["params"])]


def test_asv_finds_our_cells_and_nothing_by_accident(discovered: dict[str, Any]) -> None:
    names = (*BENCHMARKS, "kscale_pixel", *TRACKED)
    assert set(discovered) == {f"bench_kernels.{k.name}.{name}" for k in KERNELS for name in names}


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_the_curve_is_over_numbers_that_rise(discovered: dict[str, Any], kernel: Kernel) -> None:
    found, swept = discovered[f"bench_kernels.{kernel.name}.kscale_pixel"], sweep(kernel.family)
    assert found["param_names"] == [swept.parameter, "implementation"]
    lengths = [int(text) for text in found["params"][0]]
    assert lengths == sorted(swept.cases)
    assert len(lengths) >= 5
    assert centre(kernel.family).name in swept.cases.values()
    assert (found["type"], found["unit"], found["version"]) == (
        "time",
        "seconds",
        bench_kernels.binding_version(kernel),
    )


def test_stacks_of_a_sweep_are_about_equal_in_bytes() -> None:
    values = [math.prod(find("temporal", name).shape) for name in sweep("temporal").cases.values()]
    assert max(values) / min(values) < 1.2


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_cells_are_cases_by_implementations_and_the_wall(discovered: dict[str, Any], kernel: Kernel) -> None:
    found = discovered[f"bench_kernels.{kernel.name}.ktime_call"]
    assert found["param_names"] == ["case", "implementation"]
    assert found["params"][0] == [repr(case.name) for case in CASES[kernel.family]]
    assert found["params"][1] == [repr(arm) for arm in (*registry.arms(kernel), WALL)]
    assert (found["type"], found["unit"], found["rounds"]) == ("time", "seconds", 1)
    assert found["timeout"] >= 3600
    assert found["version"] == bench_kernels.binding_version(kernel)
    units = {name: discovered[f"bench_kernels.{kernel.name}.{name}"]["unit"] for name in BENCHMARKS}
    assert units == {"ktime_call": "seconds", "ktime_crop": "seconds", "kpeak_call": "bytes", "kfault_call": "faults"}


def test_a_run_selects_exactly_its_cells(discovered: dict[str, Any]) -> None:
    wanted = ("f32_256", "f32_2048", "f32_2048_out")
    expression = runner.selection("normalized_difference", wanted)
    chosen = [name for benchmark in discovered.values() for name in cells(benchmark) if re.search(expression, name)]
    arms = (*registry.arms(registry.get("normalized_difference")), WALL)
    firsts = [(name, repr(case)) for name in BENCHMARKS for case in wanted]
    firsts += [("kscale_pixel", "256"), ("kscale_pixel", "2048")]
    assert sorted(chosen) == sorted(
        f"bench_kernels.normalized_difference.{benchmark}({first}, {arm!r})"
        for benchmark, first in firsts
        for arm in arms
    )


def test_a_run_that_is_to_count_selects_the_counts_of_its_kernel_besides(discovered: dict[str, Any]) -> None:
    found = [
        {name for one in discovered.values() for name in cells(one) if re.search(expression, name)}
        for expression in (runner.selection("evi", ["f32_256"], counted=counted) for counted in (False, True))
    ]
    assert found[0] < found[1]
    assert found[1] - found[0] == {f"bench_kernels.evi.{name}({arm!r})" for name in TRACKED for arm in ARMS}


def test_no_benchmark_module_imports_what_an_environment_may_lack() -> None:
    code = (
        "import pkgutil, importlib, sys, benchmarks\n"
        "skip = {'benchmarks.asv.benchtypes'}\n"
        "for m in pkgutil.walk_packages(benchmarks.__path__, 'benchmarks.'):\n"
        "    m.name in skip or importlib.import_module(m.name)\n"
        "absent = {'numba', 'eokernels', 'bottleneck', 'numexpr', 'psutil', 'asv', 'asv_runner', 'threadpoolctl', "
        "'h5py'}\n"
        "print(sorted(absent & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_checkout_is_appended_and_never_prepended(tmp_path: Path) -> None:
    code = f"""if True:
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("benchmarks", {str(ROOT / "benchmarks/__init__.py")!r})
        before = list(sys.path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        assert sys.path == [*before, {str(ROOT)!r}], sys.path
    """
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, check=True)


# Versions


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_prose_tolerance_and_peers_retire_no_history(kernel: Kernel) -> None:
    changed = replace(
        kernel,
        prose=Prose("other", "words", "here", "and", "there"),
        title="Another title",
        peers=(),
        implementations=("numpy",),
        source=(),
        contract=replace(kernel.contract, tolerance_reason="for other reasons"),
    )
    assert bench_kernels.binding_version(changed) == bench_kernels.binding_version(kernel)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_other_inputs_or_another_binding_do(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {bench_kernels.binding_version(kernel)}
    versions.add(bench_kernels.binding_version(replace(kernel, bands=("swir",))))
    versions.add(bench_kernels.binding_version(replace(kernel, arguments=("other",))))
    versions.add(bench_kernels.binding_version(replace(kernel, keywords=lambda case: {"nodata": case.nodata or 7})))
    monkeypatch.setattr(bench_kernels, "INPUT_RECIPE", bench_kernels.INPUT_RECIPE + 1)
    versions.add(bench_kernels.binding_version(kernel))
    assert len(versions) == 5


def test_the_recipe_of_the_inputs_is_the_one_in_the_version() -> None:
    assert build.RECIPE == bench_kernels.INPUT_RECIPE


# Look-ups


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a measured run of one case, which look-ups find by the environment."""
    arms = ["numpy", "rust"]
    plan = {
        "processes": 1,
        "wheel_digest": "",
        "kernels": {"normalized_difference": [{"case": "f32_256", "arms": arms}]},
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    found = {"numpy": Outcome("ok", "", 1, (2e-3,), 5, 2e-3, 0.5), "rust": Outcome("failed", "wrong answer")}
    one = Line(0, "f32_256", "call", (256, 256), 1, 1, {**found, WALL: Outcome("skipped", "no wall")})
    jsonlines.append(tmp_path / "normalized_difference.jsonl", one)
    for arm in arms:
        memory = MemoryLine("f32_256", arm, "ok", "", 4096, "unavailable: no counter")
        jsonlines.append(tmp_path / "normalized_difference.memory.jsonl", memory)
        jsonlines.append(tmp_path / "normalized_difference.start.jsonl", StartLine(arm, "ok"))
    for small in small_cases(registry.get("normalized_difference")):
        jsonlines.append(tmp_path / "normalized_difference.sizes.jsonl", replace(one, case=small.name))
    jsonlines.append(tmp_path / runlines.CONTROLS, {"kernel": "normalized_difference", "process": 0})
    monkeypatch.setenv(lookup.RUN_DIR, str(tmp_path))
    return tmp_path


def look_up(benchmark: str, case: str | int | None, arm: str) -> Any:
    """Run one cell as asv does: NaN is skipped, an exception is failed."""
    code = (
        "import json, sys; from asv_runner.run import _run; "
        "_run((sys.argv[1], sys.argv[2], '{}', 'None', sys.argv[3])); print(open(sys.argv[3]).read())"
    )
    kernel = registry.get("normalized_difference")
    firsts = [c.name for c in CASES[kernel.family]] if isinstance(case, str) else list(sweep(kernel.family).cases)
    axes = [firsts, [*registry.arms(kernel), WALL]]
    index = ARMS.index(arm) if case is None else list(itertools.product(*axes)).index((case, arm))
    name = f"bench_kernels.normalized_difference.{benchmark}-{index}"
    result = Path(os.environ[lookup.RUN_DIR]) / "result.json"
    command = [sys.executable, "-P", "-c", code, str(ROOT / "benchmarks"), name, str(result)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=result.parent)
    if done.returncode:
        return done.stderr
    return json.loads(result.read_text())


@pytest.mark.usefixtures("run_dir")
def test_a_measured_cell_gives_its_processes() -> None:
    assert look_up("ktime_call", "f32_256", "numpy") == {"samples": [2e-3], "number": 5}
    assert look_up("kpeak_call", "f32_256", "numpy") == 4096
    assert look_up("kscale_pixel", 256, "numpy") == {"samples": [2e-3 / 256**2], "number": 5}


@pytest.mark.usefixtures("run_dir")
@pytest.mark.parametrize(
    ("benchmark", "case", "arm"),
    [
        ("ktime_crop", "f32_256", "numpy"),
        ("ktime_call", "f32_256", WALL),
        ("ktime_call", "f32_512", "numpy"),
        ("kpeak_call", "f32_256", WALL),
        ("kfault_call", "f32_256", "numpy"),
        ("kscale_pixel", 512, "numpy"),
    ],
)
def test_a_skipped_cell_is_nan(benchmark: str, case: str | int, arm: str) -> None:
    assert math.isnan(look_up(benchmark, case, arm))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_what_is_counted_is_by_implementation(discovered: dict[str, Any], kernel: Kernel) -> None:
    found = [discovered[f"bench_kernels.{kernel.name}.{name}"] for name in TRACKED]
    assert [one["params"] for one in found] == [[[repr(arm) for arm in ARMS]]] * 2
    assert [(one["type"], one["unit"]) for one in found] == [("track", "instructions"), ("track", "bytes")]
    assert {one["version"] for one in found} == {f"{bench_kernels.binding_version(kernel)}-{counted_case(kernel).name}"}


def test_what_was_counted_is_looked_up_and_what_was_excluded_is_nan(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tools = tmp_path_factory.mktemp("tools")
    (tools / "valgrind").write_text("#!/bin/sh\nexit 9\n")
    (tools / "valgrind").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    for arm, instructions in (("numpy", 1234), ("numba", "excluded: separate processes counted 1 and 2")):
        jsonlines.append(
            run_dir / COUNTS, Count("normalized_difference", "size_8x8", arm, "", "avx2", instructions, 64, 64)
        )
    assert look_up("track_instructions", None, "numpy") == 1234
    assert look_up("track_allocated_bytes", None, "numba") == 64
    assert math.isnan(look_up("track_instructions", None, "numba"))


@pytest.mark.usefixtures("run_dir")
def test_without_valgrind_nothing_is_counted_and_nothing_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert math.isnan(look_up("track_instructions", None, "rust"))


@pytest.mark.usefixtures("run_dir")
def test_a_failed_cell_is_a_failure_that_says_why() -> None:
    assert "RuntimeError: process 0: wrong answer" in look_up("ktime_call", "f32_256", "rust")


def test_a_slow_arm_stands_in_the_curve_with_its_crop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case, crop = find("temporal", "f32_73x480"), (73, 112, 112)
    slow, quick = Outcome("skipped", runlines.CROPPED), Outcome("ok", time_s=2e-2, calls=1)
    whole = {"numpy": slow, "rust": quick}
    for group, shape, arms in (("call", case.shape, whole), ("crop", crop, {"numpy": replace(quick, time_s=9e-2)})):
        line = Line(0, case.name, group, shape, 1, 1, arms)  # type: ignore[arg-type]
        jsonlines.append(tmp_path / "temporal_median.jsonl", line)
    monkeypatch.setattr(lookup, "_ensure", lambda *_: tmp_path)
    found = {arm: lookup.samples_per_pixel("temporal_median", case.name, arm)[0] for arm in ("numpy", "rust")}
    assert found == {"numpy": (9e-2 / 112**2,), "rust": (2e-2 / 480**2,)}


def test_a_plain_asv_run_leaves_the_largest_cases_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(lookup.RUN_DIR, raising=False)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    with pytest.raises(NotImplementedError):
        lookup.samples("normalized_difference", "f32_10980", "rust", "call")
    assert "EOLAB_TIER=full" in capsys.readouterr().out
    monkeypatch.setenv(lookup.TIER, "everything")
    with pytest.raises(ValueError, match="everything"):
        lookup.samples("normalized_difference", "f32_10980", "rust", "call")


# The real thing


def git(where: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    return subprocess.check_output(["git", *identity, *arguments], cwd=where, text=True)


def without_median(clone: Path) -> None:
    """Take one kernel out of the system under test, as in a commit from before it."""
    for language in ("numpy", "numba"):
        (clone / f"reference_py/eokernels/impl_{language}/temporal_median.py").unlink()
    crate = clone / "kernels_rs/src/python/module.rs"
    added, without = (
        "        add_kernels(module)?;\n",
        [
            'module.delattr("temporal_median")?;',
            'module.index()?.call_method1("remove", ("temporal_median",))?;',
            'module.getattr("CORE")?.del_item("temporal_median")?;',
        ],
    )
    text = crate.read_text()
    assert text.count(added) == 1
    crate.write_text(text.replace(added, added + "".join(f"        {line}\n" for line in without)))


def test_peers_built_after_an_environment_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ENVIRONMENTS", tmp_path)
    runner.ensure_peers()
    (tmp_path / "half made").mkdir()
    for name in ("one", "two"):
        python = tmp_path / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "$@" >> asked\n')
        python.chmod(0o755)
    runner.ensure_peers()
    assert runner.PEERS.is_file()
    for name in ("one", "two"):
        assert (tmp_path / name / "asked").read_text() == f"-P {runner.PEERS} --cached\n"


@pytest.mark.slow
def test_an_old_commit_without_a_kernel_shows_it_as_not_there(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    git(clone, "checkout", "--quiet", "-B", "main")
    now = git(clone, "rev-parse", "HEAD").strip()
    without_median(clone)
    git(clone, "commit", "--quiet", "--all", "--message", "a commit without a kernel")
    old = git(clone, "rev-parse", "HEAD").strip()
    shutil.copytree(ROOT / "benchmarks", clone / "benchmarks", dirs_exist_ok=True)
    if (ROOT / ".asv/env").is_dir():
        shutil.copytree(ROOT / ".asv/env", clone / ".asv/env", symlinks=True, ignore=shutil.ignore_patterns("project"))
    machine = this_machine()
    ensure_machine(machine)
    (tmp_path / "commits").write_text(f"{old}\n{now}\n")
    environment = runner.environment(tmp_path) | {"EOLAB_CACHE": str(build.cache_dir()), "EOLAB_PROCESSES": "1"}
    environment.pop(lookup.RUN_DIR)
    command = [sys.executable, "-m", "asv", "run", "--machine", machine.machine, "--record-samples", "--show-stderr"]
    command += ["--bench", r"ktime_call\('(f32_64|f32_73x64)', '(numpy|rust|wall)'", f"HASHFILE:{tmp_path / 'commits'}"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = (result(clone, commit, "temporal_median", "f32_73x64") for commit in (old, now))
    assert math.isnan(before["numpy"])
    assert math.isnan(before["rust"])
    assert before[WALL] > 0
    assert min(after.values()) > 0
    assert min(result(clone, old, "normalized_difference", "f32_64").values()) > 0


def result(clone: Path, commit: str, kernel: str, case: str) -> dict[str, float]:
    """Return implementation → asv's result of a commit, of those that were asked for."""
    (path,) = clone.glob(f".asv/results/*/{commit[:8]}-*.json")
    data = json.loads(path.read_text())
    row = dict(zip(data["result_columns"], data["results"][f"bench_kernels.{kernel}.ktime_call"], strict=False))
    keys = itertools.product(*row["params"])
    found = dict(zip(keys, row["result"], strict=True))
    return {arm: found[repr(case), repr(arm)] for arm in ("numpy", "rust", WALL)}
