"""The lab, asv's environments and the wheel's extras name the same packages in the same versions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import registry
from benchmarks.environment import provenance
from benchmarks.environment.pins import MODULES, compare_pin, differences, imported, read_pins
from benchmarks.peers import build
from benchmarks.runs import planning

ROOT = Path(__file__).resolve().parents[2]
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
    assert dict(rows) == {name: PINS["numpy" if name == "bincount" else name] for name in peers}


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


def test_what_is_imported_counts_and_not_what_the_metadata_say(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = metadata.version("numpy")
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(__version__="9.9"))
    assert imported("numpy") == "9.9"
    assert compare_pin("numpy", installed) == f"9.9, and {installed} by its metadata (pinned: {installed})"
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert imported("h5py").startswith("unavailable: ModuleNotFoundError")


def test_a_run_in_other_versions_than_pinned_is_marked(tmp_path: Path) -> None:
    plan = planning.Plan("r", "2026-01-01", "c" * 40, "smoke", 1, "")
    assert not differences(tmp_path)
    pins = {name: PINS[name] for name in MODULES if name in PINS}
    assert {"numpy", "numba", "llvmlite", "eo-processor"} <= pins.keys()
    record = tmp_path / "measured.json"
    absent = {"h5py": "unavailable: ModuleNotFoundError"}
    record.write_text(json.dumps({"wheel": {"digest": ""}, "packages": pins | absent}))
    assert not planning.problems(plan, tmp_path, None)
    record.write_text(json.dumps({"wheel": {"digest": ""}, "packages": pins | {"numpy": "1.26.4"}}))
    sentence = f"numpy: measured was version 1.26.4, pinned is {PINS['numpy']}"
    assert planning.problems(plan, tmp_path, None) == [sentence]


def test_a_measured_process_records_what_is_imported_in_its_environment(tmp_path: Path) -> None:
    (tmp_path / "numexpr.py").write_text("__version__ = '0.1'\n")
    code = f"import runpy, sys; sys.path[:0] = [{str(tmp_path)!r}]; "
    code += "runpy.run_module('benchmarks.environment.pins', None, '__main__')"
    said = json.loads(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True))
    assert said["numexpr"] == "0.1"
    packages = provenance.measured_process()["packages"]
    assert packages["numpy"] == metadata.version("numpy")
    assert packages["eokernels"] == metadata.version("eokernels")
    assert packages["asv"] == metadata.version("asv")


def test_a_lock_line_that_is_no_pin_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy>=2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="numpy>=2"):
        read_pins(lock)


@pytest.mark.parametrize("content", ["", '{"packages": {"numpy'])
def test_a_cut_record_of_versions_is_no_error_here(tmp_path: Path, content: str) -> None:
    (tmp_path / "measured.json").write_text(content, encoding="utf-8")
    assert differences(tmp_path) == []
