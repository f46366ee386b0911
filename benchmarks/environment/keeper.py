"""Keeps a process and all that come of it, so that nothing of them outlives the lab.

`Kept` starts a command below this file as a script. The script adopts whatever loses its parent below it, in any
process group or session (Linux calls that a subreaper), and ends all of it when the command has ended, when it is told
to, or when the lab is gone. It learns of that by the end of a pipe that nobody writes to, which comes however the lab
ends, by SIGKILL too. The command is in a session of its own: what a terminal sends reaches it through the lab alone.

It needs the standard library alone. Where the system is not Linux a command is started as it is.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

PR_SET_CHILD_SUBREAPER = 36
NOT_STARTED, ENDED = 127, 128 + signal.SIGKILL
ON_LINUX = sys.platform == "linux"


class Kept(subprocess.Popen[Any]):
    """A command that ends with this process, and with it all that it has started; options as for `subprocess.Popen`.

    SIGINT is passed on to the command; `terminate` and `kill` end everything at once.
    """

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        if not ON_LINUX:
            super().__init__(command, **options)
            return
        life = _life(os.getpid())
        keeping = [sys.executable, "-I", "-S", __file__, str(life), *command]
        super().__init__(keeping, pass_fds=(life,), start_new_session=True, **options)

    def kill(self) -> None:
        """End everything; to kill the keeper itself would set free what it keeps."""
        self.terminate()


def run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a kept command to its end, and return its exit code and what it said, as text."""
    with Kept(command, encoding="utf-8", errors="replace", **options) as child:
        try:
            out, err = child.communicate()
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(command, child.returncode, out, err)


@cache
def _life(_owner: int) -> int:
    """Return the end to read of a pipe whose other end closes when this process ends; a fork has one of its own."""
    reading, _writing = os.pipe()
    return reading


def keep(life: int, command: Sequence[str]) -> int:
    """Run a command, end what it leaves behind, and return how it ended as `subprocess.Popen.returncode` says it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    kept: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not kept:  # it is just being started, and would not hear it
            _end()
        kept[0].send_signal(number)

    # Before there is a command: a signal that ended this process would set it free.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    signal.signal(signal.SIGTERM, lambda _number, _frame: _end())
    try:
        kept.append(subprocess.Popen(command, env=os.environ))  # which the caller has made
    except OSError as error:
        print(f"error: {command[0]} could not be started: {error}", file=sys.stderr)
        return NOT_STARTED
    threading.Thread(target=_outlive, args=(life,), daemon=True).start()
    code = kept[0].wait()
    end_below()
    return code


def _outlive(life: int) -> None:
    """Wait for the end of the pipe, and end everything."""
    while os.read(life, 1):
        pass
    _end()


def _end() -> NoReturn:
    end_below()
    os._exit(ENDED)


def end_below() -> None:
    """Kill everything below this process until nothing is left; what is started meanwhile is seen the next time."""
    while found := below(os.getpid()):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
        _bury()
    _bury()


def _bury() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def below(root: int) -> list[int]:
    """Return the processes that come of one and still run."""
    children: dict[int, list[tuple[int, str]]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                said = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            state, parent = said.rpartition(")")[2].split()[:2]  # a name may hold anything, brackets too
            children.setdefault(int(parent), []).append((int(folder.name), state))
    found, seen = [], [root]
    while seen:
        for pid, state in children.get(seen.pop(), ()):
            seen.append(pid)
            if state not in "ZX":
                found.append(pid)
    return found


def _end_like(code: int) -> int:
    """End this process by the signal that ended the command, so that it is told the same; otherwise return its code."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(_end_like(keep(int(sys.argv[1]), sys.argv[2:])))
