"""Plain reading of JSON files and of the values in them, for ``load.py``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment.jsonfiles import read_object

Json = Mapping[str, Any]


def number(value: Any) -> float | None:
    """Return a finite number as float, and None for anything else, such as ``unavailable: …``."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """Return a finite number rounded to an integer, and None for anything else."""
    known = number(value)
    return None if known is None else round(known)


def rates(value: Any) -> dict[str, float]:
    """Return the entries of a mapping that are positive finite numbers."""
    known = {name: number(rate) for name, rate in value.items()} if isinstance(value, dict) else {}
    return {name: rate for name, rate in known.items() if rate is not None and rate > 0}


def read_json(path: Path, name: str = "file") -> Json:
    """Return the object in a JSON file; a ValueError says which argument's file is not there, or not JSON."""
    if not path.is_file():
        raise ValueError(f"{name}: {path} does not exist")
    try:
        return read_object(path)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def read_list(path: Path) -> list[Json]:
    """Return the list in a JSON file, empty where there is no such file; a ValueError names one that is cut."""
    try:
        loaded: list[Json] = json.loads(path.read_bytes()) if path.is_file() else []
    except ValueError:
        raise ValueError(f"{path} is empty, cut or not JSON") from None
    return loaded


def newest_of(records: Sequence[Json], *keys: str) -> list[Json]:
    """Return the last record of each key, in the order of first appearance: a resumed run repeats what it redoes."""
    return list({tuple(record[key] for key in keys): record for record in records}.values())
