"""Golden values, read from the file that ``inputs/golden/make.py`` writes with the packages that they come from."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.spec import Golden

STORED = Path(__file__).parents[2] / "inputs" / "golden" / "values.json"


def goldens(kernel: str) -> tuple[Golden, ...]:
    """Return the stored golden values of a kernel; NaN is stored as null."""
    return tuple(
        Golden(
            name=entry["name"],
            arrays=tuple(entry["arrays"]),
            expected=entry["expected"],
            dtype=entry["dtype"],
            source=entry["source"],
            kwargs={name: _keyword(value) for name, value in entry["kwargs"].items()},
            rtol=entry["rtol"],
        )
        for entry in _stored()
        if entry["kernel"] == kernel
    )


@lru_cache(maxsize=1)
def _stored() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(STORED.read_text(encoding="utf-8"))["values"]
    return entries


def _keyword(value: Any) -> Any:
    """Return a keyword's value; an array is stored as ``{"array": …, "dtype": …}``, a mapping as ``{"fields": …}``."""
    if isinstance(value, dict):
        return dict(value["fields"]) if "fields" in value else np.array(value["array"], value["dtype"])
    return value
