"""Files of lines, each a JSON object, to which a process adds while it works.

An interrupt or a full disk leaves at most one unfinished line, and that one at the end. A reader ignores it, a writer
removes it first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.environment.jsonfiles import parse_object


def append(path: Path, record: Any) -> None:
    """Add one record, a mapping or a dataclass, to a file, after removing an unfinished line of an earlier process."""
    plain = dict(record) if isinstance(record, Mapping) else asdict(record)
    data = (json.dumps(plain) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        whole = _whole_bytes(handle)
        if whole != os.fstat(handle).st_size:
            os.ftruncate(handle, whole)
        while data:  # a full disk takes a part first, and says that it is full the next time
            data = data[os.write(handle, data) :]
    finally:
        os.close(handle)


def _whole_bytes(handle: int) -> int:
    """Return the length of an open file up to and including its last line break."""
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return size
    return os.pread(handle, size, 0).rfind(b"\n") + 1


def read_raw(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of lines; an unfinished last line is left out, and no file is no records.

    Raises
    ------
    ValueError
        If any other line is not a JSON object.
    """
    if not path.is_file():
        return []
    *lines, _unfinished = path.read_bytes().split(b"\n")
    return [parse_object(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1)]
