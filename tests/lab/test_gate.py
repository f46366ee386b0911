"""``lab gate`` from the command line: what it ends with, what it says, and that nothing that is broken is green."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from synthetic_gate import BASE, HEAD, World

from benchmarks import ROOT
from benchmarks.environment import checkout
from benchmarks.environment.process import MeasurementError
from benchmarks.gate import affected, builds, injections
from benchmarks.gate.builds import Build
from benchmarks.gate.injections import Injection
from benchmarks.gate.lines import Cell, Pair, Side
from lab import __main__ as door
from reports.write import gate_page

SLOW = Cell("evi", "f32_256", "rust")


def test_no_change_is_green_and_says_how_much_is_decided(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.gate() == 0
    said = capsys.readouterr()
    assert re.search(r"no cell regressed, (\d+) of \1 gated cells are decided", said.out)
    assert "base aaaaaaaa before" in said.err
    assert "that the change cannot affect" not in said.err, "only evi was asked for, and all of it is affected"


def test_a_slower_cell_ends_with_1_and_is_named_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.changes[SLOW] = 0.10
    report = world.folder / "gate.md"
    assert world.gate("--markdown", str(report)) == 1
    out = capsys.readouterr().out
    assert "regressed: evi · f32_256 · rust +10." in out
    assert out.count("regressed:") == 1
    assert f"again: python -m lab gate {BASE.commit[:12]} {HEAD.commit[:12]} --kernel evi --case f32_256" in out
    assert "| regressed | evi · f32_256 · rust |" in report.read_text(encoding="utf-8")


def test_a_faster_cell_is_named_and_green(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.changes[SLOW] = -0.10
    assert world.gate() == 0
    assert "improved: evi · f32_256 · rust" in capsys.readouterr().out


def test_json_is_all_that_is_printed_and_keeps_its_schema(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.changes[SLOW] = 0.10
    assert world.gate("--json") == 1
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, gate_page.schema())
    assert told["exit_code"] == 1
    (folder,) = (world.folder / "gates").iterdir()
    assert json.loads((folder / "verdicts.json").read_text()) == told


def failing(pair: Pair) -> Pair:
    return replace(pair, head=Side("failed", "wrong answer after the timed blocks")) if pair.cell == SLOW else pair


def lacking(pair: Pair) -> Pair:
    return replace(pair, head=Side("skipped", "n/a: this wheel does not have it")) if pair.cell == SLOW else pair


def nowhere(pair: Pair) -> Pair:
    return replace(pair, base=Side("skipped", "n/a: this wheel does not have it"))


def waiting(pair: Pair) -> Pair:
    return replace(pair, base=replace(pair.base, waited_share=0.3))


def swapping(pair: Pair) -> Pair:
    return replace(pair, head=replace(pair.head, major_faults=2))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"spoil": failing}, "wrong answer after the timed blocks"),
        ({"spoil": lacking}, "head has it no more"),
        ({"spoil": nowhere}, "no cell is gated"),
        ({"controls": {"steal_share": 0.5}}, "50% of the processors' time was taken by others"),
        ({"controls": {"throttled_periods": 3}}, "the quota was used up in 3 periods"),
        ({"controls": {"processor": "another one"}}, "measured on another processor, another one"),
        ({"controls": {"beside": {"kind": "cpu", "ended": False}}}, "the load beside it was cpu, planned was none"),
        ({"spoil": waiting}, "undecided"),
        ({"spoil": swapping}, "undecided"),
        ({"until_number": 0}, "have no verdict"),
        ({"until_number": 2}, "undecided"),
        ({"raises": MeasurementError("a pair of processes could not begin: Killed")}, "could not begin"),
        ({"raises": OSError(28, "No space left on device")}, "No space left"),
    ],
    ids=[
        "wrong answer",
        "head lacks it",
        "base lacks all",
        "stolen time",
        "quota",
        "another processor",
        "a load nobody planned",
        "waiting for a core",
        "pages from the disk",
        "no time",
        "little time",
        "no start",
        "disk",
    ],
)
def test_what_is_broken_is_never_green(
    world: World, spoilt: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in spoilt.items():
        setattr(world, name, value)
    assert world.gate() == 2
    told = capsys.readouterr()
    assert said in told.out + told.err


@pytest.mark.parametrize("lost", [1, 3, 8])
def test_pairs_that_were_void_are_made_good(world: World, lost: int, capsys: pytest.CaptureFixture[str]) -> None:
    world.spoil = lambda pair: waiting(pair) if pair.stage == "screen" and pair.number < lost else pair
    assert world.gate() == 0, "others are measured in their place"
    assert "comparisons are void, the first because base waited for a core in 30%" in capsys.readouterr().err


def test_a_regression_stays_one_beside_a_cell_that_failed(world: World) -> None:
    other = SLOW._replace(arm="numba")
    world.changes[other] = 0.2
    world.spoil = failing
    assert world.gate() == 1


def test_an_interrupt_keeps_what_was_measured_and_is_no_verdict(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.raises = KeyboardInterrupt()
    assert world.gate() == 130
    assert "What was measured is kept in" in capsys.readouterr().err


def test_what_is_put_in_on_purpose_is_found_and_can_be_had_again(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in: list[Injection] = []
    monkeypatch.setattr(injections, "injected", lambda base, *given: put_in.extend(given) or BASE)
    world.changes[SLOW] = 0.10
    assert door.main(["inject", "evi", "rust", "pass", "--amount", "0.5"]) == 1
    assert put_in == [Injection("evi", "rust", "pass", 0.5)]
    said = capsys.readouterr().out
    assert "regressed: evi · f32_256 · rust +10." in said
    assert "again: python -m lab inject evi rust pass --amount 0.5 --case f32_256" in said
    world.changes.clear()
    assert door.main(["inject", "evi", "numba", "lost-out"]) == 0
    assert put_in[-1] == Injection("evi", "numba", "lost-out", 1.0)


def test_the_same_wheel_twice_has_nothing_to_compare(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(builds, "build", lambda name: replace(HEAD, digest=BASE.digest) if name == "HEAD" else BASE)
    monkeypatch.setattr(affected, "affected", lambda *_: {})
    assert world.gate() == 0
    said = capsys.readouterr()
    assert "both wheels are the same" in said.err
    assert "the change can affect no cell" in said.out


def test_a_commit_against_itself_is_measured_only_where_that_is_meant(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(builds, "build", lambda name: BASE)
    monkeypatch.setattr(affected, "affected", lambda *_: {})
    assert world.gate() == 2
    assert "head: was aaaaaaaaaaaa, as base is" in capsys.readouterr().err
    assert world.gate("--everything") == 0
    assert "of 1 kernel to compare" in capsys.readouterr().err


@pytest.mark.parametrize("change", [0.0, 0.1, -0.1])
def test_beside_a_load_nothing_is_decided_of_the_change(
    world: World, change: float, capsys: pytest.CaptureFixture[str]
) -> None:
    world.changes[SLOW] = change
    assert world.gate("--json", "--beside", "bandwidth") == 2
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, gate_page.schema())
    assert told["beside"] == "bandwidth"
    assert "beside a load on purpose (bandwidth), which decides nothing" in told["why"]
    (one,) = (cell for cell in told["cells"] if (cell["kernel"], cell["case"], cell["arm"]) == SLOW)
    assert one["verdict"] == {0.0: "equivalent", 0.1: "regressed", -0.1: "improved"}[change]
    assert one["again"].endswith(" --beside bandwidth")


@pytest.mark.parametrize("said", [{"beside": {"kind": "bandwidth", "ended": True}}, {"beside": None}])
def test_pairs_that_a_planned_load_left_alone_are_void(
    world: World, said: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    world.controls = said
    assert world.gate("--json", "--beside", "bandwidth") == 2
    told = json.loads(capsys.readouterr().out)
    assert {cell["verdict"] for cell in told["cells"]} == {"contaminated"}
    assert "comparisons are void, the first because the load beside it" in told["disturbances"]


def test_a_change_of_the_lab_alone_has_nothing_to_compare(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(affected, "affected", lambda *_: {})
    assert world.gate() == 0
    assert "the change reaches none of the cells" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gate", "main", "HEAD", "--kernel", "no_such"], "kernel: was 'no_such'"),
        (["gate", "main", "HEAD", "--kernel", "evi", "--case", "f32_73x64"], "f32_73x64"),
        (["gate", "main", "HEAD", "--tier", "huge"], "tier: was 'huge'"),
        (["gate", "main", "HEAD", "--budget", "soon"], "budget: was 'soon'"),
        (["gate", "main", "HEAD", "--budget", "0m"], "budget: was '0m'"),
        (["gate", "no-such-revision", "HEAD"], "no-such-revision"),
        (["gate", "/no/such", "/tmp", "--own", "mine:f", "--kernel", "evi"], "directory: was '/no/such'"),
        (["gate", "/tmp", "/tmp", "--own", "mine.py:f", "--kernel", "evi"], "own: was 'mine.py:f'"),
        (["gate", "/tmp", "/tmp", "--own", "mine:f"], "kernel: name the one"),
        (["gate", "main", "HEAD", "--beside", "rain"], "beside: was 'rain'"),
        (["gate"], "Missing argument"),
        (["bisect", "evi", "HEAD", "HEAD"], "nothing changed that is measured"),
        (["bisect", "no_such", "HEAD~1"], "kernel: was 'no_such'"),
        (["inject", "evi", "fortran"], "implementation: was 'fortran'; of evi the gate compares numpy, numba, rust"),
        (["inject", "evi", "rust", "warp"], "kind: was 'warp'"),
        (["inject", "evi", "numba", "scalar"], "only rust"),
        (["inject", "evi", "rust", "--amount", "-1"], "amount: was -1"),
        (["calibrate", "--kind", "other"], "kind: was 'other'"),
        (["calibrate", "--slice", "long"], "budget: was 'long'"),
        (["calibrate", "--beside", "rain"], "beside: was 'rain'"),
        (["calibrate", "--beside", "cpu", "--levels"], "--levels takes no load"),
        (["calibrate", "--kernel", "no_such"], "kernel: was 'no_such'"),
    ],
)
def test_what_cannot_be_asked_is_an_error_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "require_clean", lambda: None)
    assert door.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_head_that_does_not_build_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> Build:
        raise OSError(f"{name} (bbbbbbbb) does not build: error[E0308]: mismatched types")

    monkeypatch.setattr(builds, "build", broken)
    assert world.gate() == 2
    assert "does not build: error[E0308]" in capsys.readouterr().err


def test_changes_that_are_not_committed_are_not_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def dirty() -> None:
        raise ValueError("working tree: kernels_rs/src/lib.rs differ from HEAD")

    monkeypatch.setattr(checkout, "require_clean", dirty)
    assert world.gate() == 2
    assert "working tree" in capsys.readouterr().err


def test_a_defect_of_the_lab_does_not_end_like_a_regression(tmp_path: Path) -> None:
    """Python ends with 1 after a traceback, which would say that something regressed."""
    (tmp_path / "sitecustomize.py").write_text("")
    code = "import runpy, sys; sys.argv = ['lab', 'runs']; import lab.runs; lab.runs.runs = lambda: {}['defect'];"
    code += "runpy.run_module('lab', run_name='__main__', alter_sys=True)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "KeyError: 'defect'" in done.stderr
