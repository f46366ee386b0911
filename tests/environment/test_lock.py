"""One measurement at a time on a machine, whoever measures, and one run at a time in a checkout."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks import ROOT
from benchmarks.environment import lock

HOLD = "from benchmarks.environment.lock import one_at_a_time\nwith one_at_a_time(): print('in', flush=True)"
OPEN = """
import os, sys
from pathlib import Path
from benchmarks.environment import lock
lock.SHARED_FOLDERS = (Path(sys.argv[1]),)
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
os.umask(0o077)
with lock.one_at_a_time():
    print('in', flush=True)
    sys.stdin.read()
"""


def start(code: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **({"cwd": ROOT} | pipes | options))  # type: ignore[call-overload, no-any-return]


def test_two_measurements_exclude_each_other_whatever_their_temporary_folder_is(tmp_path: Path) -> None:
    with lock.one_at_a_time():
        other = start(HOLD, env={**os.environ, "TMPDIR": str(tmp_path)})
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1.5)
    assert other.communicate(timeout=30)[0] == "in\n"
    assert list(tmp_path.iterdir()) == []


def test_the_machines_lock_lies_where_everybody_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, everybodys = tmp_path / "mine", tmp_path / "everybodys"
    for folder, mode in ((mine, 0o755), (everybodys, 0o1777)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.setattr(lock, "SHARED_FOLDERS", (tmp_path / "nowhere", mine, everybodys))
    assert lock.timing_lock().parent == everybodys


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_second_user_waits_for_a_first_who_lets_nobody_read_his_files() -> None:
    folder = Path(f"/tmp/eolab-test-{os.getpid()}")  # tmp_path is closed to others
    folder.mkdir()
    folder.chmod(0o1777)
    try:
        first = start(OPEN, str(folder), "1001")
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        (path,) = folder.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        path.chmod(0o644)  # as one that an administrator has made: who can only read it can hold it
        second = start(OPEN, str(folder), "1002")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1.5)
        first.communicate("", timeout=30)
        assert second.communicate("", timeout=30)[0] == "in\n"
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_lock_file_that_was_removed_while_one_waited_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SHARED_FOLDERS", (tmp_path,))
    tmp_path.chmod(0o1777)
    held = threading.Event()

    def wait() -> None:
        with lock.one_at_a_time():
            held.set()
            time.sleep(0.5)

    with lock.one_at_a_time():
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        lock.timing_lock().unlink()
    assert held.wait(5)
    assert lock.timing_lock().is_file(), "the second holds a file that the third will not find"
    waiting.join()


RUN = """
import sys
from pathlib import Path
from benchmarks.environment import lock
with lock.one_run("run", lambda said: print(said, flush=True), Path(sys.argv[1])) as measuring:
    measuring("reports/runs/20260101-000000-abcdef01")
    print("in", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_waits_and_says_for_whom(tmp_path: Path) -> None:
    path = tmp_path / ".asv" / "lock"
    first, said = start(RUN, str(path)), []
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
    held = lock.holder(path)
    assert held is not None
    assert (held.pid, held.verb, Path(held.run).name) == (first.pid, "run", "20260101-000000-abcdef01")

    second = start(RUN, str(path))
    assert second.stdout is not None
    said = second.stdout.readline()
    assert said == f"waiting for run 20260101-000000-abcdef01: `lab run`, process {first.pid}, since {held.since}\n"
    first.kill()  # however it ends, its lock ends with it
    first.communicate()
    assert second.stdout.readline() == "in\n"
    second.communicate("", timeout=30)
    assert lock.holder(path) is None
    assert second.returncode == 0


def test_an_interrupt_ends_the_waiting(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = start(RUN, str(path))
    assert first.stdout is not None
    first.stdout.readline()
    code = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + RUN
    second = start(code, str(path), stderr=subprocess.PIPE)
    assert second.stdout is not None
    second.stdout.readline()
    second.send_signal(2)
    assert "KeyboardInterrupt" in second.communicate(timeout=10)[1]
    assert lock.holder(path) is not None
    first.communicate("", timeout=30)


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path: Path) -> None:
    assert lock.holder(tmp_path / "nothing") is None
    with lock.one_run("history", print, tmp_path / "lock"):
        held = lock.holder(tmp_path / "lock")
        assert held is not None
        assert held.sentence().startswith("waiting for a run that is about to begin: `lab history`")
    (tmp_path / "lock").write_text("{")
    assert lock.holder(tmp_path / "lock") is None
