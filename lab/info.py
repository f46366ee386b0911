"""``lab info``: what is installed here, and whether it is what the lab pins."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parent.parent
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
    for lock in (ROOT / "requirements.lock", ROOT / "benchmarks" / "peers" / "built.lock"):
        _section(f"pins ({lock.name})", {name: compare_pin(name, version) for name, version in read_pins(lock).items()})


def read_pins(lock: Path) -> dict[str, str]:
    """Return distribution → version of a lock file, in its order.

    Raises
    ------
    ValueError
        If a line is neither a comment nor ``name==version``, with or without a hash.
    """
    pins: dict[str, str] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if not text:
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9._+!-]+)(?: --hash=sha256:[0-9a-f]{64})?", text)
        if match is None:
            raise ValueError(f"{lock.name}: {text!r} is not of the form name==version")
        pins[match[1]] = match[2]
    return pins


def compare_pin(name: str, pinned: str) -> str:
    """Return the installed version of a pinned distribution, with the pin beside it where the two differ."""
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"not installed (pinned: {pinned})"
    return installed if installed == pinned else f"{installed} (pinned: {pinned})"


def _wheel() -> dict[str, str]:
    try:
        import eokernels
    except ImportError as error:
        return {"eokernels": f"not importable: {error}; run `make setup`"}
    rows = {"eokernels": eokernels.__version__, "where": str(Path(eokernels.__file__).parent)}
    rows.update({str(key): str(value) for key, value in dict(eokernels.build_info()).items()})
    return rows


def _machine() -> dict[str, str]:
    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}",
    }


def _section(title: str, rows: Mapping[str, str]) -> None:
    typer.secho(title, bold=True)
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        drifted = "pinned:" in value or "not importable" in value
        typer.secho(f"  {name:<{width}}  {value}", fg="red" if drifted else None)
    typer.echo()
