"""A wheel without a kit gets one by a build that gives the same module; another module is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from benchmarks.environment import cargo, kits, linking, wheel
from inputs.host.cache import CACHE

MODULE = b"as it was linked"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a source tree whose wheel is in the cache, and Cargo's output with it."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    root = tmp_path / "tree"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]", encoding="utf-8")
    made = tmp_path / "eokernels-0-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("eokernels/_rust.abi3.so", MODULE)
    monkeypatch.setattr(wheel, "build", lambda _: made)
    monkeypatch.setattr(cargo, "require_same_compiler", lambda *_: None)
    linked = tmp_path / "cache/cargo-target/release/deps" / linking.MODULE
    linked.parent.mkdir(parents=True)
    linked.write_bytes(MODULE)
    return root


def building(monkeypatch: pytest.MonkeyPatch, module: bytes) -> list[Path]:
    """Let each build link a module, as Cargo does where it finds none; return where builds went."""
    asked: list[Path] = []

    def build(_stage: Path, target: Path, out: Path, _log: Path, *, kits: Path) -> Path:
        asked.append(out)
        made = target / "release/deps" / linking.MODULE
        if not made.exists():
            made.write_bytes(module)
            linking.keep(kits, "cc", ["-shared", "-o", str(made), linking.BY_LLD])
        return out

    monkeypatch.setattr(cargo, "build", build)
    return asked


def test_a_kit_is_made_once_though_cargo_has_nothing_to_do(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = building(monkeypatch, MODULE)
    kit = kits.make(tree)
    assert kit == kits.place(MODULE)
    assert (kit / linking.KIT).is_file()
    assert kits.make(tree) == kit
    assert len(asked) == 1
    assert not asked[0].exists(), "the wheel of the second build is not kept"


def test_another_module_is_no_kit_of_the_wheel(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    building(monkeypatch, b"as another linker links")
    with pytest.raises(OSError, match="gives another module than its wheel has"):
        kits.make(tree)
    assert not kits.place(MODULE).exists()


def test_the_command_says_why_there_is_none(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path) -> Path:
        raise OSError("no compiler")

    monkeypatch.setattr(wheel, "build", fail)
    assert kits.main() == 2
    assert capsys.readouterr().err == "error: no compiler\n"
