"""Nothing that the lab starts outlives it, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from benchmarks import ROOT
from benchmarks.environment import keeper

pytestmark = pytest.mark.skipif(not keeper.ON_LINUX, reason="elsewhere a command is started as it is")
GONE_S = 5.0
FAMILY = "setsid sh -c 'sleep 300 & sleep 300' & sh -c 'sleep 300 & exit' ; sleep 300"
"""A child that has ended and left one behind, one in a session of its own, and one that is waited for."""
LAB = "import sys; from benchmarks.environment import keeper; keeper.Kept(['sh', '-c', sys.argv[1]]).wait()"


@contextmanager
def started(*command: str) -> Iterator[psutil.Popen]:
    """Start a command in a session of its own, and end what is left of it in any case."""
    said = subprocess.DEVNULL
    child = psutil.Popen(
        command, cwd=ROOT, stdin=said, stdout=said, stderr=said, start_new_session=True, preexec_fn=heeding_all
    )
    found: list[psutil.Process] = []
    try:
        yield child
        found = family(child)
    finally:
        for one in [*found, *family(child), child]:
            with_luck(one.kill)
        child.wait()


def heeding_all() -> None:
    """Heed signals that nohup, or a shell's background, has had this process ignore; children inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def with_luck(call: Callable[[], object]) -> None:
    with suppress(psutil.NoSuchProcess):
        call()


def family(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def until(
    process: psutil.Process, enough: Callable[[list[psutil.Process]], bool], patience_s: float
) -> list[psutil.Process]:
    """Wait until there is enough below a process, and return what there is."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        assert process.poll() is None, "it ended before it was to be killed"
        found = family(process)
        if enough(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"after {patience_s:.0f} s there is only {found}")


def assert_gone(found: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(found, GONE_S)
    alive = [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    left = [" ".join(one.cmdline()) for one in alive]
    for one in alive:
        with_luck(one.kill)
    assert not left


def has(words: str) -> Callable[[list[psutil.Process]], bool]:
    def enough(found: list[psutil.Process]) -> bool:
        return any(words in " ".join(command_of(one)) for one in found)

    return enough


def command_of(process: psutil.Process) -> list[str]:
    try:
        said: list[str] = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
    return said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM], ids=lambda number: number.name)
def test_a_whole_family_ends_with_the_lab(number: signal.Signals) -> None:
    sleeping = lambda found: sum(command_of(one)[:1] == ["sleep"] for one in found) == 4  # noqa: E731
    with started(sys.executable, "-c", LAB, FAMILY) as lab:
        found = until(lab, sleeping, 20)
        lab.send_signal(number)
        lab.wait()
        assert_gone(found)


def test_what_a_command_leaves_behind_ends_with_it() -> None:
    done = keeper.run(["sh", "-c", "sleep 300 & setsid sleep 300 & echo $!"], stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert not psutil.pid_exists(int(done.stdout))


def test_to_kill_what_is_kept_leaves_nothing() -> None:
    child = keeper.Kept(["sh", "-c", FAMILY])
    process = psutil.Process(child.pid)
    while len(found := family(process)) < 6:
        time.sleep(0.02)
    child.kill()
    child.wait()
    assert_gone(found)


def test_an_end_is_told_as_it_was(tmp_path: Path) -> None:
    assert keeper.run(["sh", "-c", "exit 7"]).returncode == 7
    assert keeper.run(["sh", "-c", "kill -SEGV $$"]).returncode == -signal.SIGSEGV
    assert keeper.run(["sh", "-c", "kill -KILL $$"]).returncode == -signal.SIGKILL
    missing = keeper.run([str(tmp_path / "no such program")], stderr=subprocess.PIPE)
    assert missing.returncode == keeper.NOT_STARTED
    assert "no such program" in missing.stderr


def test_an_interrupt_is_passed_on_and_the_answer_waited_for(tmp_path: Path) -> None:
    answered = tmp_path / "answered"
    script = f"trap 'sleep 0.3; touch {answered}; exit 3' INT; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    child = keeper.Kept(["sh", "-c", script])
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    assert child.wait() == 3
    assert answered.exists()


def test_what_one_verification_started_ends_with_it() -> None:
    with started(sys.executable, "-m", "lab", "verify", "--anew", "temporal_median") as lab:
        workers = lambda found: sum("spawn_main" in " ".join(command_of(one)) for one in found) >= 2  # noqa: E731
        found = until(lab, workers, 60)
        time.sleep(3)  # they are in the middle of it
        lab.kill()
        lab.wait()
        assert_gone([*found, *family(lab)])


def test_what_a_measurement_started_ends_with_it() -> None:
    with started(sys.executable, "-m", "lab", "time", "evi", "--case", "f32_64") as lab:
        found = until(lab, has("benchmarks.pairing.worker"), 120)
        lab.send_signal(signal.SIGHUP)
        lab.wait()
        assert_gone(found)


@pytest.mark.parametrize(("before", "wanted"), [("SIG_DFL", "interrupted"), ("SIG_IGN", "went on")])
def test_a_closed_terminal_is_an_interrupt_unless_it_is_to_be_ignored(before: str, wanted: str) -> None:
    code = f"""if True:
        import os, signal
        signal.signal(signal.SIGHUP, signal.{before})
        from benchmarks.asv import runner as asvcall
        asvcall.heed_interrupts()
        try:
            os.kill(os.getpid(), signal.SIGHUP)
            print("went on")
        except KeyboardInterrupt:
            print("interrupted")
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == wanted


@pytest.mark.slow
def test_what_a_run_started_ends_with_it() -> None:
    """Run, asv, its server, the process of a cell and the measured one: of these three are groups of their own."""
    before = set((ROOT / "reports" / "runs").glob("*"))
    try:
        with started(sys.executable, "-m", "lab", "run", "evi", "--case", "f32_64") as lab:
            found = until(lab, has("benchmarks.pairing.worker"), 900)
            assert has("run_server")(found)
            assert len({os.getpgid(one.pid) for one in found}) >= 3
            lab.kill()
            lab.wait()
            assert_gone(found)
    finally:
        for folder in set((ROOT / "reports" / "runs").glob("*")) - before:
            shutil.rmtree(folder)
