"""``python -m lab try``: what a reader is told of a function of their own, right, wrong, partial or not there."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import registry, tried
from benchmarks.contract import Verdict
from lab import __main__ as door
from lab.try_ import try_

APP = typer.Typer()
APP.command()(try_)
KERNEL = "temporal_median"

SOURCE = """
import warnings

import numpy as np
from eokernels import temporal_median as right


def plain(x, axis=0, nodata=None):
    if x.dtype.kind != "f":
        x = np.where(x == nodata, np.float32("nan"), x.astype("f4"))
    if x.shape[axis] == 0:
        return np.full(np.delete(x.shape, axis), np.nan, x.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        middle = np.nanmedian(x.astype("f8"), axis=axis)
    return np.asarray(middle, x.dtype, order="C")


def upper(x, axis=0, **options):
    options.pop("out", None)
    return right(x, axis, **options) + np.float32(1)


def refuses(x, axis=0, **options):
    raise KeyError("no such cube")


def crashes(x, axis=0, **options):
    import ctypes

    ctypes.string_at(8)


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


def test_a_right_function_would_be_recorded_and_is_timed(folder: Path) -> None:
    result = run("my_cube_tools.medians:same")
    assert result.exit_code == 0, result.output
    assert " 0 failed" in result.output
    assert "the lab would record this" in result.output
    assert "BREACH" not in result.output
    for arm in ("numpy", "rust", "my_cube_tools.medians:same", "wall"):
        assert "ms" in row(result.output, arm), arm


def test_a_function_that_takes_no_out_learns_that_its_values_are_right_and_is_timed(folder: Path) -> None:
    result = run("medians.py:plain")
    assert result.exit_code == 1
    assert "it takes no mask, no dtype, no out" in result.output
    assert "its plain answers are right" in result.output
    assert row(result.output, "out= (not taken)")[3:5] != ["0", "0"]
    assert row(result.output, "plain values")[4] == "0"
    assert "ms" in row(result.output, "medians.py:plain")
    assert "the lab would refuse to record this" in result.output


def test_a_wrong_function_has_no_time(folder: Path) -> None:
    result = run("medians.py:upper")
    assert result.exit_code == 1
    assert "its plain answers are right" not in result.output
    assert "BREACH plain values: float32 " in result.output
    assert "ms" not in row(result.output, "medians.py:upper")
    assert "wrong answer before the timed blocks" in result.output


def test_a_function_that_raises_is_told_what_it_raised(folder: Path) -> None:
    result = run("medians.py:refuses")
    assert result.exit_code == 1
    assert "raised KeyError: 'no such cube'" in result.output
    assert "ms" not in row(result.output, "medians.py:refuses")


def test_a_function_that_crashes_takes_no_more_than_its_own_process(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["try", "medians.py:crashes", "--kernel", KERNEL, "--dtype", "float32"]) == 2
    assert "signal SIGSEGV" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("medians.py:lower", "medians.py has no function 'lower'; it has crashes, plain, refuses, right, same, upper"),
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
    arms = [tried.arm_of(target, folder) for target in ("medians.py:same", "my_cube_tools.medians:plain")]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    kernel = registry.get(KERNEL)
    found = [registry.resolve(kernel, arm) for arm in arms]
    assert [one.__name__ for one in found if one] == ["same", "plain"]
    assert [registry.takes_threads(arm) for arm in arms] == [True, False]
    assert tried.missing(kernel, tried.load(arms[0])) == ()
    assert tried.missing(kernel, tried.load(arms[1])) == ("mask", "dtype", "out")


@pytest.mark.parametrize("name", registry.KERNELS)
def test_every_case_of_the_battery_has_a_group(name: str) -> None:
    kernel = registry.get(name)
    dtype = next(iter(kernel.contract.dtypes))
    found = set(tried.groups(kernel, [dtype]).values())
    assert {tried.VALUES, tried.LAYOUTS, tried.REFUSALS, "out=", "mask="} <= found
    assert {f"{companion}=" for companion in kernel.companions} <= found


def test_what_fails_for_want_of_a_keyword_has_its_own_group() -> None:
    detail = "raised TypeError: median() got an unexpected keyword argument 'mask'"
    verdict = Verdict(KERNEL, "mine", "float32", "real romania_10m", "failed", detail)
    assert tried.group_of(verdict, {}) == "mask= (not taken)"
    assert tried.group_of(Verdict(KERNEL, "mine", "float32", "real romania_10m", "ok"), {}) == "real data"
