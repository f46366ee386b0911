"""How far resident memory rises during a call, by the high-water mark that Linux keeps of a process.

Tracing allocators would see neither Rust nor Numba.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLEAR_REFS, RESET_HIGH_WATER = Path("/proc/self/clear_refs"), "5"
STATUS = Path("/proc/self/status")


def rise_bytes(call: Callable[[], Any]) -> int:
    """Return by how many bytes resident memory rose at most while `call` ran.

    Memory that the allocator keeps from earlier calls is given back first, or what the call takes could hide in it.

    Raises
    ------
    OSError
        Where this system cannot tell.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
    CLEAR_REFS.write_text(RESET_HIGH_WATER, encoding="utf-8")
    before = _status_bytes("VmRSS")
    call()
    return max(0, _status_bytes("VmHWM") - before)


def _status_bytes(field: str) -> int:
    rows = dict(row.split(":", 1) for row in STATUS.read_text(encoding="utf-8").splitlines() if ":" in row)
    if field not in rows:
        raise OSError(f"{STATUS} has no {field}")
    return int(rows[field].split()[0]) * 1024
