"""The lab, asv's environments and the wheel's extras name the same packages in the same versions."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from benchmarks import registry
from benchmarks.peers import build
from benchmarks.pins import compare_pin, read_pins

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (ROOT / "requirements.lock", ROOT / "benchmarks" / "peers" / "built.lock")
PINS = {re.sub(r"[-_.]+", "-", name).lower(): version for lock in LOCKS for name, version in read_pins(lock).items()}


def asv_requirements() -> dict[str, list[str]]:
    """Return normalised distribution name → versions of asv's matrix."""
    text = (ROOT / "asv.conf.json").read_text(encoding="utf-8")
    without_comments = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    configuration: dict[str, Any] = json.loads(without_comments)
    required: dict[str, Any] = configuration["matrix"]["req"]
    names = {re.sub(r"[-_.]+", "-", name.removeprefix("pip+")).lower(): name for name in required}
    return {plain: [v for v in _as_list(required[name]) if v] for plain, name in names.items()}


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_asv_measures_with_the_versions_of_the_lock() -> None:
    required = asv_requirements()
    assert required, "asv.conf.json pins nothing: matrix.req is empty"
    different = {
        name: (versions, PINS.get(name)) for name, versions in required.items() if versions != [PINS.get(name, "")]
    }
    assert not different, f"asv.conf.json (left) and requirements.lock (right) differ: {different}"


def test_asv_pins_what_the_timed_processes_import() -> None:
    missing = {"numpy", "numba", "maturin", "asv-runner"} - asv_requirements().keys()
    assert not missing, f"asv.conf.json: matrix.req does not pin {sorted(missing)}"


def test_the_lock_names_exact_versions_and_no_addresses() -> None:
    pip_installs, make_builds = (lock.read_text(encoding="utf-8") for lock in LOCKS)
    text = pip_installs + make_builds
    assert "://" not in text
    assert "--" not in pip_installs, "requirements.lock holds pins only, no options of pip"
    assert len(PINS) == sum(1 for line in text.splitlines() if line and not line.startswith("#")), "a name occurs twice"


def test_the_page_on_bias_names_the_peers_in_the_versions_of_the_locks() -> None:
    rows = re.findall(r"^ +\| ([\w-]+) ([\d.]+) \|", (ROOT / "BIAS.md").read_text(encoding="utf-8"), re.MULTILINE)
    peers = {peer.name for kernel in registry.KERNELS.values() for peer in kernel.peers}
    assert dict(rows) == {name: PINS[name] for name in peers}


def test_what_is_built_is_pinned_by_the_hash_of_its_source() -> None:
    for requirement in build.requirements():
        assert re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", requirement)


def test_every_extra_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!~ \[;]", requirement)[0]).lower() for requirement in wanted}
    assert not names - PINS.keys(), f"requirements.lock does not pin {sorted(names - PINS.keys())}"


def test_a_pin_that_is_not_met_is_shown() -> None:
    installed = metadata.version("numpy")
    assert compare_pin("numpy", installed) == installed
    assert compare_pin("numpy", "0.1") == f"{installed} (pinned: 0.1)"
    assert compare_pin("no-such-distribution-here", "1.0") == "not installed (pinned: 1.0)"


def test_a_lock_line_that_is_no_pin_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy>=2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="numpy>=2"):
        read_pins(lock)
