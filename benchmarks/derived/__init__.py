"""Text that is made from other text: stubs, the README's table of kernels. ``python -m lab derive`` writes it.

Each file keeps what stands before its mark, written by hand; what comes after it is made anew. Tests hold the files
against what would be written.
"""

from __future__ import annotations

from importlib import import_module

from benchmarks import ROOT
from benchmarks.derived import stubs, table
from benchmarks.registry import KERNELS

STUBS = {
    ROOT / "reference_py/eokernels/_rust.pyi": stubs.plain,
    ROOT / "reference_py/eokernels/xarray.pyi": stubs.labelled,
}
README = ROOT / "README.md"


def write() -> list[str]:
    """Write what differs from what it is made from, and return the names of the files that did.

    Raises
    ------
    ValueError
        If the installed module has other kernels than are declared.
    """
    compiled = set(import_module("eokernels._rust").CORE)
    if compiled != KERNELS.keys():
        raise ValueError(
            f"eokernels: the installed module has {sorted(compiled - KERNELS.keys())} beyond the declared kernels, and "
            f"lacks {sorted(KERNELS.keys() - compiled)}; `make quick` builds the one of this checkout"
        )
    made = {path: stubs.spliced(path, make()) for path, make in STUBS.items()}
    made[README] = table.spliced(README.read_text(encoding="utf-8"))
    changed = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    for path in changed:
        path.write_text(made[path], encoding="utf-8")
    return [str(path.relative_to(ROOT)) for path in changed]
