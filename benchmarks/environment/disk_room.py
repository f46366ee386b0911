"""Room on disks: a measurement stops before a full disk cuts what it writes, and says which disk it is."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

LEAST_BYTES = 2**20
"""Below this a run does not go on: a line, asv's file and a log must still fit."""
PROBE_BYTES = 2**17
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a file cannot grow: the disk, a quota or a limit on files."""
WORDS = tuple(os.strerror(number) for number in FULL)


def require_room(folder: Path) -> None:
    """Raise an OSError that says so where there is no room in a folder."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < LEAST_BYTES:
        raise no_room(folder)


def probe(folder: Path) -> None:
    """Try to write, which shows a quota as well; raises as `require_room` does."""
    require_room(folder)
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as part:
            written = sum(part.write(bytes(PROBE_BYTES // 2)) or 0 for _ in range(2))
    except OSError as error:
        if error.errno in FULL:
            raise no_room(folder) from None
        raise
    if written < PROBE_BYTES:
        raise no_room(folder)


def no_room(folder: Path) -> OSError:
    """Return the error of a full disk, whose words say all there is to say."""
    return _error(f"no space left on {_mount(folder)}, on which {folder} lies")


def blamed(folders: Iterable[Path], log: Path) -> OSError:
    """Return the error for a program that a full disk has ended, which is one of those of some folders."""
    for folder in folders:
        try:
            probe(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            return error
    return _error(f"no space left for what asv wrote; {log} says where")


def said(error: OSError) -> str:
    """Return the words for an error of `FULL`, the system's own among them."""
    return f"no space left on the disk of {error.filename}" if error.filename else str(error)


def _error(words: str) -> OSError:
    error = OSError(words)
    error.errno = errno.ENOSPC
    return error


def _mount(folder: Path) -> Path:
    """Return where the disk of a folder is mounted."""
    place = folder.resolve()
    while not place.is_mount():
        place = place.parent
    return place
