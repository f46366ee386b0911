"""The paired measurement: orders, quantiles, lines that an interrupt cut, crops, wrong answers, coverage."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from rich.console import Console

from benchmarks import registry
from benchmarks.asv import resultfiles
from benchmarks.asv.machine import this_machine
from benchmarks.calls import binding
from benchmarks.environment import jsonlines, process
from benchmarks.environment.process import MeasurementError
from benchmarks.pairing import conductor, runlines, small_calls, stage, worker
from benchmarks.pairing.oracles import oracle
from benchmarks.pairing.runlines import CROPPED, Line, MemoryLine, Outcome, StartLine
from benchmarks.probes import ranges, wall
from benchmarks.runs import planning
from inputs.cases import Case
from inputs.families import CASES, find
from lab import run as run_verb

KERNEL = "normalized_difference"
ARMS = ("numpy", "rust")
WALL = binding.WALL


def outcome(time_s: float = 1e-3, **changes: Any) -> Outcome:
    return replace(Outcome("ok", "", 1, (time_s, time_s), 3, time_s, 0.0), **changes)


def line(process_number: int, case: str = "f32_256", group: runlines.Group = "call", **arms: Outcome) -> Line:
    known = {"numpy": outcome(), "rust": outcome(5e-4), WALL: outcome(2e-4)}
    return Line(process_number, case, group, (256, 256), 524288, 262144, {**known, **arms})


# Orders and quantiles


@pytest.mark.parametrize("count", [1, 2, 5, 7, 8])
def test_every_arm_has_every_place_equally_often_in_a_full_turn(count: int) -> None:
    arms = [f"arm{k}" for k in range(count)]
    orders = stage.rotation(arms, 2 * count)
    for place in range(count):
        seen = [order[place] for order in orders]
        assert {seen.count(arm) for arm in arms} == {2}
    assert all(sorted(order) == sorted(arms) for order in orders)


@pytest.mark.parametrize(("wanted", "rounds"), [(5, 9), (9, 9), (6, 7), (1, 4)])
def test_a_slow_arm_sits_out_evenly(wanted: int, rounds: int) -> None:
    turns = [turn for turn in range(rounds) if stage.takes_part(turn, wanted, rounds)]
    gaps = {later - earlier for earlier, later in itertools.pairwise(turns)}
    assert len(turns) == wanted
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_the_robust_time_ignores_slow_phases() -> None:
    calm = [1.0, 1.01, 1.02, 1.0, 1.01, 1.0, 1.02]
    noisy = [*calm[:4], 1.8, 1.75, 1.9]
    assert stage.robust_s(noisy) == pytest.approx(stage.robust_s(calm), rel=0.02)
    assert min(noisy) <= stage.robust_s(noisy) <= np.median(noisy)


def test_a_block_is_seconds_per_call() -> None:
    assert 0.9e-3 < stage.block_s(lambda: time.sleep(1e-3), 5) < 50e-3


@pytest.mark.parametrize(
    ("count", "parts", "multiple"), [(10, 3, 1), (4096, 2, 2048), (5, 8, 1), (0, 2, 4), (100, 1, 64)]
)
def test_ranges_cover_everything_once(count: int, parts: int, multiple: int) -> None:
    found = ranges(count, parts, multiple)
    assert [i for start, stop in found for i in range(start, stop)] == list(range(count))
    assert len(found) <= max(1, parts)


# Lines


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = [line(0), line(1, rust=Outcome("failed", "wrong answer"))]
    for one in written:
        jsonlines.append(tmp_path / f"{KERNEL}.jsonl", one)
    assert runlines.read_lines(tmp_path, KERNEL) == written


def test_an_unfinished_last_line_is_ignored_and_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / f"{KERNEL}.jsonl"
    jsonlines.append(path, line(0))
    with path.open("a") as handle:
        handle.write(json.dumps(asdict(line(1)))[:70])
    assert [one.process for one in runlines.read_lines(tmp_path, KERNEL)] == [0]
    jsonlines.append(path, line(2))
    assert [one.process for one in runlines.read_lines(tmp_path, KERNEL)] == [0, 2]
    assert all(json.loads(text) for text in path.read_text().splitlines())


def test_a_file_that_is_one_unfinished_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / f"{KERNEL}.jsonl"
    path.write_text('{"process": 0, "ca')
    assert runlines.read_lines(tmp_path, KERNEL) == []
    jsonlines.append(path, line(0))
    assert len(runlines.read_lines(tmp_path, KERNEL)) == 1


def test_a_broken_line_in_the_middle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / f"{KERNEL}.jsonl").write_text('{"process": 0, "ca\n{}\n')
    with pytest.raises(ValueError, match="line 1 is cut or not JSON"):
        runlines.read_lines(tmp_path, KERNEL)


def test_a_case_is_complete_with_its_crop_only() -> None:
    cropped = line(0, numpy=Outcome("skipped", CROPPED))
    assert runlines.is_complete([line(0)], "f32_256", 0)
    assert not runlines.is_complete([line(0)], "f32_256", 1)
    assert not runlines.is_complete([cropped], "f32_256", 0)
    assert runlines.is_complete([cropped, line(0, group="crop")], "f32_256", 0)
    assert not runlines.is_complete([cropped, line(0, group="crop"), line(1)], "f32_256", 1)


def test_the_first_process_decides_what_is_slow() -> None:
    lines = [line(0, numpy=Outcome("skipped", CROPPED)), line(1)]
    assert runlines.slow_arms(lines, "f32_256") == ("numpy",)
    assert runlines.slow_arms(lines[1:], "f32_256") is None


# Crops


def test_an_arm_is_slow_above_a_fifth_of_a_second_unless_reading_alone_takes_that_long() -> None:
    assert not stage.is_slow(0.199, wall_s=0.01)
    assert stage.is_slow(0.201, wall_s=0.01)
    assert not stage.is_slow(0.6, wall_s=0.21)
    assert stage.is_slow(0.7, wall_s=0.21)


@pytest.mark.parametrize(
    "case", [case for family in CASES.values() for case in family], ids=lambda c: f"{c.family}-{c.name}"
)
def test_a_crop_has_enough_pixels_and_depends_on_the_case_alone(case: Case) -> None:
    side = binding.crop_side(case)
    if side is None:
        assert max(case.shape[-2:]) <= 1000
        return
    cropped = binding.logical_shape(case, side)
    assert cropped[:-2] == case.shape[:-2]
    assert cropped[-2] * cropped[-1] >= 4096
    assert np.prod(cropped) < np.prod(case.shape)


# One case, measured in this process with functions of ours


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Line]]:
    """Return a function that measures a small case with the given implementations, without spawning."""
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(stage, "ARM_BUDGET_S", 0.002)
    monkeypatch.setattr(stage, "BLOCK_S", 2e-4)
    monkeypatch.setattr(wall, "bind", lambda *_: lambda: np.zeros(1))

    def measure(case: Case, name: str = KERNEL, **functions: Callable[..., Any] | None) -> list[Line]:
        kernel = registry.get(name)
        monkeypatch.setattr(registry, "resolve", lambda _kernel, arm: functions[arm])
        oracles = {case.name: {g: str(oracle(kernel, case, s)) for g, s in (("call", None), ("crop", 64))}}
        job = worker.Job(str(tmp_path), name, 0, 0, (case.name,), tuple(functions), "", oracles)
        return worker.measure_case(job, kernel, case, np.random.default_rng(0))

    return measure


def right(a: Any, b: Any, *, out: Any = None, **_: Any) -> Any:
    with np.errstate(all="ignore"):
        result = ((a - b) / (a + b)).astype(a.dtype)
    if out is None:
        return result
    out[...] = result
    return out


SMALL = replace(find("elementwise", "f32_64"), name="small", shape=(32, 32), mask="iid", missing=0.3)


def test_right_answers_have_times(bench: Callable[..., list[Line]]) -> None:
    (found,) = bench(SMALL, numpy=right, rust=right)
    assert [found.arms[arm].status for arm in (*ARMS, WALL)] == ["ok"] * 3
    assert found.arms["numpy"].time_s == stage.robust_s(found.arms["numpy"].blocks_s)
    assert stage.ROUNDS[0] <= len(found.arms["numpy"].blocks_s) <= stage.ROUNDS[1]
    assert found.arms["rust"].max_ulp is not None
    assert (found.shape, found.output_bytes, found.input_bytes) == ((32, 32), 4096, 8192)


def test_a_wrong_answer_has_no_time(bench: Callable[..., list[Line]]) -> None:
    (found,) = bench(SMALL, numpy=right, rust=lambda a, b: np.nan_to_num(right(a, b)))
    assert found.arms["rust"].status == "failed"
    assert found.arms["rust"].time_s is None
    assert "wrong answer before" in found.arms["rust"].reason
    assert found.arms["numpy"].status == "ok"


def test_an_answer_that_turns_wrong_has_no_time(bench: Callable[..., list[Line]]) -> None:
    calls = iter(range(10**9))
    (found,) = bench(SMALL, numpy=right, rust=lambda a, b: right(a, b) if next(calls) < 3 else right(b, a))
    assert found.arms["rust"].status == "failed"
    assert "wrong answer after" in found.arms["rust"].reason


def test_an_arm_that_leaves_the_last_answer_in_out_is_found(bench: Callable[..., list[Line]]) -> None:
    (found,) = bench(replace(SMALL, out=True), numpy=right, rust=lambda a, b, out: out)
    assert found.arms["numpy"].status == "ok"
    assert found.arms["rust"].status == "failed"


def test_an_exception_is_a_failure_and_absence_is_a_skip(bench: Callable[..., list[Line]]) -> None:
    def raises(a: Any, b: Any) -> Any:
        raise ZeroDivisionError("by design")

    (found,) = bench(SMALL, numpy=raises, rust=None)
    assert (found.arms["numpy"].status, found.arms["rust"].status) == ("failed", "skipped")
    assert "ZeroDivisionError: by design" in found.arms["numpy"].reason
    assert planning.NOT_IN_WHEEL in found.arms["rust"].reason


def test_a_slow_arm_goes_to_the_crop_with_all_the_others(
    bench: Callable[..., list[Line]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(a: Any, b: Any) -> Any:
        time.sleep(a.size * 2e-6)
        return right(a, b)

    monkeypatch.setattr(stage, "SLOW_S", 0.012)
    monkeypatch.setattr(worker, "crop_side", lambda _case: 64)
    call, crop = bench(replace(SMALL, shape=(96, 96)), numpy=slow, rust=right)
    assert (call.group, crop.group, crop.shape) == ("call", "crop", (64, 64))
    assert call.arms["numpy"] == Outcome("skipped", CROPPED)
    assert [call.arms[arm].status for arm in ("rust", WALL)] == ["ok", "ok"]
    assert {arm: crop.arms[arm].status for arm in crop.arms} == {"numpy": "ok", "rust": "ok", WALL: "ok"}


# Several outputs, arrays by name


def stats(x: Any, *, out: Any = None, **_: Any) -> Any:
    gaps = np.isnan(x)
    count = (~gaps).sum(axis=0).astype(np.int32)
    dates = np.where(gaps, 0.0, x.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = dates.sum(axis=0) / count
        std = np.sqrt((np.where(gaps, 0.0, dates - mean) ** 2).sum(axis=0) / count)
    results = mean.astype(x.dtype), std.astype(x.dtype), count
    if out is None:
        return results
    for one, result in zip(out, results, strict=True):
        one[...] = result
    return out


def miscounts(x: Any, **options: Any) -> Any:
    results = stats(x, **options)
    results[2][0, 0] += 1
    return results


STACK = replace(find("temporal", "f32_73x64"), name="stack", shape=(9, 16, 20), mask="iid")


@pytest.mark.parametrize("out", [False, True])
def test_each_of_several_outputs_is_held_against_the_oracle(bench: Callable[..., list[Line]], out: bool) -> None:
    case = replace(STACK, out=out)
    (found,) = bench(case, "temporal_stats", numpy=stats, numba=miscounts, rust=lambda x, **o: stats(x, **o)[:2])
    assert found.arms["numpy"].status == "ok"
    assert (found.input_bytes, found.output_bytes) == (9 * 16 * 20 * 4, 16 * 20 * (4 + 4 + 4))
    assert re.search(r"count: .*\[0, 0\] was", found.arms["numba"].reason)
    assert "a tuple of 2, expected a tuple of 3 arrays" in found.arms["rust"].reason


def decode(dn: Any, *, scale: float, offset: float, nodata: int, qa: Any, keep: Any) -> Any:
    values = dn.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return np.where((dn != nodata) & np.isin(qa, list(keep)), values, np.float32("nan"))


def forgets(dn: Any, *, qa: Any, keep: Any, **options: Any) -> Any:
    return decode(dn, qa=np.full_like(qa, 4), keep=keep, **options)


def test_a_quality_band_is_handed_over_by_name_and_counts(bench: Callable[..., list[Line]]) -> None:
    case = replace(find("classified", "u16_64"), name="classes", shape=(40, 30))
    (found,) = bench(case, "mask_and_scale", numpy=decode, rust=forgets)
    assert found.arms["numpy"].status == "ok"
    assert "wrong answer" in found.arms["rust"].reason
    assert (found.input_bytes, found.output_bytes) == (40 * 30 * (2 + 1), 40 * 30 * 4)


# Cells


def test_a_cell_is_one_time_per_process() -> None:
    lines = [line(1, rust=outcome(2e-4)), line(0, rust=outcome(1e-4))]
    assert conductor.cell(lines, "f32_256", "rust", "call").samples_s == (1e-4, 2e-4)


def test_one_failed_process_fails_the_cell() -> None:
    lines = [line(0), line(1, rust=Outcome("failed", "wrong answer"))]
    assert conductor.cell(lines, "f32_256", "rust", "call").status == "failed"
    assert conductor.cell(lines, "f32_256", "numpy", "call").status == "ok"


def test_a_cell_without_a_crop_is_skipped_and_an_unknown_one_failed() -> None:
    assert conductor.cell([line(0)], "f32_256", "rust", "crop").status == "skipped"
    assert conductor.cell([line(0)], "f32_512", "rust", "call").status == "failed"


# Runs


@pytest.fixture
def plan() -> planning.Plan:
    entries = {KERNEL: (planning.Entry("f32_256", ARMS),)}
    return planning.Plan(
        *("20260101-000000-abcdef01", "2026-01-01T00:00:00+00:00", "abcdef01" * 5, "smoke", 2, "d" * 64, entries),
        machine="box",
    )


def write(run_dir: Path, *lines: Line) -> None:
    for one in lines:
        jsonlines.append(run_dir / f"{KERNEL}.jsonl", one)


def problems(plan: planning.Plan, run_dir: Path) -> list[str]:
    return planning.problems(plan, run_dir, asv_results=None)


def test_a_plan_comes_back_as_it_was_saved(plan: planning.Plan, tmp_path: Path) -> None:
    plan.save(tmp_path / "run")
    assert planning.Plan.load(tmp_path / "run") == plan


def test_planned_is_measured_or_skipped(plan: planning.Plan, tmp_path: Path) -> None:
    skipped = Outcome("skipped", "no data: offline")
    write(tmp_path, line(0, rust=skipped), line(1, rust=skipped))
    assert problems(plan, tmp_path) == []


def test_what_was_not_measured_is_named(plan: planning.Plan, tmp_path: Path) -> None:
    assert problems(plan, tmp_path) == [f"{KERNEL} f32_256 {arm}: not measured" for arm in (*ARMS, WALL)]
    write(tmp_path, line(0))
    assert problems(plan, tmp_path)[0] == f"{KERNEL} f32_256 numpy: measured in 1 of 2 processes"


def test_a_failed_arm_and_one_that_the_wheel_lacks_are_named(plan: planning.Plan, tmp_path: Path) -> None:
    bad = {"numpy": Outcome("failed", "wrong answer"), "rust": Outcome("skipped", "n/a: this wheel does not have it")}
    write(tmp_path, line(0, **bad), line(1, **bad))
    first, second = problems(plan, tmp_path)
    assert "numpy" in first
    assert "wrong answer" in first
    assert "rust: this wheel lacks it" in second


def test_a_peer_keeps_no_run_from_being_complete(plan: planning.Plan, tmp_path: Path) -> None:
    peer = registry.get(KERNEL).peers[0].name
    entries = {KERNEL: (planning.Entry("f32_256", (*ARMS, peer)),)}
    failed = {peer: Outcome("failed", "wrong answer")}
    write(tmp_path, line(0, **failed), line(1, **failed))
    assert problems(replace(plan, kernels=entries), tmp_path) == []


def test_another_wheel_than_the_one_just_built_is_named(plan: planning.Plan, tmp_path: Path) -> None:
    write(tmp_path, line(0), line(1))
    (tmp_path / "measured.json").write_text(json.dumps({"wheel": {"digest": "e" * 64}}))
    (problem,) = problems(plan, tmp_path)
    assert "e" * 16 in problem
    assert "d" * 16 in problem


def test_a_measurement_that_broke_says_why(plan: planning.Plan, tmp_path: Path) -> None:
    write(tmp_path, line(0), line(1))
    (tmp_path / f"{KERNEL}.00000000.broken").write_text("benchmarks.pairing.worker ended with signal SIGSEGV\n")
    assert problems(plan, tmp_path) == ["benchmarks.pairing.worker ended with signal SIGSEGV"]


def asv_file(results: Path, plan: planning.Plan, *, samples: int = 2, scale: float = 1.0, machine: str = "box") -> Path:
    times_s = [scale * outcome.time_s for outcome in line(0).arms.values() if outcome.time_s]
    names = [[repr("f32_256")], [repr(arm) for arm in line(0).arms]]
    row = [times_s, names, "v", 0, 0, None, None, None, None, None, None, [[time_s] * samples for time_s in times_s]]
    columns = ["result", "params", "version", "started_at", "duration", "a", "b", "c", "d", "e", "f", "samples"]
    (results / machine).mkdir(parents=True)
    content = {"version": 2, "result_columns": columns, "results": {f"bench_kernels.{KERNEL}.ktime_call": row}}
    path = results / machine / f"{plan.commit[:8]}-env.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, 0), ({"samples": 1}, 3), ({"scale": 1.01}, 3), ({"machine": "colleague"}, 3)],
    ids=["the same", "too few", "of another run", "of another machine"],
)
def test_what_asv_does_not_have_is_named(
    plan: planning.Plan, tmp_path: Path, change: dict[str, Any], expected: int
) -> None:
    write(tmp_path, line(0), line(1))
    asv_file(tmp_path / "results", plan, **change)
    found = planning.problems(plan, tmp_path, tmp_path / "results")
    assert len(found) == expected
    assert all("asv's file" in problem for problem in found)
    assert len(planning.problems(plan, tmp_path, tmp_path / "nowhere")) == 3


@pytest.mark.parametrize("content", ['{"version": 2}', '{"version": 1, "results": {"old.time_it": 1.0}}'])
def test_a_file_of_another_asv_has_no_samples(content: str, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "abcdef01-env.json").write_text(content)
    assert resultfiles.samples(tmp_path, "box", "abcdef01" * 5, "evi") == {}


def test_a_colleagues_file_of_the_commit_changes_nothing(plan: planning.Plan, tmp_path: Path) -> None:
    write(tmp_path, line(0), line(1))
    asv_file(tmp_path / "results", plan)
    asv_file(tmp_path / "results", plan, machine="colleague", scale=3.0)
    assert planning.problems(plan, tmp_path, tmp_path / "results") == []


@pytest.mark.parametrize("content", ["", "\0\0", '{"version": 2, "resu', "{}"])
def test_a_result_file_that_asv_cannot_read_is_set_aside_and_named(
    plan: planning.Plan, tmp_path: Path, content: str
) -> None:
    write(tmp_path, line(0), line(1))
    path = asv_file(tmp_path / "results", plan)
    path.write_text(content)
    assert len(planning.problems(plan, tmp_path, tmp_path / "results")) == 3
    (said,) = resultfiles.set_aside(tmp_path / "results", "box", plan.commit)
    assert path.name in said
    assert not path.exists()
    assert path.with_name(f"{path.name}.unreadable").read_text() == content
    assert resultfiles.set_aside(tmp_path / "results", "box", plan.commit) == []


def test_an_incomplete_run_is_exit_2_and_leaves_a_receipt(
    plan: planning.Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as stop:
        run_verb._finish(Console(stderr=True), plan, tmp_path)
    assert stop.value.exit_code == 2
    assert f"{KERNEL} f32_256 rust: not measured" in capsys.readouterr().err
    assert json.loads((tmp_path / "receipt.json").read_text())["problems"]


def write_all(run_dir: Path, processes: int = 2) -> None:
    """Write every line that a measurement of two arms on one case must have written."""
    write(run_dir, *(line(process_number) for process_number in range(processes)))
    for number in range(processes):
        for case in small_calls.small_cases(registry.get(KERNEL)):
            jsonlines.append(run_dir / f"{KERNEL}.sizes.jsonl", line(number, case.name))
        jsonlines.append(run_dir / runlines.CONTROLS, {"kernel": KERNEL, "process": number})
    for arm in ARMS:
        jsonlines.append(run_dir / f"{KERNEL}.memory.jsonl", MemoryLine("f32_256", arm, "ok", "", 1, 1))
        jsonlines.append(run_dir / f"{KERNEL}.start.jsonl", StartLine(arm, "ok"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return what is started: module, process and cases or arms, while nothing is."""
    found: list[tuple[str, int, tuple[str, ...]]] = []

    def note(module: str, path: Path, _digest: str, _log: Path) -> None:
        job = worker.Job.load(path)
        what = job.arms if module == "benchmarks.pairing.starts" else job.cases
        found.append((module.removeprefix("benchmarks.pairing."), job.process, what))

    monkeypatch.setattr(conductor, "spawn", note)
    monkeypatch.setattr(conductor, "files", lambda *_: {})
    return found


def test_a_measurement_with_everything_there_starts_nothing(
    plan: planning.Plan, tmp_path: Path, started: list[Any]
) -> None:
    write_all(tmp_path)
    assert conductor.is_measured(plan.measurement(tmp_path, KERNEL))
    conductor.measure(plan.measurement(tmp_path, KERNEL))
    assert started == []


@pytest.mark.parametrize(
    "lost",
    [
        (f"{KERNEL}.jsonl", [("worker", 1, ("f32_256",))]),
        (f"{KERNEL}.sizes.jsonl", [("worker", 1, ())]),
        (runlines.CONTROLS, [("worker", 1, ())]),
        (f"{KERNEL}.memory.jsonl", [("memory", 0, ("f32_256",))]),
        (f"{KERNEL}.start.jsonl", [("starts", 0, ("rust",))]),
    ],
)
@pytest.mark.parametrize("cut", [0, 9], ids=["between the lines", "in a line"])
def test_whatever_a_process_had_not_written_is_measured_and_nothing_else(
    plan: planning.Plan, tmp_path: Path, started: list[Any], lost: tuple[str, list[Any]], cut: int
) -> None:
    file, expected = lost
    write_all(tmp_path)
    *whole, last = (tmp_path / file).read_text().splitlines(keepends=True)
    (tmp_path / file).write_text("".join(whole) + last[:cut])
    conductor.measure(plan.measurement(tmp_path, KERNEL))
    assert started == expected


def test_kernels_are_measured_round_after_round_and_one_that_breaks_stops_no_other(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[tuple[str, int]] = []

    def note(module: str, path: Path, _digest: str, _log: Path) -> None:
        job = worker.Job.load(path)
        if module == "benchmarks.pairing.worker":
            order.append((job.kernel, job.process))
            if (job.kernel, job.process) == ("savi", 1):
                raise MeasurementError("it died")

    monkeypatch.setattr(conductor, "spawn", note)
    wanted = [
        conductor.Measurement(tmp_path, kernel, ("f32_256",), ("rust",), 3, "", memory=False)
        for kernel in ("evi", "savi", "temporal_mean")
    ]
    told: list[None] = []
    conductor.measure_all(wanted, lambda: told.append(None))
    assert len(told) == len(order) - 1, "once for each process that ended well, and for nothing else"
    assert order == [
        *(("evi", 0), ("savi", 0), ("temporal_mean", 0)),
        *(("evi", 1), ("savi", 1), ("temporal_mean", 1)),
        *(("evi", 2), ("temporal_mean", 2)),
    ]
    with pytest.raises(MeasurementError, match="it died"):
        conductor.measure(wanted[1], beside=wanted)


def test_small_sizes_are_not_asked_for_where_only_times_are(
    plan: planning.Plan, tmp_path: Path, started: list[Any]
) -> None:
    write(tmp_path, line(0), line(1))
    for number in range(2):
        jsonlines.append(tmp_path / runlines.CONTROLS, {"kernel": KERNEL, "process": number})
    conductor.measure(replace(plan.measurement(tmp_path, KERNEL), memory=False))
    assert started == []


def test_cases_are_chosen_by_tier_or_by_name() -> None:
    smoke = planning.chosen_cases([], "smoke")
    assert list(smoke) == list(registry.KERNELS)
    assert smoke[KERNEL] == ("f32_256", "f32_2048_out", "s2_u16_1024")
    assert planning.chosen_cases([KERNEL], "smoke", centre=True)[KERNEL][0] == "f32_2048"
    assert planning.chosen_cases([KERNEL], "smoke", cases=["f32_10980"]) == {KERNEL: ("f32_10980",)}
    assert set(planning.chosen_cases([], "smoke", cases=["f32_10980"])) == {
        kernel.name for kernel in registry.KERNELS.values() if "f32_10980" in {c.name for c in CASES[kernel.family]}
    }
    with pytest.raises(ValueError, match="no_such"):
        planning.chosen_cases([], "smoke", cases=["no_such"])


# Processes


def test_the_environment_is_spelled_out(tmp_path: Path) -> None:
    inherited = {
        "HOME": str(tmp_path),
        "NUMBA_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "8",
        "PYTHONPATH": "/p",
        "MALLOC_ARENA_MAX": "1",
    }
    found = process.environment(tmp_path, "abc" * 10, inherited)
    assert found["HOME"] == str(tmp_path)
    assert found["OMP_NUM_THREADS"] == "1"
    assert not {"NUMBA_NUM_THREADS", "PYTHONPATH", "MALLOC_ARENA_MAX"} & found.keys()
    assert found["NUMBA_CACHE_DIR"].startswith(str(tmp_path))
    assert found["NUMBA_CACHE_DIR"] != process.environment(tmp_path, "xyz" * 10, inherited)["NUMBA_CACHE_DIR"]


def test_a_process_that_dies_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text("{}")
    with pytest.raises(process.MeasurementError, match="exit code"):
        process.spawn("benchmarks.pairing.worker", job, "", tmp_path / "log")


def test_a_machine_is_named_by_what_does_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_machine() == this_machine()
    monkeypatch.setenv("EOLAB_MACHINE", "bench-1")
    assert this_machine().machine == "bench-1"
