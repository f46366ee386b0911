"""What a name means: runs, commits, machines, tables of the record, implementations; and what it does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from synthetic_run import COMMIT, TWO, Writer, write_asv

from benchmarks.runs import history
from reports.read.asvrun import read_asv
from reports.read.places import Places
from reports.read.recorded import read_record
from reports.read.sources import Sources
from reports.stats.summary import summarise
from reports.write import keeping

INDEX = "normalized_difference"
ONE = {INDEX: TWO[INDEX]}
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
FIRST = "20261122-101500-01234567"
LATER = "20261122-111500-01234567"
ELSEWHERE = "20261123-101500-89abcdef"
TABLE = "2026-11-24-testbench"


def copy(writer: Writer, name: str, commit: str = COMMIT) -> None:
    """Put a run beside the first one, of that name and commit."""
    into = writer.directory.parent / name
    shutil.copytree(writer.directory, into)
    plan = json.loads((into / "plan.json").read_text())
    (into / "plan.json").write_text(json.dumps(plan | {"run_id": name, "commit": commit}))


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """Return three runs of two commits, asv's file of one more commit, and a table of the record."""
    writer = Writer(tmp_path_factory.mktemp("run"), tier="smoke", kernels=ONE).write()
    (asv_file,) = writer.asv_results.glob("testbench/*virtualenv*.json")
    results = json.loads(asv_file.read_text())["results"]
    write_asv(writer.root / "kept", results, commit="fedcba9876543210" + "0" * 24)
    run = writer.read()
    of = history.Commit(COMMIT, "2026-11-22T10:00:00+00:00", "A subject")
    entry = keeping.Measured(of, run, summarise(run, ONE))
    keeping.write([entry], {"machine": "testbench"}, "2026-11-24", writer.root / "record")
    copy(writer, LATER)
    copy(writer, ELSEWHERE, OTHER)
    return writer


@pytest.fixture
def sources(writer: Writer) -> Sources:
    results = (writer.asv_results, writer.root / "kept")
    return Sources(ONE, Places((writer.root / "runs", writer.root / "none"), results, writer.root / "record"))


@pytest.mark.parametrize(
    ("given", "run_id"),
    [
        ("latest", ELSEWHERE),
        (FIRST, FIRST),
        ("20261122-11", LATER),
        ("0123", LATER),
        (COMMIT, LATER),
        ("89abcd", ELSEWHERE),
        ("0123@testbench", LATER),
        ("0123@test", LATER),
        ("fedcba98", "fedcba98-virtualenv-py3.11.json"),
        ("fedcba98@testbench", "fedcba98-virtualenv-py3.11.json"),
        ("testbench", "01234567-virtualenv-py3.11.json"),
        (TABLE, f"{TABLE}:01234567"),
        (f"{TABLE}.json", f"{TABLE}:01234567"),
        (f"0123@{TABLE}", f"{TABLE}:01234567"),
    ],
)
def test_a_name_means_one_run(sources: Sources, given: str, run_id: str) -> None:
    run, arm = sources.find("A", given)
    assert (run.run_id, arm) == (run_id, "")
    assert sources.find("B", f"{given}:rust")[1] == "rust"
    assert sources.find("B", f"{given}:rust")[0] is run, "one run is one object, or its implementations would not pair"


def test_a_path_means_what_lies_there(sources: Sources, writer: Writer) -> None:
    (asv_file,) = (writer.root / "kept").glob("testbench/*virtualenv*.json")
    paths = (
        writer.directory,
        asv_file,
        writer.root / "record" / f"{TABLE}.csv",
        writer.root / "record" / f"{TABLE}.json",
    )
    found = [sources.find("A", str(path))[0].run_id for path in paths]
    assert found == [FIRST, asv_file.name, f"{TABLE}:01234567", f"{TABLE}:01234567"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("20261122", rf"A: '20261122' may be run {LATER}; run {FIRST}; write more"),
        (
            "nonsense",
            rf"A: was 'nonsense', which is none of these: latest, .* the runs {ELSEWHERE}.* the machines testb",
        ),
        ("", "A: was ''"),
        ("latest:fortran", "A: implementation was 'fortran'; run .* has numpy, numpy_naive, numba, rust, numexpr"),
        ("latest:", "A: implementation was ''"),
        ("0123@nowhere", "A: machine was 'nowhere'; there are testbench"),
        ("0000@testbench", "A: commit was '0000'; testbench has no run of it"),
        (f"0000@{TABLE}", "A: commit 0000 of .*: record: was '0000'; .* has 01234567"),
        ("HEAD", r"A: was 'HEAD', commit [0-9a-f]{8}, which has neither a run nor .* `python -m lab history --commit"),
    ],
)
def test_what_means_nothing_or_too_much_is_refused_with_what_there_is(sources: Sources, given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sources.find("A", given)


def test_a_commit_of_several_machines_wants_the_machine(writer: Writer) -> None:
    kept = writer.root / "two"
    shutil.copytree(writer.root / "kept" / "testbench", kept / "testbench", dirs_exist_ok=True)
    shutil.copytree(writer.root / "kept" / "testbench", kept / "another", dirs_exist_ok=True)
    sources = Sources(ONE, Places((), (kept,), writer.root))
    with pytest.raises(ValueError, match=r"may be commit fedcba98@another, .*; commit fedcba98@testbench"):
        sources.find("A", "fedcba98")
    assert sources.find("A", "fedcba98@another")[0].commit.startswith("fedcba98")


def test_a_commit_has_the_newest_run_that_measured_something(writer: Writer, tmp_path: Path) -> None:
    shutil.copytree(writer.directory.parent, tmp_path / "runs")
    for lines in (tmp_path / "runs" / LATER).glob("*.jsonl"):
        lines.write_text("")
    found = Sources(ONE, Places((tmp_path / "runs",), (), tmp_path)).find("A", "0123")[0]
    assert found.run_id == FIRST


def test_asvs_file_has_the_times_of_the_run_and_no_cell_without_one(writer: Writer) -> None:
    (path,) = writer.asv_results.glob("testbench/*virtualenv*.json")
    run = writer.read()
    kept = {(r.case, r.implementation, r.group): r for r in read_asv(path, ONE).rows}
    timed = {(r.case, r.implementation, r.group): r for r in run.rows if r.status == "ok"}
    assert set(kept) == set(timed)
    for key, row in timed.items():
        assert list(kept[key].samples_s.values()) == pytest.approx(list(row.samples_s.values()))
        assert kept[key].status == "ok"


def test_the_record_has_the_medians_of_the_run(writer: Writer) -> None:
    summary = summarise(writer.read(), ONE)
    run = read_record(writer.root / "record" / f"{TABLE}.csv", ONE)
    kept = {(r.case, r.implementation): r for r in run.rows}
    assert (run.processes, run.wheel_digest, run.machine) == (6, "sha256:feed", "testbench")
    assert len(kept) == len(summary.cells)
    for cell in summary.cells:
        row = kept[cell.case, cell.implementation]
        assert row.status == cell.status
        assert row.group == ("crop" if cell.time_cropped else "call")
        assert list(row.samples_s.values()) == ([pytest.approx(cell.median_s, rel=1e-5)] if cell.median_s else [])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.json", "{}", "no result file of asv, it has no commit_hash"),
        ("x.json", '{"commit', "cut or not JSON"),
        ("x.csv", "a,b\n1,2\n", "no table of the record, it has no commit"),
        ("x.csv", "", "no table of the record"),
    ],
)
def test_a_file_that_is_something_else_is_named(
    sources: Sources, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        sources.find("A", str(tmp_path / name))


def test_a_table_with_a_broken_line_is_named(sources: Sources, writer: Writer, tmp_path: Path) -> None:
    for suffix in (".csv", ".json"):
        shutil.copyfile(writer.root / "record" / f"{TABLE}{suffix}", tmp_path / f"t{suffix}")
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "t.csv").write_text(text.replace(",ok,", ",fine,", 1))
    with pytest.raises(ValueError, match=rf"t.csv: {INDEX} \w+ cannot be read: 'fine'"):
        sources.find("A", str(tmp_path / "t.csv"))
