"""What a module is linked from is kept by the build itself, and nothing that a build says or makes changes by that."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.environment import linking

LINKER = """#!/bin/sh
echo said
while [ $# -gt 0 ]; do
    case "$1" in -o) printf module > "$2";; --fail) exit 3;; esac
    shift
done
"""
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kits are of LLD, on Linux")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a directory with a linker that makes a module of any arguments."""
    folder = tmp_path / "a linker's"
    folder.mkdir()
    (folder / "cc").write_text(LINKER, encoding="utf-8")
    (folder / "cc").chmod(0o755)
    return folder


def called(tmp_path: Path, tools: Path, *words: str, kits: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call ``cc`` as a compiler does that finds the listener first."""
    first = tmp_path / "first"
    first.mkdir(exist_ok=True)
    assert linking.listener(first, kits or tmp_path / "kits", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    path = f"{first}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(["cc", *words], env={"PATH": path}, capture_output=True, encoding="utf-8", check=False)


def arguments(tmp_path: Path, *, name: str = linking.MODULE) -> list[str]:
    """Return what a compiler hands over, with files that it removes after the link."""
    made = tmp_path / "target"
    made.mkdir(exist_ok=True)
    (made / "a.o").write_bytes(b"object")
    (made / "list").write_text("{ global: f; };", encoding="utf-8")
    script = f"{linking.SCRIPT}{made / 'list'}"
    return ["-shared", script, str(made / "a.o"), "-lc", "-o", str(made / name), linking.BY_LLD]


def test_a_module_is_linked_as_without_and_its_kit_is_kept_by_the_modules_content(tmp_path: Path, tools: Path) -> None:
    words = arguments(tmp_path)
    done = called(tmp_path, tools, *words)
    assert (done.returncode, done.stdout) == (0, "said\n")
    assert (tmp_path / "target" / linking.MODULE).read_bytes() == b"module"
    kit = tmp_path / "kits" / hashlib.sha256(b"module").hexdigest()
    linker, shared, script, copied, *rest = json.loads((kit / linking.KIT).read_text(encoding="utf-8"))
    assert (linker, shared) == (str(tools / "cc"), "-shared")
    assert rest == ["-lc", "-o", linking.OUT, linking.BY_LLD]
    assert (kit / copied.removeprefix(linking.HERE)).read_bytes() == b"object"
    assert "global" in (kit / script.removeprefix(linking.SCRIPT + linking.HERE)).read_text(encoding="utf-8")
    assert [path.name for path in kit.parent.iterdir()] == [kit.name], "nothing half-written stays"


def test_what_is_kept_already_stays(tmp_path: Path, tools: Path) -> None:
    called(tmp_path, tools, *arguments(tmp_path))
    (kit,) = (tmp_path / "kits").iterdir()
    before = (kit / linking.KIT).stat()
    called(tmp_path, tools, *arguments(tmp_path))
    assert (kit / linking.KIT).stat() == before


@pytest.mark.parametrize("other", ["build_script", "without LLD"])
def test_other_links_are_not_kept(tmp_path: Path, tools: Path, other: str) -> None:
    words = arguments(tmp_path, name=linking.MODULE if other == "without LLD" else other)
    assert called(tmp_path, tools, *(words[:-1] if other == "without LLD" else words)).returncode == 0
    assert not (tmp_path / "kits").exists()


def test_a_link_that_fails_fails_as_without(tmp_path: Path, tools: Path) -> None:
    assert called(tmp_path, tools, *arguments(tmp_path), "--fail").returncode == 3
    assert not (tmp_path / "kits").exists()


def test_a_kit_that_cannot_be_kept_fails_no_build(tmp_path: Path, tools: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = called(tmp_path, tools, *arguments(tmp_path), kits=tmp_path / "taken" / "kits")
    assert done.returncode == 0
    assert "is not kept" in done.stderr


def test_without_a_linker_there_is_nothing_to_listen_to(tmp_path: Path) -> None:
    assert not linking.listener(tmp_path, tmp_path / "kits", str(tmp_path))
    assert not (tmp_path / "cc").exists()
