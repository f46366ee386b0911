"""A wheel is built as its commit declares it, whatever the caller's variables and files say of Cargo."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from test_wheel import COMPILER, tree, write_wheel

from benchmarks import ROOT
from benchmarks.environment import cargo, quick_build, wheel

__all__ = ["tree"]

MIRROR = """
[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "sparse+http://localhost/"
[net]
retry = 5
"""
HARMFUL = {
    "profile": "[profile.release]\nopt-level = 0\n",
    "package": '[profile.release.package."*"]\nopt-level = 0\n',
    "flags": '[build]\nrustflags = ["-C", "target-cpu=native"]\n',
    "linker": '[target.x86_64-unknown-linux-gnu]\nlinker = "clang"\n',
}


@pytest.fixture(autouse=True)
def cargo_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "cargo-home"
    home.mkdir()
    monkeypatch.setenv("CARGO_HOME", str(home))
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    return home


def test_the_release_profile_is_the_one_that_the_commit_declares() -> None:
    declared = cargo.profile(ROOT)
    assert declared["CARGO_PROFILE_RELEASE_LTO"] == "fat"
    assert declared["CARGO_PROFILE_RELEASE_CODEGEN_UNITS"] == "1"
    assert declared["CARGO_PROFILE_RELEASE_OPT_LEVEL"] == "3"
    assert declared["CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS"] == "false"
    assert declared["CARGO_PROFILE_RELEASE_DEBUG"] == "false"


def test_an_old_commit_is_built_with_its_own_profile(tree: Path) -> None:
    (tree / "kernels_rs/Cargo.toml").write_text('[profile.release]\nlto = "thin"\ncodegen-units = 4\n')
    declared = cargo.profile(tree)
    assert (declared["CARGO_PROFILE_RELEASE_LTO"], declared["CARGO_PROFILE_RELEASE_CODEGEN_UNITS"]) == ("thin", "4")
    (tree / "kernels_rs/Cargo.toml").unlink()
    assert cargo.profile(tree)["CARGO_PROFILE_RELEASE_CODEGEN_UNITS"] == "16"


@pytest.mark.parametrize(
    "name",
    ["CARGO_PROFILE_RELEASE_OPT_LEVEL", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "MATURIN_PEP517_ARGS"],
)
def test_variables_of_the_caller_change_neither_build_nor_key(
    name: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cargo.environment(tree, tmp_path), wheel.wheel_key(tree, COMPILER)
    monkeypatch.setenv(name, "0")
    assert (cargo.environment(tree, tmp_path), wheel.wheel_key(tree, COMPILER)) == before


@pytest.mark.parametrize("kind", HARMFUL)
@pytest.mark.parametrize("name", ["config.toml", "config"])
def test_what_files_say_of_the_build_is_in_the_key(kind: str, name: str, tree: Path, cargo_home: Path) -> None:
    plain = wheel.wheel_key(tree, COMPILER)
    (cargo_home / name).write_text(MIRROR)
    assert wheel.wheel_key(tree, COMPILER) == plain, "a mirror is not part of a build"
    (cargo_home / name).write_text(MIRROR + HARMFUL[kind])
    assert wheel.wheel_key(tree, COMPILER) != plain
    (cargo_home / name).unlink()
    assert wheel.wheel_key(tree, COMPILER) == plain


def test_a_build_finds_maturin_beside_the_interpreter(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    found = shutil.which("maturin", path=cargo.environment(tree, tmp_path)["PATH"])
    assert found == str(Path(sys.executable).with_name("maturin"))


def test_files_above_the_build_and_those_that_a_file_includes_count_too(tree: Path, tmp_path: Path) -> None:
    keys = {wheel.wheel_key(tree, COMPILER)}
    folder = tmp_path / ".cargo"
    folder.mkdir()
    (folder / "config.toml").write_text('include = ["more.toml"]\n')
    keys.add(wheel.wheel_key(tree, COMPILER))
    assert len(keys) == 1
    (folder / "more.toml").write_text(HARMFUL["profile"])
    keys.add(wheel.wheel_key(tree, COMPILER))
    assert len(keys) == 2
    (folder / "config.toml").write_text("[")
    with pytest.raises(OSError, match=r"config\.toml is no TOML"):
        wheel.wheel_key(tree, COMPILER)


def test_a_linker_that_a_variable_names_is_used_and_in_the_key(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = wheel.wheel_key(tree, COMPILER)
    name = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"
    monkeypatch.setenv(name, "clang")
    assert cargo.environment(tree, tmp_path)[name] == "clang"
    assert wheel.wheel_key(tree, COMPILER) != plain


def test_a_build_by_another_compiler_than_that_of_the_sources_is_refused(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``rustup override set`` says for a directory, and those below it, which compiler is meant."""
    rustc = tmp_path / "bin/rustc"
    rustc.parent.mkdir()
    rustc.write_text(f'#!/bin/sh\ncase "$PWD" in {tmp_path}/cache*) echo rustc nightly;; *) echo rustc stable;; esac\n')
    rustc.chmod(0o755)
    monkeypatch.setenv("PATH", str(rustc.parent), prepend=os.pathsep)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cargo, "build", lambda *_, **__: pytest.fail("it was built"))
    with pytest.raises(OSError, match=r"is of rustc stable, and .*/wheel-source, where it is built, of rustc nightly"):
        wheel.build(tree)


# A wheel that is refused


def built(monkeypatch: pytest.MonkeyPatch, **info: str) -> None:
    """Let every build give a wheel that says so of itself."""

    def build(_stage: Path, _target: Path, out: Path, _log: Path, _settings: object = None, **_: Path) -> Path:
        files = {"eokernels/__init__.py": f"def build_info():\n    return {info!r}\n"}
        return write_wheel(out / "eokernels-0.1.0-py3-none-any.whl", files)

    monkeypatch.setattr(cargo, "build", build)
    monkeypatch.setattr(wheel, "compiler_version", lambda _: COMPILER)
    monkeypatch.setattr(cargo, "compiler", lambda _: COMPILER)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("profile", "debug"),
        ("opt_level", "0"),
        ("debug_assertions", "on"),
        ("rustflags", "-C target-cpu=native"),
        ("overridden", "lto codegen-units"),
    ],
)
def test_a_wheel_that_may_not_be_timed_is_not_kept(
    setting: str, value: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"profile": "release", "opt_level": "3", "debug_assertions": "off", "overridden": "", "rustflags": ""}
    built(monkeypatch, **good | {setting: value})
    with pytest.raises(OSError, match=rf"\({setting}: {value}\).*not kept"):
        wheel.build(tree)
    assert not list((tmp_path / "cache/wheels").rglob("*.whl"))
    built(monkeypatch, **good)
    assert wheel.build(tree).is_file()


def test_a_build_for_editing_is_found_by_who_checks_and_goes_when_sources_change(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(monkeypatch, overridden="opt-level lto codegen-units")
    made = quick_build.build(tree)
    monkeypatch.setattr(wheel, "installed_digest", lambda: wheel.digest(made))
    wheel.require_source(tree)
    (tree / "kernels_rs/src/lib.rs").write_text("fn g() {}")
    with pytest.raises(OSError, match="not what this checkout builds"):
        wheel.require_source(tree)
    assert quick_build.build(tree).is_file()
    assert not made.exists()


def test_the_installed_wheel_says_how_it_was_compiled() -> None:
    info = importlib.import_module("eokernels").build_info()
    assert info["profile"] == "release"
    assert info["opt_level"] in {"2", "3"}
    assert info["debug_assertions"] == info["overflow_checks"] == "off"
    assert info["rustflags"] == ""
    assert "sse2" in info["target_features"] or "neon" in info["target_features"]
    assert set(info["overridden"].split()) <= {"opt-level", "lto", "codegen-units"}
    assert int(info["codegen_units"]) >= 1
    assert info["lto"] in {"fat", "thin", "thin-local", "off"}


# The real thing, on a crate that compiles in a second

CRATE = {
    "pyproject.toml": """
        [build-system]
        requires = ["maturin>=1.9.4,<2"]
        build-backend = "maturin"
        [project]
        name = "eokernels"
        version = "0.1.0"
        [tool.maturin]
        manifest-path = "kernels_rs/Cargo.toml"
        bindings = "bin"
        locked = true
    """,
    "kernels_rs/Cargo.toml": """
        [package]
        name = "eokernels"
        version = "0.1.0"
        edition = "2024"
        build = "build.rs"
        [profile.release]
        lto = "fat"
        codegen-units = 1
        debug = "line-tables-only"
    """,
    "kernels_rs/Cargo.lock": 'version = 4\n\n[[package]]\nname = "eokernels"\nversion = "0.1.0"\n',
    "kernels_rs/build.rs": "mod facts;\nfn main() { facts::write(); }\n",
    "kernels_rs/src/main.rs": """
        fn main() {
            println!("opt_level={}", env!("EOKERNELS_OPT_LEVEL"));
            println!("codegen_units={}", env!("EOKERNELS_CODEGEN_UNITS"));
            println!("lto={}", env!("EOKERNELS_LTO"));
            println!("overridden={}", env!("EOKERNELS_OVERRIDDEN"));
            println!("flags={}", env!("EOKERNELS_RUSTFLAGS"));
            println!("native={}", env!("EOKERNELS_TARGET_FEATURES").contains("avx"));
            println!("assertions={}", cfg!(debug_assertions));
        }
    """,
}
AS_DECLARED = ["opt_level=3", "codegen_units=1", "lto=fat", "overridden=", "flags=", "native=false", "assertions=false"]


def said_by(made: Path, folder: Path) -> list[str]:
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    (program,) = folder.glob("*.data/scripts/eokernels")
    program.chmod(0o755)
    return subprocess.check_output([str(program)], text=True).splitlines()


@pytest.fixture
def crate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "a b ü"
    for name, text in CRATE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("\n".join(line.removeprefix(" " * 8) for line in text.splitlines()).lstrip() + "\n")
    (root / "kernels_rs/facts.rs").write_bytes((ROOT / "kernels_rs/facts.rs").read_bytes())
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return root


@pytest.mark.slow
def test_a_build_for_editing_says_so_and_is_refused_by_the_clock(crate: Path, tmp_path: Path) -> None:
    said = said_by(quick_build.build(crate), tmp_path / "unpacked")
    assert set(said) >= {"opt_level=2", "codegen_units=16", "lto=off"}
    overridden = next(line for line in said if line.startswith("overridden="))
    assert overridden.removeprefix("overridden=") not in wheel.RELEASE["overridden"]


@pytest.mark.slow
def test_no_variable_and_no_file_changes_what_is_compiled(
    crate: Path, tmp_path: Path, cargo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"OPT_LEVEL": "0", "LTO": "off", "CODEGEN_UNITS": "9", "DEBUG_ASSERTIONS": "true"}.items():
        monkeypatch.setenv(f"CARGO_PROFILE_RELEASE_{name}", value)
    monkeypatch.setenv("RUSTFLAGS", "-C target-cpu=native")
    monkeypatch.setenv("MATURIN_PEP517_ARGS", "--profile dev")
    wrapper = f'rustc-wrapper = "{tmp_path}/no-such-wrapper"\n'
    settings = "opt-level = 0\nlto = false\ncodegen-units = 9\ndebug-assertions = true\n"
    (cargo_home / "config.toml").write_text(f"{HARMFUL['flags']}{wrapper}[profile.release]\n{settings}")
    assert said_by(wheel.build(crate), tmp_path / "unpacked") == AS_DECLARED
