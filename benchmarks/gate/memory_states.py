"""States of the machine's memory that are entered on purpose: what is cached of files, and so which pages are free.

It takes the rights of root. The page cache is filled by reading a file that is one hole: its pages are cached like any
others, and nothing is read from the disk.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal, get_args

State = Literal["as it is", "dropped", "compacted", "filled"]
STATES: tuple[State, ...] = get_args(State)
DROP, COMPACT = Path("/proc/sys/vm/drop_caches"), Path("/proc/sys/vm/compact_memory")
FILLED_SHARE = 0.8
"""Of the memory that is free."""
CHUNK = 64 * 2**20


class Unavailable(OSError):
    """A state that cannot be entered here; the sentence says why."""


def enter(state: State) -> None:
    """Bring the machine's memory into a state.

    Raises
    ------
    Unavailable
        Where this process may not, or the system has no such switch.
    """
    try:
        if state in {"dropped", "compacted"}:
            os.sync()
            DROP.write_text("3", encoding="utf-8")
        if state == "compacted":
            COMPACT.write_text("1", encoding="utf-8")
        if state == "filled":
            _fill()
    except OSError as error:
        raise Unavailable(f"the memory cannot be {state} here: {error}") from None


def _fill() -> None:
    """Read a hole as large as most of the free memory; its pages stay cached when the file is closed, until it goes."""
    size = int(FILLED_SHARE * os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    room = os.statvfs(tempfile.gettempdir())
    if room.f_blocks == 0:
        raise OSError("there is no temporary directory")
    path = Path(tempfile.gettempdir()) / "eolab-hole"
    with path.open("wb") as handle:
        handle.truncate(size)
    buffer = bytearray(CHUNK)
    with path.open("rb", buffering=0) as handle:
        while handle.readinto(buffer):
            pass


def leave() -> None:
    """Take back what a state has left on the disk."""
    (Path(tempfile.gettempdir()) / "eolab-hole").unlink(missing_ok=True)
