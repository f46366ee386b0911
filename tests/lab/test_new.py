"""``lab new`` writes valid, honest skeletons, or nothing."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kernels import _shared
from lab import __main__ as door
from lab import new

ROOT = Path(__file__).resolve().parents[2]
KERNEL = "evi_like"
LONGEST = "k" * new.LONGEST_NAME
FAMILIES = ("elementwise", "temporal")


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_files_and_the_lines_to_add(family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", KERNEL, "--family", family, "--root", str(tmp_path)]) == 0
    assert files(tmp_path) == {
        f"reference_py/eokernels/impl_numpy/{KERNEL}.py",
        f"reference_py/eokernels/impl_numba/{KERNEL}.py",
        f"kernels_rs/src/kernels/{KERNEL}.rs",
        f"kernels_rs/src/python/signatures/{KERNEL}.rs",
        f"benchmarks/kernels/{KERNEL}.py",
    }
    text = capsys.readouterr().out
    for place in ("kernels/mod.rs", "module.rs", "_rust.pyi", "__init__.py", f"mod {KERNEL};"):
        assert place in text


@pytest.mark.parametrize("kernel", ["k", KERNEL, LONGEST])
@pytest.mark.parametrize("family", FAMILIES)
def test_skeletons_pass_ruff(kernel: str, family: str, tmp_path: Path) -> None:
    new.write(new.render(kernel, family), tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        run = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("family", FAMILIES)
def test_skeletons_type_check(family: str, tmp_path: Path) -> None:
    new.write(new.render(KERNEL, family), tmp_path)
    target = tmp_path / f"benchmarks/kernels/{KERNEL}.py"
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "mypy"), str(target)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("kernel", ["k", KERNEL, LONGEST])
@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not on the PATH")
def test_the_rust_skeleton_passes_rustfmt(kernel: str, tmp_path: Path) -> None:
    new.write(new.render(kernel, "temporal"), tmp_path)
    configuration = ROOT / "kernels_rs" / "rustfmt.toml"
    shutil.copy(configuration, tmp_path)
    written = sorted(str(path) for path in (tmp_path / "kernels_rs/src").rglob("*.rs"))
    command = ["rustfmt", "--edition", "2024", "--check", *written]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", ["impl_numpy", "impl_numba"])
def test_implementations_say_that_they_are_not_written(side: str, family: str, tmp_path: Path) -> None:
    new.write(new.render(KERNEL, family), tmp_path)
    module = load(tmp_path / f"reference_py/eokernels/{side}/{KERNEL}.py")
    arguments = {"elementwise": (None, None)}.get(family, (None,))
    with pytest.raises(NotImplementedError, match=f"{KERNEL}: .* not written yet"):
        getattr(module, KERNEL)(*arguments)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_declaration_is_a_kernel_without_an_oracle(family: str, tmp_path: Path) -> None:
    new.write(new.render(KERNEL, family), tmp_path)
    kernel = load(tmp_path / f"benchmarks/kernels/{KERNEL}.py").KERNEL
    assert (kernel.name, kernel.family) == (KERNEL, family)
    with pytest.raises(NotImplementedError, match=KERNEL):
        kernel.oracle()


def test_the_skeleton_of_an_index_says_where_the_rule_of_added_constants_stands(tmp_path: Path) -> None:
    new.write(new.render(KERNEL, "elementwise"), tmp_path)
    text = (tmp_path / f"benchmarks/kernels/{KERNEL}.py").read_text(encoding="utf-8")
    for word in ("reflectance", "for_integers=", "in_counts", "Shift(", "SENTINEL_2", "meant"):
        assert word in text
    for name in ("missing", "meant", "output_dtype", "in_counts", "guard", "SENTINEL_2"):
        assert hasattr(_shared, name)


@pytest.mark.parametrize("wrong", ["", "NDVI", "2nd", "a-b", "a b", "../x", "été", "_x", "k" * (new.LONGEST_NAME + 1)])
def test_a_name_that_is_no_identifier_is_refused(wrong: str, tmp_path: Path) -> None:
    assert door.main(["new", "--root", str(tmp_path), "--", wrong]) == 2
    assert not files(tmp_path)


@pytest.mark.parametrize("word", ["lambda", "match", "fn", "impl", "eokernels"])
def test_a_reserved_word_is_refused(word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", word, "--root", str(tmp_path)]) == 2
    assert repr(word) in capsys.readouterr().err
    assert not files(tmp_path)


@pytest.mark.parametrize("room", ["kernels", "python/signatures"])
@pytest.mark.parametrize("existing", ["normalized_difference", "mod"])
def test_a_rust_module_that_exists_is_refused(
    existing: str, room: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"kernels_rs/src/{room}/{existing}.rs"
    module = tmp_path / name
    module.parent.mkdir(parents=True)
    shutil.copy(ROOT / name, module)
    assert door.main(["new", existing, "--root", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert name in said or "reserved word" in said
    assert files(tmp_path) == {name}


def test_one_existing_file_and_nothing_is_written(tmp_path: Path) -> None:
    declaration = tmp_path / f"benchmarks/kernels/{KERNEL}.py"
    declaration.parent.mkdir(parents=True)
    declaration.write_text("KERNEL = None\n", encoding="utf-8")
    assert door.main(["new", KERNEL, "--root", str(tmp_path)]) == 2
    assert files(tmp_path) == {f"benchmarks/kernels/{KERNEL}.py"}
    assert declaration.read_text(encoding="utf-8") == "KERNEL = None\n"


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").write_text("a file where a folder should be\n", encoding="utf-8")
    assert door.main(["new", KERNEL, "--root", str(tmp_path)]) == 2
    assert files(tmp_path) == {"benchmarks"}


def load(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"skeleton_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python_skeletons_parse_on_the_oldest_python(tmp_path: Path) -> None:
    for skeleton in new.render(KERNEL, "temporal"):
        if skeleton.path.suffix == ".py":
            ast.parse(skeleton.text, feature_version=(3, 11))
