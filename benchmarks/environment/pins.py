"""Versions: what the locks pin, what a package says of itself when it is imported, and where the two differ.

``python -m benchmarks.environment.pins`` prints as JSON what is imported in the environment that runs it. It is a
process of its own: an import may start threads, and would move what is measured beside it. What pip's metadata says is
not enough, since a directory before the installed one, or a half removed package, is what is imported and measured.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from importlib import import_module, metadata
from pathlib import Path

from benchmarks import ROOT
from benchmarks.environment.jsonfiles import read_object

LOCKS = (ROOT / "requirements.lock", ROOT / "benchmarks" / "peers" / "built.lock")
MODULES = {
    "numpy": "numpy",
    "numba": "numba",
    "llvmlite": "llvmlite",
    "bottleneck": "bottleneck",
    "numbagg": "numbagg",
    "numexpr": "numexpr",
    "eo-processor": "eo_processor",
    "h5py": "h5py",
    "eokernels": "eokernels",
}
"""Distribution → module of what takes part in a measurement."""
ABSENT = "unavailable: "


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


def imported(name: str) -> str:
    """Return what the module of a distribution says its version is, or ``unavailable: <why>``.

    A module that says nothing has the version of pip's metadata.
    """
    try:
        version = getattr(import_module(MODULES[name]), "__version__", None)
        return str(version) if version is not None else metadata.version(name)
    except Exception as error:  # whatever an import raises is why it cannot be measured
        return f"{ABSENT}{type(error).__name__}: {' '.join(str(error).split())}"


def compare_pin(name: str, pinned: str) -> str:
    """Return the version of a pinned distribution that is used here, with the pin beside it where the two differ."""
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"not installed (pinned: {pinned})"
    if name in MODULES and (used := imported(name)) != found:
        return f"{used}, and {found} by its metadata (pinned: {pinned})"
    return found if found == pinned else f"{found} (pinned: {pinned})"


def differences(run_dir: Path, locks: tuple[Path, ...] = LOCKS) -> list[str]:
    """Return a sentence for each package that a run measured in another version than is pinned, but for absent ones."""
    try:
        found = read_object(run_dir / "measured.json").get("packages")
    except ValueError:  # not there, or cut, which `runs.problems` names itself
        found = None
    packages: Mapping[str, str] = found if isinstance(found, dict) else {}
    pins = {name: version for lock in locks if lock.is_file() for name, version in read_pins(lock).items()}
    return [
        f"{name}: measured was version {packages[name]}, pinned is {pins[name]}"
        for name in MODULES
        if name in pins and not packages.get(name, ABSENT).startswith(ABSENT) and packages[name] != pins[name]
    ]


if __name__ == "__main__":
    json.dump({name: imported(name) for name in MODULES}, sys.stdout)
