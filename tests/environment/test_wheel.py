"""The wheel is found by its content, recognised where it is installed, and refused where it is another one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from benchmarks.environment import wheel
from lab import __main__ as door

COMPILER = "rustc 1.95.0"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in {
        "pyproject.toml": "[project]",
        "README.md": "first words",
        "kernels_rs/Cargo.toml": "[package]",
        "kernels_rs/src/lib.rs": "fn f() {}",
        "reference_py/eokernels/__init__.py": "x = 1",
        "lab/run.py": "not in the wheel",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def write_wheel(path: Path, files: dict[str, str], readme: str = "") -> Path:
    """Write a wheel as pip and maturin do: every file with its hash in RECORD."""
    files = {
        **files,
        "eokernels-0.1.0.dist-info/METADATA": f"Metadata-Version: 2.4\nName: eokernels\nVersion: 0.1.0\n{readme}",
    }
    files["eokernels-0.1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            value = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={value},{len(text)}")
        archive.writestr(
            "eokernels-0.1.0.dist-info/RECORD", "\n".join([*rows, "eokernels-0.1.0.dist-info/RECORD,,"]) + "\n"
        )
    return path


# The key


def test_the_key_is_that_of_the_content(tree: Path) -> None:
    key = wheel.wheel_key(tree, COMPILER)
    for path in tree.rglob("*.rs"):
        os.utime(path, (1, 1))
    assert wheel.wheel_key(tree, COMPILER) == key


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "lab/run.py",
        "kernels_rs/target/x.rlib",
        "kernels_rs/tests/kernels/evi.rs",
        "reference_py/__pycache__/a.pyc",
    ],
)
def test_what_is_not_built_does_not_change_the_key(tree: Path, name: str) -> None:
    key = wheel.wheel_key(tree, COMPILER)
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("something else")
    assert wheel.wheel_key(tree, COMPILER) == key


@pytest.mark.parametrize("name", ["pyproject.toml", "kernels_rs/src/lib.rs", "reference_py/eokernels/new.py"])
def test_what_is_built_changes_the_key(tree: Path, name: str) -> None:
    key = wheel.wheel_key(tree, COMPILER)
    (tree / name).write_text("something else")
    assert wheel.wheel_key(tree, COMPILER) != key


def test_a_file_whose_name_is_not_utf_8_is_in_the_key(tree: Path) -> None:
    key = wheel.wheel_key(tree, COMPILER)
    Path(os.fsdecode(os.fsencode(tree) + b"/kernels_rs/src/x\xff.rs")).write_text("")
    assert wheel.wheel_key(tree, COMPILER) != key


def test_the_compiler_changes_the_key_and_so_does_a_moved_file(tree: Path) -> None:
    key = wheel.wheel_key(tree, COMPILER)
    assert wheel.wheel_key(tree, "rustc 1.96.0") != key
    (tree / "kernels_rs/src/lib.rs").rename(tree / "kernels_rs/src/main.rs")
    assert wheel.wheel_key(tree, COMPILER) != key


# The copy that is built


def test_the_copy_touches_only_what_differs(tree: Path, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    wheel.mirror(tree, stage)
    for path in stage.rglob("*.*"):
        os.utime(path, (1, 1))
    (tree / "reference_py/eokernels/__init__.py").write_text("x = 2")
    (tree / "pyproject.toml").rename(tree / "gone.toml")
    wheel.mirror(tree, stage)
    touched = {path.name for path in stage.rglob("*") if path.is_file() and path.stat().st_mtime > 1}
    assert touched == {"__init__.py"}
    assert not (stage / "pyproject.toml").exists()
    assert not (stage / "lab").exists()
    assert (stage / "README.md").read_text() == "first words"


def test_a_wheel_that_is_there_is_had_while_another_is_built(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(wheel, "compiler_version", lambda _: COMPILER)
    made = tmp_path / "cache/wheels" / wheel.wheel_key(tree, COMPILER) / "eokernels-0.1.0-py3-none-any.whl"
    made.parent.mkdir(parents=True)
    made.touch()
    monkeypatch.setattr(wheel, "locked", lambda _: pytest.fail("it waits for whoever builds"))
    assert wheel.build(tree) == made


# The digest


def test_the_digest_is_of_the_package_and_not_of_its_metadata(tmp_path: Path) -> None:
    files = {"eokernels/__init__.py": "x = 1\n"}
    first = wheel.digest(write_wheel(tmp_path / "a.whl", files))
    assert wheel.digest(write_wheel(tmp_path / "b.whl", files, readme="\nother words")) == first
    assert wheel.digest(write_wheel(tmp_path / "c.whl", {"eokernels/__init__.py": "x = 2\n"})) != first


def test_what_is_no_wheel_has_no_digest(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(ValueError, match="no RECORD"):
        wheel.digest(tmp_path / "x.whl")


def test_the_installed_wheel_has_the_digest_of_its_file(tmp_path: Path) -> None:
    name = "eokernels-0.1.0-py3-none-any.whl"
    made = write_wheel(tmp_path / name, {"eokernels/__init__.py": "x = 1\n", "eokernels/a/b.py": "y = 2\n"})
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(made),
    ]
    subprocess.run(install, check=True)
    code = f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path.append({str(wheel.ROOT)!r}); "
    code += "from benchmarks.environment import wheel; import eokernels.a.b; print(wheel.digest())"
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, cwd=tmp_path, text=True).strip() == wheel.digest(made)
    (site / "eokernels/a/b.py").write_text("y = 3\n")
    assert subprocess.check_output(command, cwd=tmp_path, text=True).strip() != wheel.digest(made)


def test_another_wheel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "digest", lambda: "a" * 64)
    wheel.require_wheel("a" * 64)
    wheel.require_wheel("")
    with pytest.raises(OSError, match="planned was bbbbbbbb"):
        wheel.require_wheel("b" * 64)


def test_a_wheel_of_other_sources_is_refused_and_the_file_named(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(wheel, "compiler_version", lambda _: COMPILER)
    with pytest.raises(OSError, match=r"not what .* builds.*eokernels/__init__\.py.*`make quick`.*`make setup`"):
        wheel.require_source(tree)
    folder = tmp_path / "cache" / "wheels" / wheel.wheel_key(tree, COMPILER)
    folder.mkdir(parents=True)
    built = write_wheel(folder / "eokernels-0.1.0-py3-none-any.whl", {"eokernels/__init__.py": "x = 1"})
    monkeypatch.setattr(wheel, "installed_digest", lambda: wheel.digest(built))
    wheel.require_source(tree)
    (tree / "kernels_rs/src/lib.rs").write_text("fn g() {}")
    with pytest.raises(OSError, match="not what this checkout builds"):
        wheel.require_source(tree)


@pytest.mark.parametrize("verb", ["verify", "time", "try", "fuzz"])
def test_verbs_that_speak_of_the_installed_wheel_refuse_another_one(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise OSError("wheel: not what this checkout builds; `make setup` builds and installs it")

    monkeypatch.setattr(wheel, "require_source", refuse)
    more = {"try": ["os.path:join", "--kernel", "evi"], "fuzz": ["-k", "evi", "--calls", "1"], "time": ["evi"]}
    assert door.main([verb, *more.get(verb, ["evi"])]) == 2
    assert "`make setup`" in capsys.readouterr().err


def test_a_refusal_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(wheel, "require_release", lambda: None)
    monkeypatch.setattr(wheel, "digest", lambda: "a" * 64)
    assert not wheel.is_refused("a" * 64)
    assert wheel.is_refused("b" * 64)
    assert "planned was bbbbbbbb" in capsys.readouterr().err


def test_a_debug_build_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        profile = "debug"

        def build_info(self) -> dict[str, str]:
            return {"profile": self.profile}

    fake = Fake()
    monkeypatch.setitem(sys.modules, "eokernels", fake)
    with pytest.raises(OSError, match="debug build"):
        wheel.require_release()
    fake.profile = "release"
    wheel.require_release()


def test_the_script_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, str(wheel.ROOT / "benchmarks/environment/wheel.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "BUILD_DIR OUT_DIR" in done.stderr


@pytest.mark.slow
def test_a_change_of_python_compiles_no_rust(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(wheel.ROOT), str(checkout)], check=True)
    elsewhere = tmp_path / "elsewhere"
    module = checkout / "reference_py/eokernels/__init__.py"
    keys = set()
    for number, tree in enumerate((checkout, elsewhere)):
        module.write_text(f"{module.read_text()}\n# change {number} of {tmp_path.name}\n")
        if tree is elsewhere:
            checkout.rename(elsewhere)
        keys.add(wheel.build(tree))
    assert len(keys) == 2
    log = (next(iter(keys)).parent.parent / "build.log").read_text()
    assert "Finished `release` profile" in log
    assert "Compiling" not in log
