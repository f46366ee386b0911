"""The Makefile, as far as it can be asked without making anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ANEW = "-m venv --clear .venv"


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory with the Makefile and an environment that says it is of Python 3.11."""
    root = tmp_path / "a b ü"
    root.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "rust-toolchain.toml", "LICENSE"):
        shutil.copy(ROOT / name, root)
    script(root / ".venv/bin/python", "echo cpython-311")
    (root / ".venv/.python").touch()
    for tag in ("311", "313"):
        script(tmp_path / f"bin/python{tag}", f"echo cpython-{tag}")
    return root


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{root.parent / 'bin'}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C"}
    return subprocess.run(["make", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_another_python_than_that_of_the_environment_makes_it_anew(folder: Path) -> None:
    assert ANEW not in make(folder, "-n", "setup").stdout
    assert ANEW not in make(folder, "-n", "setup", "PYTHON=python311").stdout
    asked = make(folder, "-n", "setup", "PYTHON=python313").stdout
    assert ANEW in asked
    assert "pip install --quiet -r requirements.lock" in asked


def test_an_environment_whose_python_is_gone_is_made_anew(folder: Path) -> None:
    (folder / ".venv/bin/python").unlink()
    assert ANEW in make(folder, "-n", "setup").stdout


@pytest.mark.parametrize("target", ["lint-rust", "format"])
def test_kernels_that_a_macro_lists_are_formatted_too(folder: Path, target: str) -> None:
    (command,) = [line for line in make(folder, "-n", target).stdout.splitlines() if line.startswith("rustfmt ")]
    assert "kernels_rs/src/kernels/*.rs kernels_rs/src/python/signatures/*.rs" in command


@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not on the PATH")
def test_rustfmt_alone_formats_as_the_crate_asks(tmp_path: Path) -> None:
    shutil.copy(ROOT / "kernels_rs/rustfmt.toml", tmp_path)
    shutil.copy(ROOT / "kernels_rs/src/kernels/evi.rs", tmp_path)
    command = ["rustfmt", "--check", str(tmp_path / "evi.rs")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    with (tmp_path / "evi.rs").open("a") as file:
        file.write("fn  f( ) { }\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("target", ["report", "bench", "smoke", "ratios", "baseline", "history"])
def test_without_a_commit_it_is_said_before_anything_is_made(folder: Path, target: str) -> None:
    done = make(folder, target)
    assert done.returncode == 2
    assert not done.stdout
    assert done.stderr.startswith("error: this directory is no git checkout")


def test_what_a_hook_leaves_behind_does_not_reach_the_recipes(folder: Path) -> None:
    makefile = folder / "Makefile"
    makefile.write_text(f"{makefile.read_text()}\nshow:\n\t@env\n")
    harmful = ["GIT_DIR=/x", "GIT_INDEX_FILE=/x", "PYTHONPATH=/x", "NUMBA_DISABLE_JIT=1", "PIP_TARGET=/x"]
    done = subprocess.run(
        ["env", *harmful, "GIT_CONFIG_GLOBAL=/g", "make", "show"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = set(done.stdout.splitlines())
    assert not lines & set(harmful)
    assert {"GIT_CONFIG_GLOBAL=/g", "PYTHONNOUSERSITE=1"} <= lines


@pytest.mark.parametrize("ci", ["true", "false"])
def test_what_has_passed_is_asked_again_when_a_source_is_new_and_in_ci(folder: Path, ci: str) -> None:
    other = "false" if ci == "true" else "true"
    source = folder / "kernels_rs/src/lib.rs"
    source.parent.mkdir(parents=True)
    source.touch()
    for name in ("lint-in-ci" if ci == "true" else "lint", "test-rust"):
        stamp = folder / ".cache/stamps" / name
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    for old in folder.rglob("*"):
        if old.parent.name != "stamps":
            os.utime(old, (1e9, 1e9))
    asked = make(folder, "-n", "test", f"CI={ci}").stdout
    assert "cargo test" not in asked
    assert "mypy" not in asked
    assert "pytest" in asked
    assert "mypy" in make(folder, "-n", "test", f"CI={other}").stdout
    source.touch()
    os.utime(source)
    asked = make(folder, "-n", "test", f"CI={ci}").stdout
    assert "cargo test" in asked
    assert "mypy" in asked
