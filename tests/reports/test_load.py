"""What is planned is either measured or said to be missing, and the run directory is all that is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from asv.results import Results
from synthetic_run import COMMIT, TWO, Outcome, Spot, Writer

from reports.read.load import is_crop_notice, read_run
from reports.read.rows import WALL, Row, Run, is_missing

MEDIAN = "temporal_median"


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    return Writer(tmp_path_factory.mktemp("run")).write()


def row(run: Run, kernel: str, case: str, arm: str, group: str = "call") -> Row:
    (found,) = (r for r in run.rows if (r.kernel, r.case, r.implementation, r.group) == (kernel, case, arm, group))
    return found


def asv_file(writer: Writer) -> Path:
    (path,) = writer.asv_results.glob("*/0*.json")
    return path


def edit_asv(writer: Writer, change: Any) -> None:
    path = asv_file(writer)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_the_synthetic_file_is_one_that_asv_itself_reads(writer: Writer) -> None:
    loaded = Results.load(str(asv_file(writer)), machine_name="testbench")
    key = "bench_kernels.temporal_median.ktime_call"
    samples = loaded.get_result_samples(key, loaded.get_result_params(key))
    assert len(samples[3]) == writer.processes


def test_every_planned_cell_has_a_row(writer: Writer) -> None:
    run = writer.read()
    have = {(r.kernel, r.case, r.implementation) for r in run.rows}
    assert {(p.kernel, p.case, p.implementation) for p in run.plan} <= have
    assert not any(is_missing(r.status, r.reason) for r in run.rows)
    assert (run.commit, run.machine, run.processes, run.tier) == (COMMIT, "testbench", 6, "core")
    assert run.created == "2026-11-22T10:15:00+00:00"
    assert WALL not in {p.implementation for p in run.plan}


def test_samples_are_keyed_by_process_and_come_with_what_the_run_directory_knows(writer: Writer) -> None:
    found = row(writer.read(), "normalized_difference", "f32_2048", "rust")
    assert sorted(found.samples_s) == list(range(6))
    assert found.status == "ok"
    assert found.shape == found.measured_shape == (2048, 2048)
    assert (found.input_bytes, found.output_bytes) == (2 * 2**24, 2**24)
    assert (found.peak_bytes, found.minor_faults, found.max_ulp) == (2**24, 4096, 0.5)
    assert row(writer.read(), "normalized_difference", "f32_2048_t2", "rust").threads == 2


def test_a_slow_arm_stands_in_the_crop_and_the_whole_case_only_says_so(writer: Writer) -> None:
    run = writer.read()
    assert is_crop_notice(row(run, MEDIAN, "f32_73x480", "numpy"))
    cropped = row(run, MEDIAN, "f32_73x480", "numpy", "crop")
    assert (cropped.status, cropped.measured_shape) == ("ok", (73, 64, 64))


def test_a_refusing_peer_is_skipped_with_its_reason(writer: Writer) -> None:
    found = row(writer.read(), "normalized_difference", "u16_2048", "numexpr")
    assert found.status == "skipped"
    assert "numexpr" in found.reason


def test_a_failure_in_one_process_fails_the_cell_and_names_the_process(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        wrong = (at.kernel, at.case, at.arm, at.process) == (MEDIAN, "f32_73x64", "rust", 4)
        return outcome | {"status": "failed", "reason": "wrong answer", "time_s": None} if wrong else outcome

    found = row(Writer(tmp_path, tier="smoke", spoil=spoil).write().read(), MEDIAN, "f32_73x64", "rust")
    assert (found.status, found.reason, dict(found.samples_s)) == ("failed", "process 4: wrong answer", {})


def test_a_planned_cell_that_nobody_measured_is_failed_and_not_dropped(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome | None:
        return None if (at.case, at.arm) == ("f32_73x64", "numba") else outcome

    found = row(Writer(tmp_path, tier="smoke", spoil=spoil).write().read(), MEDIAN, "f32_73x64", "numba")
    assert is_missing(found.status, found.reason)
    assert (found.status, found.reason) == ("failed", "not measured")


def test_a_kernel_without_any_file_is_missing_as_a_whole(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    (writer.directory / f"{MEDIAN}.jsonl").unlink()
    run = writer.read()
    assert all(is_missing(r.status, r.reason) for r in run.rows if r.kernel == MEDIAN)
    assert any(r.status == "ok" for r in run.rows if r.kernel != MEDIAN)


def test_asvs_files_have_no_part_in_a_report(tmp_path: Path) -> None:
    """A later run of the commit replaces asv's samples, and a colleague's file may lie beside: the run stays itself."""
    writer = Writer(tmp_path, tier="smoke").write()
    before = writer.read()
    assert any(r.status == "ok" for r in before.rows)
    edit_asv(writer, lambda data: [row.__setitem__(slice(11, None), []) for row in data["results"].values()])
    colleague = writer.asv_results / "colleague"
    colleague.mkdir()
    shutil.copy(asv_file(writer), colleague)
    assert writer.read() == before
    shutil.rmtree(writer.asv_results)
    assert writer.read() == before
    assert before.machine == "testbench"


def test_a_run_whose_machine_nobody_wrote_down_says_so(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    path = writer.directory / "plan.json"
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({name: plan[name] for name in plan if name not in {"machine", "created"}}))
    assert (writer.read().machine, writer.read().created) == ("unknown", "2026-11-22T10:15:00+00:00")


def test_a_resumed_run_counts_the_last_line_of_a_process(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    path = writer.directory / f"{MEDIAN}.jsonl"
    stale = json.loads(path.read_text().splitlines()[0])
    for outcome in stale["arms"].values():
        outcome.update(time_s=99.0)
    path.write_text(json.dumps(stale) + "\n" + path.read_text() + '{"process": 0, "ca')
    assert all(r.status != "failed" for r in writer.read().rows)


def test_errors_name_what_is_wrong(tmp_path: Path, writer: Writer) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        read_run(tmp_path / "nothing", TWO)
    with pytest.raises(ValueError, match="'temporal_median' is not declared"):
        read_run(writer.directory, {"normalized_difference": TWO["normalized_difference"]})


def test_a_run_without_a_receipt_says_so_and_one_with_problems_hands_them_on(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    assert writer.read().problems == ()
    receipt = writer.directory / "receipt.json"
    receipt.write_text(json.dumps({"problems": ["wheel: measured was a, just built was b"]}))
    assert writer.read().problems == ("wheel: measured was a, just built was b",)
    receipt.unlink()
    assert "no receipt" in writer.read().problems[0]


@pytest.mark.parametrize("content", ["", "\0\0\0", '{"problems": [', "[]"])
def test_a_receipt_or_a_verification_that_is_cut_is_named_and_the_numbers_stay(tmp_path: Path, content: str) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    rows = writer.read().rows
    (writer.directory / "receipt.json").write_text(content)
    (writer.directory / "verify.json").write_text(content[:10] or "[{")
    run = writer.read()
    assert run.rows == rows
    assert "receipt.json" in run.problems[0]
