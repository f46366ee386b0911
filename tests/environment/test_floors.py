"""``make test-floors`` tries the oldest versions that pyproject.toml declares, which are said in one place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.environment import floors
from benchmarks.environment.pins import read_pins

ROOT = Path(__file__).resolve().parents[2]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


LOCK = {plain(name): version for name, version in read_pins(ROOT / "requirements.lock").items()}
BESIDE = {
    plain(name): version for name, version in read_pins(ROOT / "benchmarks" / "environment" / "floors.lock").items()
}


def project(tmp_path: Path, numpy: str) -> Path:
    path = tmp_path / "pyproject.toml"
    extras = '[project.optional-dependencies]\nnumba = ["numba>=0.61"]\nxarray = ["dask[array]>=2025.1"]\n'
    path.write_text(f'[project]\ndependencies = ["{numpy}"]\n{extras}', encoding="utf-8")
    return path


def test_floors_are_exactly_what_the_project_declares(tmp_path: Path) -> None:
    found = floors.floors(project(tmp_path, "numpy>=1.26.4"))
    assert found == ["numpy==1.26.4", "numba==0.61", "dask[array]==2025.1", "distributed==2025.1"]


@pytest.mark.parametrize("numpy", ["numpy", "numpy>=2,<3", "numpy==2.0"])
def test_a_requirement_without_a_plain_floor_is_refused(tmp_path: Path, numpy: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(numpy))):
        floors.floors(project(tmp_path, numpy))


def test_the_four_that_users_meet_have_floors() -> None:
    names = [re.split(r"[\[=]", pin)[0] for pin in floors.floors()]
    assert names == ["numpy", "numba", "xarray", "dask", "distributed"]


def test_no_floor_is_said_a_second_time() -> None:
    assert not {plain(re.split(r"[\[=]", pin)[0]) for pin in floors.floors()} & BESIDE.keys()


def test_the_rest_is_the_labs_own() -> None:
    different = {name for name, version in BESIDE.items() if LOCK.get(name, version) != version}
    assert different == {"pandas", "llvmlite"}, "llvmlite goes with the old Numba, pandas with the old xarray"


def test_a_python_without_wheels_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(floors, "NEWEST_PYTHON", (3, 10))
    assert floors.main() == 3
    out, said = capsys.readouterr()
    assert out == ""
    assert "up to Python 3.10" in said


def test_it_runs_before_anything_is_installed() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "environment" / "floors.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if sys.version_info[:2] <= floors.NEWEST_PYTHON:
        assert run.stdout.split() == floors.floors()


def test_continuous_integration_calls_it() -> None:
    assert "make test-floors" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^test-floors:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
