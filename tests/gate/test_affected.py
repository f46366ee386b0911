"""What a change can affect: own files, what they import or include, and what everybody shares."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import registry
from benchmarks.gate import affected
from benchmarks.gate.builds import Build


def edited(build: Build, into: Path, name: str, text: str = "\n# changed\n") -> Build:
    """Return a copy of a build with a line at the end of one of its Python files."""
    shutil.copytree(build.folder, into)
    path = into / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return replace(build, digest="another", folder=into)


def test_the_same_wheel_affects_nothing(build: Build) -> None:
    assert affected.affected(build, build) == {}


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("eokernels/impl_numba/evi.py", {("evi", "numba")}),
        ("eokernels/impl_numpy/temporal_mean.py", {("temporal_mean", "numpy")}),
        ("eokernels/xarray.py", set()),
    ],
)
def test_an_own_file_affects_its_kernel_alone(
    build: Build, tmp_path: Path, name: str, reached: set[tuple[str, str]]
) -> None:
    head = edited(build, tmp_path / "head", name)
    assert affected.affected(build, head) == dict.fromkeys(reached, name)
    assert affected.affected(head, build) == dict.fromkeys(reached, name)


def test_what_all_import_affects_all_of_that_kind(build: Build, tmp_path: Path) -> None:
    head = edited(build, tmp_path / "head", "eokernels/impl_numba/_jit.py")
    found = affected.affected(build, head)
    assert {kernel for kernel, arm in found if arm == "numba"} == set(registry.KERNELS)
    assert {arm for _, arm in found} == {"numba"}


def test_rust_that_one_kernel_names_affects_that_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {
        "src/kernels/evi.rs": "use crate::drive::{elementwise::Formula, blocks};",
        "src/kernels/savi.rs": "use crate::drive::elementwise::Formula;\nuse super::shared::helper;",
        "src/kernels/shared.rs": "",
        "src/drive/elementwise.rs": "use super::deep;",
        "src/drive/deep.rs": "",
        "src/drive/blocks.rs": "",
        "Cargo.toml": "",
    }

    beside: dict[tuple[str, str], str] = {}

    def reached(**changed: str) -> set[str]:
        after = {**before, **{name.replace("__", "/"): text for name, text in changed.items()}}
        monkeypatch.setattr(affected, "_crate", lambda commit: before if commit == "base" else after)
        monkeypatch.setattr(affected, "_text", lambda commit, path: beside.get((commit, path), ""))
        return {kernel for kernel, _ in affected.rust("base", "head")}

    assert reached(**{"src/kernels/evi.rs": "// changed"}) == {"evi"}
    assert reached(**{"src/drive/blocks.rs": "// changed"}) == {"evi"}
    assert reached(**{"src/kernels/shared.rs": "// changed"}) == {"savi"}
    assert reached(**{"src/drive/deep.rs": "// changed"}) == {"evi", "savi"}
    assert reached(**{"Cargo.toml": "lto = false"}) == set(registry.KERNELS)
    assert reached(**{"src/lib.rs": "// new"}) == set(registry.KERNELS)
    assert reached() == set(registry.KERNELS), "the module differs, and no source says why"
    beside["head", "pyproject.toml"] = "[project]\nversion = '2'\n[tool.ruff]\nline-length = 9"
    assert reached(**{"src/kernels/evi.rs": "// changed"}) == {"evi"}, "neither says how the crate is built"
    beside["head", "pyproject.toml"] += "\n[tool.maturin]\nstrip = true"
    assert reached(**{"src/kernels/evi.rs": "// changed"}) == set(registry.KERNELS)
    beside.clear()
    beside["base", "rust-toolchain.toml"] = "[toolchain]\nchannel = '1.90'"
    assert reached(**{"src/kernels/evi.rs": "// changed"}) == set(registry.KERNELS)


def test_every_kernels_own_sources_are_found_in_this_crate() -> None:
    graph = affected._graph(affected._crate("HEAD"), affected._uses)
    for kernel in registry.KERNELS:
        starts = affected._starts(kernel)
        assert all(start in graph for start in starts)
        closure = affected._reached(starts, [graph])
        others = {affected._starts(other)[0] for other in registry.KERNELS if other != kernel}
        assert not closure & others, f"{kernel} seems to use another kernel"
        assert len(closure) > len(starts)
