"""Ratios that are kept: taken from a run, written whole, read with a sentence, chosen for what they compare with."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from math import exp
from pathlib import Path
from typing import Any

import pytest
from synthetic_ratios import measured, run
from synthetic_run import TWO, Outcome, Spot, Writer

from benchmarks import bench_kernels
from benchmarks.environment import checkout
from benchmarks.registry import KERNELS
from benchmarks.runs import planning
from reports.read import baseline as reading
from reports.read.rows import Control, Run
from reports.stats import ratios
from reports.write import baseline as keeping

INDEX = "normalized_difference"
ONE = {INDEX: TWO[INDEX]}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run in which Rust takes a quarter of expert NumPy's time, exactly."""

    def quarter(at: Spot, outcome: Outcome) -> Outcome:
        times = {"numpy": 1e-3, "rust": 0.25e-3}
        return outcome | {"time_s": times[at.arm]} if at.arm in times else outcome

    return Writer(tmp_path_factory.mktemp("run"), tier="smoke", kernels=ONE, spoil=quarter).write().read()


def test_logs_are_of_expert_numpy_over_each_of_ours(raw: Run) -> None:
    found = ratios.measured(raw, ONE)
    assert found.disturbed == ""
    assert {cell.implementation for cell in found.ratios.cells} == {"numpy_naive", "numba", "rust"}, "no peer, no wall"
    rust = [cell for cell in found.ratios.cells if cell.implementation == "rust"]
    assert len(rust) == len({p.case for p in raw.plan})
    assert all(exp(value) == pytest.approx(4.0) for cell in rust for value in cell.logs)
    assert {(len(cell.logs), cell.version, cell.void) for cell in rust} == {(6, "version 1", 0)}


def test_the_receipt_tells_processor_instructions_and_versions(raw: Run) -> None:
    told = ratios.measured(raw, ONE).ratios
    assert (told.processor, told.numpy, told.simd) == ("AMD EPYC 7B13", "2.4.6", "")
    receipt: dict[str, Any] = {
        "machine": {"cpu": "Xeon", "cpu_model_numbers": "family 6, model 207", "cores": {"usable": 2}},
        "measured_process": {
            "packages": {"numpy": "2.4.6", "numba": "unavailable: ImportError"},
            "python": {"version": "3.11.7 (main)"},
            "wheel": {"build": {"simd": "avx512", "rustc": "rustc 1.95.0"}},
        },
    }
    told = ratios.measured(replace(raw, receipt=receipt), ONE).ratios
    assert (told.processor, told.simd, told.cores) == ("Xeon (family 6, model 207)", "avx512", "2")
    assert (told.numba, told.python, told.rustc) == ("", "3.11.7", "rustc 1.95.0")
    unsaid = ratios.measured(replace(raw, receipt={"measured_process": "unavailable: cut"}), ONE).ratios
    assert (unsaid.processor, unsaid.simd) == ("", "")
    assert not unsaid.same_processor(unsaid), "what is not known is not the same"


def test_processes_from_which_the_machine_was_taken_are_left_out(raw: Run) -> None:
    stolen = [replace(one, steal_share=0.3) if one.process in {0, 4} else one for one in raw.controls]
    found = ratios.measured(replace(raw, controls=tuple(stolen)), ONE)
    assert {(len(cell.logs), cell.void) for cell in found.ratios.cells} == {(4, 2)}
    assert found.disturbed == "", "only these processes were disturbed"
    stopped = [replace(one, quota_periods=100, throttled_periods=50, steal_share=None) for one in raw.controls]
    none = ratios.measured(replace(raw, controls=tuple(stopped)), ONE)
    assert none.ratios.cells == ()
    assert set(none.lacking.values()) == {"the machine was taken away from all of its processes"}


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ({"triad_2_gb_per_s": 5.0}, "two threads got less memory bandwidth than one"),
        ({"load_1min": 9.0, "online_cores": 2}, "something else ran beside it"),
    ],
)
def test_a_machine_that_was_not_calm_disturbs_the_run(raw: Run, control: dict[str, Any], said: str) -> None:
    noisy = tuple(replace(one, **control) for one in raw.controls)
    assert said in ratios.measured(replace(raw, controls=noisy), ONE).disturbed
    assert "no controls" in ratios.measured(replace(raw, controls=()), ONE).disturbed
    varied = tuple(replace(one, triad_1_gb_per_s=4.0 + 2 * one.process) for one in raw.controls)
    assert "varied too much" in ratios.measured(replace(raw, controls=varied), ONE).disturbed


def test_a_cell_without_a_time_is_named_with_its_reason(raw: Run) -> None:
    rows = tuple(
        replace(row, status="skipped", reason="the data is not here", samples_s={}) if row.case == "f32_256" else row
        for row in raw.rows
    )
    found = ratios.measured(replace(raw, rows=rows), ONE)
    reasons = {name.implementation: why for name, why in found.lacking.items() if name.case == "f32_256"}
    assert set(reasons) == {"numpy_naive", "numba", "rust"}
    assert set(reasons.values()) == {"the data is not here"}


def test_a_run_that_does_not_know_its_inputs_is_refused(raw: Run) -> None:
    with pytest.raises(ValueError, match="does not say which version the inputs of normalized_difference had"):
        ratios.measured(replace(raw, input_versions={}), ONE)


def test_the_receipt_of_a_run_says_which_version_its_inputs_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(tmp_path, tier="smoke", kernels=ONE).write()
    monkeypatch.setattr(checkout, "note", lambda *_: None)
    planning.write_receipt(writer.directory, [])
    versions = {name: bench_kernels.binding_version(kernel) for name, kernel in KERNELS.items()}
    assert writer.read().input_versions == versions
    assert {cell.version for cell in ratios.measured(writer.read(), ONE).ratios.cells} == {versions[INDEX]}


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    second, first = run("b", 2), run("a", 1)
    path, is_new = keeping.keep(measured(second), tmp_path)
    assert (path, is_new) == (tmp_path / "testbench.json", True)
    keeping.keep(measured(first), tmp_path)
    found = reading.read(path)
    assert [one.run_id for one in found] == ["a", "b"], "the oldest first"
    for told, meant in zip(found, (first, second), strict=True):
        assert replace(told, cells=()) == replace(meant, cells=())
        for cell, original in zip(told.cells, meant.cells, strict=True):
            assert cell.logs == pytest.approx(original.logs, abs=1e-5)
            assert replace(cell, logs=()) == replace(original, logs=())


def test_to_keep_a_run_twice_changes_nothing(tmp_path: Path) -> None:
    path, _ = keeping.keep(measured(run("a", 1)), tmp_path)
    before = path.read_bytes()
    assert keeping.keep(measured(run("a", 1)), tmp_path) == (path, False)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.name != "cache"] == ["testbench.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = keeping.keep(measured(run("a", 1)), tmp_path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        keeping.keep(measured(run("b", 2)), tmp_path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.name != "cache"] == ["testbench.json"]


def test_a_run_to_which_nothing_should_be_compared_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="noisy; measure again when it is calm"):
        keeping.keep(measured(run("a", 1), "the machine was noisy"), tmp_path)
    with pytest.raises(ValueError, match=r"5 processes of evi .* at least 6 of each"):
        keeping.keep(measured(run("a", 1, processes=5)), tmp_path)
    with pytest.raises(ValueError, match="has no cell"):
        keeping.keep(measured(replace(run("a", 1), cells=())), tmp_path)
    with pytest.raises(ValueError, match=r"machine: was '\.\./up'"):
        keeping.keep(measured(run("a", 1, machine="../up")), tmp_path)
    assert not list(tmp_path.glob("*.json"))


def kept_file(folder: Path) -> Path:
    path, _ = keeping.keep(measured(run("a", 1)), folder)
    return path


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_file_is_an_error_that_names_it(tmp_path: Path, share: float) -> None:
    path = kept_file(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"testbench\.json is (empty|cut or not JSON)"):
        reading.choose(run("new", 3), tmp_path)
    with pytest.raises(ValueError, match=r"testbench\.json is (empty|cut or not JSON)"):
        keeping.keep(measured(run("b", 2)), tmp_path)


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("schema_version", 2, "schema_version was 2, 1 is accepted"),
        ("runs", None, "NoneType"),
        ("created", "yesterday", "yesterday"),
        ("created", "2026-11-28T10:00:00", "the time zone is not known"),
        ("simd", 7, "simd was 7"),
        ("more", 1, "more"),
        ("logs", [], "has no ratios, or one that is no number"),
        ("logs", [0.1, None], "NoneType"),
        ("logs", ["a"], "could not convert"),
        ("group", "all", "has no ratios"),
        ("median_s", 0, "has no ratios"),
        ("threads", "two", "threads was 'two'"),
    ],
)
def test_a_file_that_is_something_else_is_an_error_that_says_what(
    tmp_path: Path, where: str, value: object, said: str
) -> None:
    path = kept_file(tmp_path)
    content = json.loads(path.read_text())
    first = content["runs"][0]
    owner = next((one for one in (content, first["cells"][0], first) if where in one), first)
    owner[where] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"testbench\.json") as caught:
        reading.read(path)
    assert said in str(caught.value)


def chosen(folder: Path, new: Any, *runs: Any) -> reading.Baseline:
    for one in runs:
        keeping.keep(measured(one), folder)
    return reading.choose(new, folder)


OTHER = {"processor": "Another (model 2)", "machine": "other"}


def test_runs_of_the_same_processor_are_preferred_even_of_another_machine(tmp_path: Path) -> None:
    twin = {"machine": "twin", "created": "2026-01-01T00:00:00+00:00"}
    found = chosen(tmp_path, run("new", 9), run("b", 2, **OTHER), run("a", 1, **twin), run("c", 3, **OTHER))
    assert ([one.run_id for one in found.runs], found.same_processor) == (["a"], True)
    found = chosen(tmp_path, run("new", 9), run("mine", 1, created="2025-01-01T00:00:00+00:00"))
    assert [one.run_id for one in found.runs] == ["mine"], "those of the machine itself come first"


def test_other_instructions_are_another_processor(tmp_path: Path) -> None:
    mine = run("new", 9, simd="avx2")
    found = chosen(tmp_path, mine, run("a", 1), run("b", 2))
    assert ([one.run_id for one in found.runs], found.same_processor) == (["a", "b"], False)
    found = chosen(tmp_path, mine, run("c", 3, simd="avx2"))
    assert ([one.run_id for one in found.runs], found.same_processor) == (["c"], True)


def test_of_several_other_processors_the_one_that_was_kept_last_counts(tmp_path: Path) -> None:
    third = {"processor": "Third", "machine": "third"}
    found = chosen(tmp_path, run("new", 9), run("a", 1, **OTHER), run("b", 2, **OTHER), run("c", 3, **third))
    assert ([one.run_id for one in found.runs], found.same_processor) == (["c"], False)
    assert found.path == tmp_path / "third.json"


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    found = chosen(tmp_path, run("b", 2), run("a", 1), run("b", 2))
    assert [one.run_id for one in found.runs] == ["a"]


def test_without_a_baseline_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no kept run.*`python -m lab ratios --keep`"):
        reading.choose(run("new", 9), tmp_path / "none")
    with pytest.raises(ValueError, match="has no kept run"):
        chosen(tmp_path, run("a", 1), run("a", 1))


def test_ratios_to_another_numpy_are_no_baseline(tmp_path: Path) -> None:
    found = chosen(tmp_path, run("new", 9), run("a", 1), run("b", 2, numpy="1.26.4"))
    assert [one.run_id for one in found.runs] == ["a"]
    with pytest.raises(ValueError, match=r"against NumPy 2\.5\.0 and those kept to 1\.26\.4, 2\.4\.6"):
        reading.choose(run("new", 9, numpy="2.5.0"), tmp_path)


def test_controls_of_other_kernels_leave_a_kernel_alone(raw: Run) -> None:
    beside = Control("evi", 0, 11.0, 17.0, steal_share=0.9)
    found = ratios.measured(replace(raw, controls=(*raw.controls, beside)), ONE)
    assert {cell.void for cell in found.ratios.cells} == {0}


def test_dates_compare_over_time_zones(tmp_path: Path) -> None:
    later = run("a", 1, created="2026-11-28T01:00:00-05:00")
    earlier = run("b", 2, created="2026-11-28T05:00:00+00:00")
    found = chosen(tmp_path, run("new", 9), later, earlier)
    when = [datetime.fromisoformat(one.created) for one in found.runs]
    assert when == sorted(when)
