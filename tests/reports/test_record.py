"""The kept history: result files brought together, the dated table and its receipt, curves and ratios, the page."""

from __future__ import annotations

import json
import math
import shlex
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from asv.config import Config
from asv.results import Results
from synthetic_run import COMMIT, NS_PER_VALUE, TWO, Writer, write_asv

from benchmarks import ROOT
from benchmarks.asv import runner
from benchmarks.environment import checkout, wheel
from benchmarks.environment.jsonlines import append
from benchmarks.pairing.runlines import Line, Outcome
from benchmarks.runs import history, planning
from inputs.sweep import sweep
from lab import __main__ as door
from lab import dashboard
from lab import histories as gathering
from reports.read import asvfiles
from reports.stats.series import by_machine, curves, ratios
from reports.stats.summary import summarise
from reports.write import history_page, keeping
from reports.write.offline import external_loads_of

INDEX = "normalized_difference"
NAME = f"bench_kernels.{INDEX}.ktime_call"
OLD = "fedcba9876543210fedcba9876543210fedcba98"
NAN = float("nan")


def row(result: Sequence[float | None]) -> list[Any]:
    return [list(result), [["'f32_64'"], ["'numpy'", "'rust'"]], "digest"]


def results_of(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text())["results"]
    return kept


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    return Writer(tmp_path_factory.mktemp("run")).write()


def test_of_one_benchmark_the_fuller_result_stays_and_of_equals_the_later(tmp_path: Path) -> None:
    full, later, part = (tmp_path / name for name in ("full", "later", "part"))
    write_asv(full, {NAME: row([1.0, 2.0]), "other": row([1.0, NAN])})
    write_asv(later, {NAME: row([3.0, 4.0]), "empty": row([NAN, None])})
    path = write_asv(part, {NAME: row([5.0, NAN])})
    into = tmp_path / "into"
    keeping.merge([full, later, part, tmp_path / "absent"], into)
    kept = results_of(into / "testbench" / path.name)
    assert set(kept) == {NAME, "other"}
    assert kept[NAME][0] == [3.0, 4.0]
    assert math.isnan(kept["other"][0][1])
    assert (into / "testbench" / "machine.json").is_file()


def test_the_record_is_small_and_asv_itself_reads_it(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "benchmarks.json").write_text("{}")
    into = tmp_path / "asv"
    assert keeping.commits(writer.asv_results, "testbench") == [COMMIT]
    keeping.merge([writer.asv_results], into, only="testbench")
    (path,) = asvfiles.result_files(into / "testbench")
    (original,) = asvfiles.result_files(writer.asv_results / "testbench")
    assert path.stat().st_size < original.stat().st_size
    loaded = Results.load(str(path), machine_name="testbench")
    samples = loaded.get_result_samples(NAME, loaded.get_result_params(NAME))
    assert len(samples[0]) == writer.processes


def test_a_machine_without_results_is_said_with_those_there_are(writer: Writer) -> None:
    with pytest.raises(ValueError, match=r"machine: was 'mine'; .* has testbench"):
        keeping.commits(writer.asv_results, "mine")


def test_the_table_and_the_receipt_name_every_commit(writer: Writer, tmp_path: Path) -> None:
    run = writer.read()
    of = history.Commit(COMMIT, "2026-11-22T10:00:00+00:00", "A subject, with a comma")
    measured = [keeping.Measured(of, run, summarise(run, TWO))]
    rows, origin = keeping.write(measured, {"machine": "testbench", "ram": "8 GiB"}, "2026-11-24", tmp_path)
    assert (rows.name, origin.name) == ("2026-11-24-testbench.csv", "2026-11-24-testbench.json")
    table = pd.read_csv(rows)
    assert len(table) == len(run.plan)
    assert set(table["commit"]) == {COMMIT}
    truth = NS_PER_VALUE[INDEX]["numpy"] / NS_PER_VALUE[INDEX]["rust"]
    cell = table[(table["case"] == "f32_2048") & (table["implementation"] == "rust") & (table["kernel"] == INDEX)]
    assert float(cell["ratio_vs_numpy"].iloc[0]) == pytest.approx(truth, rel=0.05)
    receipt = json.loads(origin.read_text())
    (entry,) = receipt["commits"]
    assert (entry["commit"], entry["subject"], entry["processes"]) == (COMMIT, of.subject, 6)
    assert entry["canary"]["state"] == "calm"
    assert receipt["asv_machine"]["ram"] == "8 GiB"


def test_curves_and_ratios_recover_the_truth_in_the_order_of_the_commits(writer: Writer, tmp_path: Path) -> None:
    keeping.merge([writer.asv_results], tmp_path)
    (path,) = asvfiles.result_files(tmp_path / "testbench")
    write_asv(tmp_path, results_of(path), commit=OLD, date=1740000000000)
    (machine,) = by_machine(tmp_path).items()
    assert (machine[0], [c.commit for c in machine[1]]) == ("testbench", [OLD, COMMIT])
    found = curves(machine[1][0], INDEX)
    assert [length for length, _ in found["rust"]] == list(sweep("elementwise").cases)
    rates = NS_PER_VALUE[INDEX]
    assert dict(found["rust"])[3660] == pytest.approx(rates["rust"] * 1e-9, rel=0.8)
    whole = ratios(machine[1][1], INDEX, "f32_2048")
    assert whole["rust"].estimate == pytest.approx(rates["numpy"] / rates["rust"], rel=0.05)
    assert whole["rust"].low is not None
    assert "wall" not in whole
    cropped = ratios(machine[1][1], "temporal_median", "f32_73x480")
    assert cropped["rust"].estimate == pytest.approx(20.0 / 3.1, rel=0.05)


def test_the_page_of_the_history_stands_alone_and_is_linked_once(writer: Writer, tmp_path: Path) -> None:
    page = history_page.write(writer.asv_results, TWO, tmp_path)
    text = page.read_text()
    assert external_loads_of(tmp_path) == {}
    assert text.count("<figure>") == 4
    assert "Over side, at 01234567" in text
    assert "Over dates, at 01234567" in text
    index = tmp_path / "index.html"
    index.write_text("<html><body><p>asv</p></body></html>")
    for _ in range(2):
        history_page.link(index)
    assert index.read_text().count(history_page.FILE) == 1


def test_asv_reads_the_configuration_with_results_elsewhere(tmp_path: Path) -> None:
    path = runner.configured(tmp_path / "history")
    found, usual = Config.load(str(path)), Config.load(str(runner.CONFIGURATION))
    assert Path(found.results_dir) == tmp_path / "history" / "results"
    assert (Path(found.env_dir), Path(found.benchmark_dir)) == (ROOT / ".asv" / "env", ROOT / "benchmarks")
    assert str(ROOT / "benchmarks" / "environment" / "wheel.py") in shlex.split(found.build_command[0])
    assert found.matrix == usual.matrix
    assert found.branches == [checkout.branch()]


def test_a_history_measures_the_smoke_cases_and_every_size() -> None:
    chosen = history.chosen_cases(["temporal_mean", INDEX])
    assert list(chosen) == ["temporal_mean", INDEX]
    assert set(sweep("elementwise").cases.values()) | {"f32_2048_out"} <= set(chosen[INDEX])
    assert history.chosen_cases([INDEX], ["f32_64"]) == {INDEX: ("f32_64",)}
    with pytest.raises(ValueError, match="no_such_case"):
        history.chosen_cases([], ["no_such_case"])
    with pytest.raises(ValueError, match="commits: was 0"):
        history.steps(0)


def fake_wheel(folder: Path, kernels: Sequence[str]) -> Path:
    path = folder / "eokernels-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eokernels-1.dist-info/RECORD", "eokernels/a.py,sha256=abc,1\n")
        for name in kernels:
            archive.writestr(f"eokernels/impl_numpy/{name}.py", "")
    return path


def test_of_an_old_commit_its_own_kernels_are_planned_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = fake_wheel(tmp_path, [INDEX])
    monkeypatch.setattr(history, "wheel_of", lambda commit: built)
    monkeypatch.setattr(history, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(planning.checkout, "git", lambda *arguments: COMMIT)
    cases = {INDEX: ("f32_64",), "temporal_median": ("f32_73x64",)}
    plan = history.make_plan(history.Commit(OLD, "2026-01-01T00:00:00+00:00", "old"), cases, 2)
    assert (plan.commit, list(plan.kernels), plan.processes) == (OLD, [INDEX], 2)
    assert plan.kernels[INDEX][0].arms == history.ARMS
    assert plan.wheel_digest == wheel.digest(built)
    assert history.earlier(plan) is None
    plan.save(history.RUNS / plan.run_id)
    assert history.earlier(plan) == history.RUNS / plan.run_id
    with pytest.raises(ValueError, match="has none of temporal_median"):
        history.make_plan(history.Commit(OLD, "", ""), {"temporal_median": ("f32_73x64",)}, 2)


def test_what_an_old_wheel_lacks_is_no_problem_of_its_history(tmp_path: Path) -> None:
    lacking = {arm: Outcome("skipped", "n/a: this wheel does not have it") for arm in history.ARMS}
    line = Line(0, "f32_64", "call", (64, 64), 1, 1, lacking | {"wall": Outcome("ok", time_s=1.0, calls=1)})
    append(tmp_path / f"{INDEX}.jsonl", line)
    entries = {INDEX: (planning.Entry("f32_64", history.ARMS),)}
    plan = planning.Plan("id", "now", OLD, "history", 1, "", entries)
    assert len(planning.problems(plan, tmp_path, None)) == 3
    assert planning.problems(plan, tmp_path, None, may_lack=True) == []
    assert asdict(plan)["commit"] == OLD


def test_the_verb_keeps_the_newest_finished_run_of_each_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = Writer(tmp_path / "measured", tier="smoke").write()
    monkeypatch.setattr(history, "RESULTS", writer.asv_results)
    monkeypatch.setattr(history, "RUNS", writer.root / "runs")
    monkeypatch.setattr(history, "commit", lambda name: history.Commit(name, "2026-11-22T10:00:00+00:00", "subject"))
    monkeypatch.setattr(checkout, "lost", lambda _commit: "")
    monkeypatch.setattr(checkout, "changed", lambda *_: {})
    out = tmp_path / "record"
    assert door.main(["record", "--machine", "testbench", "--out", str(out)]) == 0
    assert f"{COMMIT[:8]}  " in capsys.readouterr().out
    (rows,) = out.glob("*-testbench.csv")
    assert set(pd.read_csv(rows)["commit"]) == {COMMIT}
    assert asvfiles.result_files(out / "asv" / "testbench")
    (writer.directory / "receipt.json").unlink()
    assert door.main(["record", "--machine", "testbench", "--out", str(out)]) == 2
    assert "no finished run" in capsys.readouterr().err


def test_the_dashboard_brings_the_record_and_what_is_measured_here_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, histories, own = (tmp_path / name for name in ("record", "history", "own"))
    monkeypatch.setattr(gathering, "RECORD", kept)
    monkeypatch.setattr(dashboard, "MERGED", tmp_path / "merged")
    monkeypatch.setattr(history, "RESULTS", histories)
    monkeypatch.setattr(planning, "ASV_RESULTS", own)
    monkeypatch.setattr(checkout, "lost", lambda _: "")
    with pytest.raises(ValueError, match="history: there is none"):
        dashboard._merged()
    write_asv(kept, {NAME: row([1.0, 2.0])}, commit=OLD)
    (kept / "benchmarks.json").write_text('{"version": 2}')
    write_asv(own, {NAME: row([3.0, 4.0])})
    configuration = dashboard._merged()
    merged = Path(Config.load(str(configuration)).results_dir)
    assert {path.name[:8] for path in asvfiles.result_files(merged / "testbench")} == {OLD[:8], COMMIT[:8]}
