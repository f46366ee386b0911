"""``python -m lab try``: what a reader is told of a function of their own, right, wrong, partial or not there."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import ROOT, foreign, registry
from benchmarks.calls.breaches import Breach, Kind
from benchmarks.contract import judging, questions, told, trial
from benchmarks.contract.verdict import Question, Verdict, verdict
from inputs.battery.collection import Call
from lab import __main__ as door
from lab.try_ import try_

APP = typer.Typer()
APP.command()(try_)
KERNEL = "temporal_median"

SOURCE = """
import sys
import warnings

import numpy as np
from eokernels import temporal_median as right


def plain(x, axis=0, nodata=None):
    axis = np.asarray(axis).item()
    if x.dtype.kind != "f" or nodata is not None:
        with np.errstate(all="ignore"):
            left_out = False if nodata is None else x == np.asarray(nodata).astype(x.dtype)
        x = np.where(left_out, np.nan, x).astype("f8" if x.dtype == "f8" else "f4")
    if x.shape[axis] == 0:
        return np.full(np.delete(x.shape, axis), np.nan, x.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        middle = np.nanmedian(x.astype("f8"), axis=axis)
    return np.asarray(middle, x.dtype, order="C")


def upper(x, axis=0, **options):
    options.pop("out", None)
    return right(x, axis, **options) + np.float32(1)


def writes(x, axis=0, **options):
    x[np.isnan(x)] = 0
    return right(x, axis, **options)


def nanmedian(x, axis=0):
    return np.nanmedian(x, axis=axis)


def leaves(x, axis=0, **options):
    sys.exit(0)


def refuses(x, axis=0, **options):
    raise KeyError("no such cube")


def crashes(x, axis=0, **options):
    import ctypes

    return ctypes.string_at(8) if x.size and np.isnan(x).all() else right(x, axis, **options)


def same(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1):
    return right(x, axis, nodata=nodata, mask=mask, dtype=dtype, out=out, num_threads=num_threads)


number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with functions, which is also the current one."""
    package = tmp_path / "my_cube_tools"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "medians.py").write_text(textwrap.dedent(SOURCE))
    (tmp_path / "medians.py").write_text(textwrap.dedent(SOURCE))
    (tmp_path / "broken.py").write_text("import no_such_package_here\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(target: str, *more: str) -> Any:
    quick = ("--case", "f32_73x64", "--processes", "1", "--dtype", "float32", "-i", "rust")
    return CliRunner(env={"COLUMNS": "200"}).invoke(APP, [target, "--kernel", KERNEL, *quick, *more])


def row(output: str, first: str) -> list[str]:
    """Return the cells of the last line of a table that begins with `first`."""
    rows = [line.strip("│ ") for line in output.splitlines()]
    return [line.replace("│", " ").split() for line in rows if line.startswith(first)][-1]


def line(output: str, first: str) -> str:
    """Return the only line that begins with `first`."""
    (found,) = [one for one in output.splitlines() if one.startswith(first)]
    return found


def test_a_right_function_keeps_the_contract_and_is_timed(folder: Path) -> None:
    result = run("my_cube_tools.medians:same")
    assert result.exit_code == 0, result.output
    right, of = re.findall(r"right on (\d+) of (\d+) plain calls$", line(result.output, "values: "))[0]
    assert int(right) == int(of) > 100
    assert result.output.splitlines()[-1] == "it keeps the contract for float32"
    assert "it takes no" not in result.output
    for arm in ("numpy", "rust", "my_cube_tools.medians:same", "wall"):
        assert "ms" in row(result.output, arm), arm


def test_nothing_is_recorded_and_nothing_is_said_of_recording(folder: Path) -> None:
    for name in ("same", "plain"):
        assert "record" not in run(f"medians.py:{name}").output


def test_a_function_that_takes_no_out_learns_that_its_values_are_right_and_is_timed(folder: Path) -> None:
    result = run("medians.py:plain")
    assert result.exit_code == 1
    right, of = re.findall(r"right on (\d+) of (\d+) plain calls$", line(result.output, "values: "))[0]
    assert int(right) == int(of) > 100
    assert "it takes no mask, no dtype, no out; " in result.output
    assert "ms" in row(result.output, "medians.py:plain")
    assert result.output.splitlines()[-1].endswith("; its values are right")


def test_a_warning_does_not_make_right_values_wrong(folder: Path) -> None:
    result = run("medians.py:nanmedian")
    assert result.exit_code == 1
    right, of, wrong = map(int, re.findall(r"right on (\d+) of (\d+) plain calls, wrong on (\d+): ", result.output)[0])
    assert right == of - wrong
    assert right > 200
    assert "largest" in line(result.output, "values: ")  # the middle of two of the largest floats overflows
    assert "RuntimeWarning: All-NaN slice encountered" in line(result.output, "it warns: ")
    assert "returned float32, expected an array" in line(result.output, "it returns a scalar for an array: ")
    assert "it takes no nodata, no mask, no dtype, no out; " in result.output
    assert "ms" in row(result.output, "medians.py:nanmedian")


def test_a_default_that_is_not_the_kernels_is_told_beside_the_values_that_it_spoils(folder: Path) -> None:
    result = run("numpy:nanmedian")
    assert result.output.splitlines()[3] == "where a call leaves it out, it takes axis=None, not axis=0"
    assert "where a call leaves" not in run("medians.py:nanmedian").output


def test_the_manual_shows_what_its_example_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manual = (ROOT / "docs" / "try.md").read_text()
    (source,) = re.findall(r"<<'EOF'\n(.*?)\nEOF", manual, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)\n```", manual, re.DOTALL)
    (tmp_path / "mine.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    printed = run("mine.py:median").output.splitlines()
    expected = shown.splitlines()
    assert [_numbers(text) for text in (*printed[: len(expected) - 1], printed[-1])] == list(map(_numbers, expected))


def _numbers(text: str) -> str:
    """Hide numbers, which change with the battery."""
    return re.sub(r"\d+", "N", text)


def test_a_function_that_writes_to_its_inputs_is_named_and_the_others_have_times(folder: Path) -> None:
    result = run("medians.py:writes")
    assert result.exit_code == 1
    assert "input x was" in line(result.output, "it writes to its inputs: ")
    assert "it writes to its inputs" in " ".join(row(result.output, "medians.py:writes"))
    for arm in ("numpy", "rust", "wall"):
        assert "ms" in row(result.output, arm), arm


def test_a_wrong_function_has_no_time_and_reads_that_first(folder: Path) -> None:
    result = run("medians.py:upper")
    assert result.exit_code == 1
    first = result.output.splitlines()[1]
    assert re.match(r"values: right on \d+ of \d+ plain calls, wrong on \d+: float32 .* \(\d+ more\)$", first)
    assert "it does not return out" in result.output
    assert result.output.splitlines()[-1].endswith("calls, and wrong on a timed input")
    assert "ms" not in row(result.output, "medians.py:upper")
    assert "wrong answer before the timed blocks" in result.output


def test_a_function_that_raises_is_told_what_it_raised(folder: Path) -> None:
    result = run("medians.py:refuses")
    assert result.exit_code == 1
    assert "right on 0 of " in line(result.output, "values: ")
    assert "raised KeyError: 'no such cube'" in line(result.output, "values: ")
    assert "ms" not in row(result.output, "medians.py:refuses")


def test_a_function_that_crashes_takes_no_more_than_its_own_process_and_the_case_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = questions.cases(registry.get(KERNEL), "float32")[0].name
    told_of = (("crashes", "gaps-all", "signal SIGSEGV"), ("leaves", first, "it ended without an error"))
    for name, case, how in told_of:
        assert door.main(["try", f"medians.py:{name}", "--kernel", KERNEL, "--dtype", "float32"]) == 2
        said = capsys.readouterr().err
        assert f"medians.py:{name} brought its process down at {KERNEL} float32 {case}: " in said
        assert how in said
        assert "it said: it said" not in said


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("medians.py:lower", "medians.py has no function 'lower'; it has crashes, leaves, nanmedian, plain, "),
        ("medians.py:number", "medians.py has no function 'number'"),
        ("means.py:mean", "there is no file"),
        ("my_cube_tools.means:mean", "no module 'my_cube_tools.means' in"),
        ("medians", "accepted is pkg.module:function or path/to/file.py:function"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    folder: Path, target: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["try", target, "--kernel", KERNEL]) == 2
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert said in message


def test_a_package_that_a_module_lacks_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["try", "broken.py:median", "--kernel", KERNEL]) == 2
    assert "no_such_package_here is not installed" in capsys.readouterr().err


def test_an_unknown_kernel_case_or_dtype_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["try", "medians.py:plain", "--kernel"]
    for more in (["ndvi"], [KERNEL, "--case", "f32_1"], [KERNEL, "--dtype", "int8"], [KERNEL, "-i", "fortran"]):
        assert door.main([*asked, *more]) == 2
        assert more[-1] in capsys.readouterr().err


def test_an_arms_name_finds_the_function_from_anywhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = [foreign.arm_of(target, folder) for target in ("medians.py:same", "my_cube_tools.medians:plain")]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    kernel = registry.get(KERNEL)
    found = [registry.resolve(kernel, arm) for arm in arms]
    assert [one.__name__ for one in found if one] == ["same", "plain"]
    assert [registry.takes_threads(arm) for arm in arms] == [True, False]
    assert trial.missing(kernel, foreign.load(arms[0])) == ()
    assert trial.missing(kernel, foreign.load(arms[1])) == ("mask", "dtype", "out")


@pytest.mark.parametrize("name", registry.KERNELS)
def test_every_case_of_the_battery_has_a_group(name: str) -> None:
    kernel = registry.get(name)
    for dtype in kernel.contract.dtypes:
        found = set(trial.groups(kernel, [dtype]).values())
        assert {trial.VALUES, trial.REFUSALS, "out=", "mask="} <= found, dtype
        assert trial.LAYOUTS in found or (not kernel.dimensions.is_elementwise and dtype[0] != "f")
        assert {f"{companion}=" for companion in kernel.companions} <= found


def test_evidence_has_groups_by_what_is_asked() -> None:
    cases = {"real romania_10m": "real data", "scratch-c-10000000": trial.MEMORY, "hidden-copy-c": trial.MEMORY}
    for case, group in cases.items():
        assert trial.group_of(Verdict(KERNEL, "mine", "float32", case, "ok"), {}) == group


def _verdict(case: str, *breaches: Breach) -> Verdict:
    return verdict(registry.get(KERNEL), "mine", "float32", case, breaches)


def test_wrong_values_come_first_and_each_kind_has_one_example() -> None:
    warned, wrong = Breach("warning", "warned: UserWarning: hm"), Breach("value", "value at [0] was 1, expected 2")
    given = [
        (trial.VALUES, _verdict("a", warned)),
        (trial.VALUES, _verdict("b", wrong, warned)),
        (trial.LAYOUTS, _verdict("c", wrong)),
        (trial.LAYOUTS, _verdict("d")),
        ("out=", _verdict("e", warned)),
        (trial.REFUSALS, _verdict("f", Breach("accepts", "accepted, expected ValueError"))),
        ("mask=", _verdict("g", Breach("keyword", "raised TypeError: f() got an unexpected keyword argument 'mask'"))),
    ]
    assert [one.text for one in told.findings(given, ("out",))] == [
        "values: right on 2 of 4 plain calls, wrong on 2: float32 b: value at [0] was 1, expected 2 (1 more)",
        "other values: right on 1 of 1 calls with keywords or real data",
        "it warns: float32 a: UserWarning: hm (2 more)",
        "it accepts wrong arguments: float32 f: accepted, expected ValueError",
        "it takes no out, no mask; calls that hand one over and could not be made: 1",
    ]
    assert told.ways(given) == 4
    assert told.value_calls(given) == (3, 5)


def test_every_kind_of_breach_is_told() -> None:
    said = {*told.MANNERS, "value", "error", "keyword", "missing"}
    assert said == set(get_args(Kind))


def test_a_verdict_outlives_json() -> None:
    verdict = _verdict("a", Breach("value", "one"), Breach("warning", "two"))
    assert verdict.detail == "one; two"
    assert Verdict.read(json.loads(json.dumps(asdict(verdict)))) == verdict


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (lambda x, axis=0: np.float32(3), ("scalar",)),
        (lambda x, axis=0: np.float32(4), ("scalar", "value")),
        (lambda x, axis=0: np.array(3.0), ("dtype",)),
        (lambda x, axis=0: None, ("error",)),
        (lambda x, axis=0: [3.0, 3.0], ("object", "value")),
    ],
)
def test_values_in_another_form_are_held_against_the_oracle_all_the_same(make: Any, kinds: tuple[str, ...]) -> None:
    def build() -> Call:
        return Call((np.full(5, 3, np.float32),), {})

    question = Question("float32", "lone", build, np.array(3.0))
    found = judging.judge(registry.get(KERNEL), "numpy", make, question)
    assert tuple(breach.kind for breach in found.breaches) == kinds
