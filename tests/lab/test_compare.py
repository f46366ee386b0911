"""``lab compare``: 0 where it could compare, 2 and a sentence where not, nothing lost on a narrow terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
from synthetic_run import Outcome, Spot, Writer

from benchmarks.registry import KERNELS
from lab import __main__ as door
from reports.write.comparison import schema

MEDIAN = "temporal_median"
ONE = {MEDIAN: KERNELS[MEDIAN]}


def slower(at: Spot, outcome: Outcome) -> Outcome:
    return outcome | {"time_s": outcome["time_s"] * 2} if at.arm == "rust" and outcome["time_s"] else outcome


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folders = (tmp_path_factory.mktemp(name) for name in "ab")
    base, head = (
        Writer(f, tier="smoke", kernels=ONE, spoil=spoil) for f, spoil in zip(folders, (None, slower), strict=True)
    )
    return str(base.write().directory), str(head.write().directory)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_every_changed_cell_is_there_whole_on_any_width(
    runs: tuple[str, str], width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert door.main(["compare", *runs]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(len, lines)) <= int(width)
    cases = {line.split()[1] for line in lines if line.split()[2:4] == ["rust", "2.0×"]}
    planned = json.loads((Path(runs[0]) / "plan.json").read_text())["kernels"][MEDIAN]
    assert f"Slower: {len(planned)} cells" in text
    assert width == "60" or cases == {entry["case"] for entry in planned}
    assert "0 faster" in text


def test_json_and_markdown_are_all_that_is_printed(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["compare", *runs, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema()).validate(values)
    assert (values["relative"], values["every"], values["base"]["given"]) == (False, False, runs[0])
    assert door.main(["compare", *runs, "--json", "--all", "--ratios"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert every["relative"]
    assert len(every["cells"]) > len(values["cells"])
    assert door.main(["compare", *runs, "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("### ")


def test_two_implementations_of_one_run_are_paired(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["compare", f"{runs[0]}:numba", f"{os.path.relpath(runs[0])}:rust"]) == 0
    text = capsys.readouterr().out
    assert "paired by process" in text
    assert "Faster: " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}", "{0}"], "both are"),
        (["{0}", "no_such_run"], "B: was 'no_such_run'"),
        (["{0}:fortran", "{1}"], "A: implementation was 'fortran'"),
        (["{0}"], "B"),
        (["{0}", "{1}", "--json", "--markdown"], "one is accepted"),
        (["{0}:numba", "{0}:rust", "--ratios"], "ratios: A and B are of one run"),
        (["{0}:numpy", "{1}:numpy", "--ratios"], "--times"),
    ],
)
def test_what_cannot_be_compared_is_2_and_one_sentence(
    arguments: list[str], said: str, runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["compare", *(argument.format(*runs) for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert len(captured.err.strip().splitlines()) == 1
