"""``lab info``: what is installed here, and whether it is what the lab pins."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.environment import pins, provenance
from inputs.host import cores
from lab import terminal

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_WAIT_POLICY",
)


def info() -> None:
    """Show what is installed: the wheel's build, the SIMD path it takes here, versions, and the pins in force."""
    _section("wheel", _wheel())
    _section("machine", _machine())
    _section("thread variables", {name: os.environ.get(name, "not set") for name in THREAD_VARIABLES})
    for lock in pins.LOCKS:
        found = {name: pins.compare_pin(name, version) for name, version in pins.read_pins(lock).items()}
        _section(f"pins ({lock.name})", found)


def _wheel() -> dict[str, str]:
    try:
        import eokernels
    except ImportError as error:
        return {"eokernels": f"not importable: {error}; run `make setup`"}
    rows = {"eokernels": eokernels.__version__, "where": str(Path(eokernels.__file__).parent)}
    rows.update({str(key): str(value) for key, value in dict(eokernels.build_info()).items()})
    found = provenance.known(provenance.crates)
    return {**rows, "crates": ", ".join(f"{k} {v}" for k, v in found.items()) if isinstance(found, dict) else found}


def _machine() -> dict[str, str]:
    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": _cores(),
    }


def _cores() -> str:
    quota = cores.quota_cores()
    granted = "" if quota is None else f", whose control group grants the time of {quota:g}"
    return f"{cores.usable_cores()} usable of {cores.online_cores()}{granted}"


def _section(title: str, rows: Mapping[str, str]) -> None:
    console, shown = terminal.console(), []
    for name, value in rows.items():
        drifted = "pinned:" in value or "not importable" in value
        shown.append(terminal.Row((f"{name} ", value), "red" if drifted else ""))
    terminal.show(console, title, (terminal.Column("", whole=True), terminal.Column("", least=14)), shown)
    console.print()
