"""What was found of the same wheel by the same lab, so that tests, `lab verify` and reports ask everything once.

A verdict depends on the wheel, on the lab's code and data, on the packages beside it, on the processor and on what the
caller has set for the implementations. All of them are in the key; a change of any asks everything again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from benchmarks import ROOT
from benchmarks.contract.verdict import Verdict
from benchmarks.environment import provenance, wheel
from inputs.host.cache import cache_dir, replacing

Job = tuple[str, str]
"""A kernel and an input dtype."""
SOURCES = ("inputs", "benchmarks")
SETTINGS = ("EOKERNELS_", "NUMBA_DISABLE_", "NUMBA_CPU_", "NUMBA_OPT", "NPY_", "OPENBLAS_CORETYPE")
MOST_KEYS = 3
"""Of so many wheels or states of the lab the verdicts stay."""


@lru_cache(maxsize=1)
def key() -> str:
    """Return what verdicts depend on, in short; empty where no wheel is installed."""
    installed = wheel.installed_digest()
    if not installed:
        return ""
    found = hashlib.sha256(installed.encode())
    for path in sorted(path for room in SOURCES for path in (ROOT / room).rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            found.update(str(path.relative_to(ROOT)).encode())
            found.update(path.read_bytes())
    packages = sorted(f"{one.name} {one.version}" for one in metadata.distributions())
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    data = sorted(f"{path.name} {path.stat().st_size}" for path in (cache_dir() / "data").glob("*"))
    machine = (provenance.cpu_model(), provenance.cpu_model_numbers(), platform.python_version())
    found.update(json.dumps([packages, settings, data, machine]).encode())
    return found.hexdigest()[:24]


def read(job: Job) -> list[Verdict] | None:
    """Return the verdicts that are kept on a kernel and dtype, None where there are none."""
    path = _path(job)
    if path is None or not path.is_file():
        return None
    try:
        return [Verdict.read(raw) for raw in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, KeyError, OSError):  # cut, or of an earlier form: asked again
        return None


def write(job: Job, verdicts: Sequence[Verdict]) -> None:
    """Keep the verdicts on a kernel and dtype, and forget those of long ago."""
    path = _path(job)
    if path is None:
        return
    with replacing(path) as temporary:
        temporary.write_text(json.dumps([asdict(verdict) for verdict in verdicts]), encoding="utf-8")
    folders = sorted((one for one in path.parents[1].iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime)
    for old in folders[:-MOST_KEYS]:
        shutil.rmtree(old, ignore_errors=True)


def _path(job: Job) -> Path | None:
    return cache_dir() / "verified" / key() / f"{'-'.join(job)}.json" if key() else None
