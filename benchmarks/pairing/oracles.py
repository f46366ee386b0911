"""The right answers of timed inputs, made once by a kernel's oracle and kept in the cache."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

import numpy as np

from benchmarks.calls.answers import stacked
from benchmarks.calls.binding import crop_side, target
from benchmarks.pairing.runlines import Group
from benchmarks.spec import Kernel
from inputs.cases import Case
from inputs.families import find

ORACLE_FORM = "outputs stacked"


def files(kernel: Kernel, name: str) -> dict[str, str]:
    """Return group → file of the oracle's result, made where it is not in the cache. Missing data has none."""
    from inputs.real.cubes import Unavailable

    case = find(kernel.family, name)
    try:
        sides: dict[Group, int | None] = {"call": None}
        if (side := crop_side(case)) is not None:
            sides["crop"] = side
        return {group: str(oracle(kernel, case, side)) for group, side in sides.items()}
    except Unavailable:
        return {}


def oracle(kernel: Kernel, case: Case, side: int | None) -> Path:
    """Return the cached oracle result of a case, as `benchmarks.calls.answers.stacked` gives it.

    The name holds the inputs' content and the text of the declaration, with what declarations share.
    """
    from inputs.host.cache import cache_dir, locked, replacing

    onto = target(kernel, case, side)
    keywords = dict(kernel.keywords(case))
    declaration = Path(inspect.getfile(kernel.oracle))
    content = hashlib.blake2b(declaration.read_bytes(), digest_size=12)
    for shared in sorted(declaration.parent.glob("_*.py")):
        content.update(shared.read_bytes())
    content.update(repr((ORACLE_FORM, sorted(keywords.items()), onto.shapes, list(onto.named))).encode())
    for array in onto.inputs:
        content.update(f"{array.dtype.str}{array.shape}".encode())
        content.update(np.ascontiguousarray(array).data)
    path = cache_dir() / "oracle" / f"{kernel.name}-{content.hexdigest()}.npy"
    with locked(path):
        if not _is_whole(path):
            expected = stacked(kernel.oracle(*onto.arrays, **onto.named, **keywords))
            with replacing(path) as temporary, temporary.open("wb") as handle:
                np.save(handle, expected)
    return path


def _is_whole(path: Path) -> bool:
    """Tell whether a file holds an array as long as it says: one that was cut would fail its case for ever."""
    try:
        np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return True
