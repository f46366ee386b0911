"""The oldest versions that ``pyproject.toml`` declares for users of the wheel, which ``make test-floors`` installs.

``python benchmarks/environment/floors.py`` prints them, one a line, as pip takes them. They stand nowhere else: what
the wheel needs, and its extras for users. The extras ``lab`` and ``peers`` are the lab's own, which goes by the lock.
What the tests need beside the floors is pinned in ``floors.lock``.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("numba", "xarray")
"""Extras of the wheel whose floors are tried."""
NEWEST_PYTHON = (3, 12)
"""The newest Python for which there are wheels of all the floors: NumPy before 2.1 has none for a later one."""
_FLOOR = re.compile(r"(?P<name>[\w.-]+)(?P<extra>\[[\w,]+\])?>=(?P<version>[\w.]+)")


def floors(pyproject: Path = ROOT / "pyproject.toml") -> list[str]:
    """Return the requirements, each at its oldest version, and distributed in dask's, as they are released together.

    Raises
    ------
    ValueError
        A requirement has no floor, or more than a floor.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *(one for name in EXTRAS for one in project["optional-dependencies"][name])]
    pins = []
    for requirement in declared:
        match = _FLOOR.fullmatch(requirement)
        if match is None:
            raise ValueError(f"pyproject.toml: {requirement!r} is declared; accepted is a floor, name>=version")
        pins.append(f"{match['name']}{match['extra'] or ''}=={match['version']}")
        if match["name"] == "dask":
            pins.append(f"distributed=={match['version']}")
    return pins


def main() -> int:
    """Print the floors; exit with 3 where this Python is too new for them."""
    if sys.version_info[:2] > NEWEST_PYTHON:
        newest = ".".join(map(str, NEWEST_PYTHON))
        sys.stderr.write(f"the floors have wheels up to Python {newest}, and this is {sys.version.split()[0]}\n")
        return 3
    sys.stdout.write("\n".join(floors()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
