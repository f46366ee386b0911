"""A short name for a long ``TMPDIR``: sockets lie there, and the path of a socket has room for 107 bytes.

asv's fork server and multiprocessing make theirs below the directory for temporary files. Where its path is too long
for that, a symbolic link with a short name leads to it: files still go where the user wants them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path

VARIABLES = ("TMPDIR", "TEMP", "TMP")
SOCKET_BYTES = 107
LONGEST = SOCKET_BYTES - len("/asv-forkserver-12345678/socket") - 4
"""asv's socket has the longest name of those that we know; some bytes are left for the next version."""
FOLDERS = tuple(Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm"))


def shortened(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for temporary files that are too long, with the names of links that lead there.

    Raises
    ------
    OSError
        If no link can be made.
    """
    return {name: str(link(Path(given[name]))) for name in VARIABLES if len(os.fsencode(given.get(name, ""))) > LONGEST}


def enter(environment: MutableMapping[str, str] = os.environ) -> None:
    """Give this process a short name for its directory for temporary files, where it needs one."""
    if found := shortened(environment):
        environment.update(found)
        tempfile.tempdir = None  # it is looked up again


def link(target: Path) -> Path:
    """Return our own link to a directory, made where it is not there; the same directory always has the same."""
    name = f"eolab-{os.getuid()}-{hashlib.sha256(os.fsencode(target)).hexdigest()[:12]}"
    for folder in FOLDERS:
        found = folder / name
        with suppress(OSError):
            found.symlink_to(target)
        with suppress(OSError):
            if found.lstat().st_uid == os.getuid() and found.readlink() == target:
                return found
    where = ", ".join(map(str, FOLDERS))
    raise OSError(
        f"TMPDIR: was {target}, which is too long for sockets, and no link to it can be made in {where}; "
        f"a path of at most {LONGEST} bytes is accepted"
    )
