"""The cache directory, and the two things every writer to it needs: a lock and an atomic replacement."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = "EOLAB_CACHE"


def cache_dir() -> Path:
    """Return the cache directory: the variable ``EOLAB_CACHE``, or ``.cache`` in the repository. It may not exist."""
    named = whole(os.environ).get(CACHE)
    return Path(named) if named else REPOSITORY / ".cache"


def whole(given: Mapping[str, str]) -> dict[str, str]:
    """Return ``EOLAB_CACHE`` as a whole path where it is set: processes in other directories must find the same one."""
    named = given.get(CACHE)
    return {CACHE: str(Path(named).expanduser().resolve())} if named else {}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that belongs to `path`, so that of several processes only one does the work.

    The lock ends with the process that holds it; a crash leaves nothing to clean up. Directories are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its place when the block ends well and vanishes when not.

    A reader therefore sees the whole old file or the whole new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
