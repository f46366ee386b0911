"""Two locks: one measurement at a time on a machine, and one run at a time in a checkout.

Two measurements would time each other, and two runs of a checkout share asv's environments and result files. A lock is
held on an open file and ends with the process that holds it, so that a crash leaves nothing to clean up.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ROOT
from benchmarks.environment.jsonfiles import parse_object

RUN_LOCK = ROOT / ".asv" / "lock"
SHARED_FOLDERS = tuple(Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm"))
"""The first of these that everybody may write to holds the machine's lock, whatever ``TMPDIR`` a user has."""
TIMING = "eo-kernel-lab-one-at-a-time.lock"
POLL_S = 0.5
LOOK_S = 0.05
"""A look at who holds a lock takes no longer than this, and is nothing to be told of."""
WRITTEN_BYTES = 1024


@dataclass(frozen=True)
class Holder:
    """Who holds a checkout's lock: a process, the verb that it runs, since when, and the run that it measures."""

    pid: int
    verb: str
    since: str
    run: str = ""

    def sentence(self) -> str:
        """Say for whom one waits."""
        if not self.pid:
            return "waiting for another run of this checkout"
        what = f"run {Path(self.run).name}" if self.run else "a run that is about to begin"
        return f"waiting for {what}: `lab {self.verb}`, process {self.pid}, since {self.since}"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the machine's timing lock."""
    path = timing_lock()
    while True:
        handle = _open(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_at(handle, path):  # else it was removed meanwhile, and the next one would not see us hold it
                yield
                return
        finally:
            os.close(handle)


def timing_lock() -> Path:
    """Return the file of the machine's timing lock, which is the same for all users and all environments."""
    found = next((folder for folder in SHARED_FOLDERS if _is_shared(folder)), None)
    return (found or Path(tempfile.gettempdir())) / TIMING


def _is_shared(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH) and not os.statvfs(folder).f_flag & os.ST_RDONLY
    except OSError:
        return False


@contextmanager
def one_run(verb: str, say: Callable[[str], None], path: Path | None = None) -> Iterator[Callable[[str], None]]:
    """Hold the checkout's lock, and give a function that writes into it which run is measured.

    Parameters
    ----------
    verb
        What holds it, for others to read.
    say
        Is told for whom this waits, once for each holder.
    path
        The lock's file.
    """
    path = RUN_LOCK if path is None else path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _open(path)
    try:
        _wait(handle, say)
        mine = Holder(os.getpid(), verb, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        _write(handle, mine)
        try:
            yield lambda run: _write(handle, Holder(mine.pid, mine.verb, mine.since, run))
        finally:
            _write(handle, None)
    finally:
        os.close(handle)


def holder(path: Path | None = None) -> Holder | None:
    """Return who holds the checkout's lock now, None where nobody does."""
    path = RUN_LOCK if path is None else path
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)
    else:
        return None
    finally:
        os.close(handle)


def _wait(handle: int, say: Callable[[str], None]) -> None:
    if _has(handle):
        return
    time.sleep(LOOK_S)
    told: Holder | None = None
    while not _has(handle):
        held = _read(handle)
        if held != told:
            say(held.sentence())
        told = held
        time.sleep(POLL_S)


def _has(handle: int) -> bool:
    """Take a lock if nobody holds it, and tell whether that went well."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(handle: int) -> Holder:
    """Return what a holder wrote; it may have been about to."""
    try:
        return Holder(**parse_object(os.pread(handle, WRITTEN_BYTES, 0), "lock"))
    except (ValueError, TypeError):
        return Holder(0, "", "")


def _write(handle: int, held: Holder | None) -> None:
    """Write who holds a lock, or that nobody does. A user who may not write, or a full disk, keeps nobody from it."""
    content = "" if held is None else json.dumps(asdict(held))
    with suppress(OSError):
        os.pwrite(handle, content.ljust(WRITTEN_BYTES).encode(), 0)


def _open(path: Path) -> int:
    """Open a lock's file, made for everybody where it is not there.

    An existing file is opened without O_CREAT: in folders such as /tmp the system refuses that for another's file. Who
    may only read can hold a lock all the same. A new file appears with its permissions, whatever the umask is.
    """
    while True:
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except PermissionError:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            _make(path)


def _make(path: Path) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        os.fchmod(handle, 0o666)
        os.link(part, path)
    except FileExistsError:
        pass  # another was quicker
    finally:
        os.close(handle)
        os.unlink(part)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
