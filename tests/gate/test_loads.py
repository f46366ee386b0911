"""Loads that are put beside a measurement: each is busy, is bounded, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import psutil
import pytest

from benchmarks import ROOT
from benchmarks.environment import keeper
from benchmarks.environment.process import MeasurementError
from benchmarks.gate import hog, loads, usage
from benchmarks.gate.loads import KINDS, Kind, Load
from benchmarks.gate.usage import Usage

PATIENCE_S = 20.0
SMALL = 64 * 2**20
LAB = """
import sys, time
from benchmarks.gate.loads import Load, beside
with beside(Load(sys.argv[1], 2, 64 * 2**20, 3)):
    print("running", flush=True)
    time.sleep(300)
"""


def small(kind: Kind, processes: int = 2) -> Load:
    return Load(kind, processes, SMALL, 3)


def hogs(running: loads.Running) -> list[psutil.Process]:
    """Return the processes of a load that are busy; above each one is what keeps it."""
    return [psutil.Process(keeper.below(process.pid)[-1]) for process in running.processes]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def gone(found: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_load_is_busy_while_the_block_lasts_and_gone_after_it(kind: Kind) -> None:
    with loads.beside(small(kind)) as running:
        found = hogs(running)
        assert len(found) == 2
        before = [one.cpu_times().user for one in found]
        wait_until(lambda: all(one.cpu_times().user > start for one, start in zip(found, before, strict=True)))
        assert not running.ended()
    assert gone(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_load_holds_no_more_memory_than_it_says(kind: Kind) -> None:
    with loads.beside(small(kind)) as running:
        held = sum(one.memory_info().rss for one in hogs(running))
    allowed = 2 * 32 * 2**20  # two interpreters
    assert held < allowed + (0 if kind == "cpu" else SMALL)
    assert kind == "cpu" or held > SMALL


@pytest.mark.parametrize("kind", KINDS)
def test_a_load_ends_by_itself_when_its_time_is_over(kind: Kind) -> None:
    with loads.beside(small(kind), limit_s=0.2) as running:
        found = hogs(running)
        wait_until(running.ended)
        wait_until(lambda: gone(found))


def test_a_load_ends_with_an_exception_in_the_block() -> None:
    found: list[psutil.Process] = []

    def interrupted() -> None:
        with loads.beside(small("cpu")) as running:
            found.extend(hogs(running))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(found) == 2
    assert gone(found)


@pytest.mark.skipif(not keeper.ON_LINUX, reason="elsewhere nothing keeps a process")
@pytest.mark.parametrize("kind", KINDS)
def test_a_load_ends_when_the_lab_is_killed(kind: Kind) -> None:
    with subprocess.Popen([sys.executable, "-c", LAB, kind], cwd=ROOT, stdout=subprocess.PIPE) as lab:
        assert lab.stdout is not None
        assert lab.stdout.readline() == b"running\n"
        found = psutil.Process(lab.pid).children(recursive=True)
        assert sum("benchmarks.gate.hog" in one.cmdline() for one in found) >= 2
        os.kill(lab.pid, signal.SIGKILL)
    wait_until(lambda: gone(found))


@pytest.mark.skipif(not keeper.ON_LINUX, reason="elsewhere nothing keeps a process")
def test_a_load_ends_when_what_keeps_it_is_killed() -> None:
    with loads.beside(small("cpu", 1)) as running:
        found = hogs(running)
        os.kill(running.processes[0].pid, signal.SIGKILL)
        wait_until(lambda: gone(found))
        wait_until(running.ended)  # the keeper may still be on its way out when its children are gone


def test_no_load_is_nothing() -> None:
    with loads.beside(None) as running:
        assert running.processes == []
        assert not running.ended()


def test_a_load_that_cannot_begin_is_an_error_and_leaves_nothing() -> None:
    before = set(keeper.below(os.getpid()))
    wrong = replace(small("bandwidth"), bytes_held=2**62)
    with pytest.raises(MeasurementError, match=r"could not begin: .*Error"), loads.beside(wrong):
        pytest.fail("it began")
    assert set(keeper.below(os.getpid())) <= before


def test_loads_fit_the_machine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"beside: was 'rain'; accepted are cpu, bandwidth, bursts"):
        Load.of("rain")
    assert Load.of("cpu").bytes_held == 0
    assert 0 < Load.of("bandwidth").bytes_held <= loads.MOST_BYTES
    assert Load.of("bandwidth").processes == 1
    assert loads.last_cache_bytes(tmp_path) == loads.UNKNOWN_CACHE_BYTES
    for index, size in enumerate(("48K", "2048K", "33M", "odd")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(f"{size}\n")
    assert loads.last_cache_bytes(tmp_path) == 33 * 2**20


def test_bursts_are_drawn_by_their_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def lengths(seed: int) -> list[float]:
        clock, found = [0.0], []

        def work(until: float) -> None:
            found.append(until - clock[0])
            clock[0] = until

        def rest(seconds: float) -> None:
            clock[0] += seconds

        monkeypatch.setattr(hog, "monotonic", lambda: clock[0])
        monkeypatch.setattr(hog, "sleep", rest)
        hog.in_bursts(work, 20.0, Random(seed))
        assert clock[0] == pytest.approx(20.0)
        return found

    assert lengths(1) == lengths(1) != lengths(2)
    assert len(lengths(1)) > 10
    assert all(length <= hog.LONGEST_S + 1e-9 for length in lengths(1))


def test_usage_is_what_came_to_it_between_two_looks() -> None:
    first = usage.now()
    pages = bytearray(b"\1") * (8 * 2**20)
    spent = usage.now().since(first)
    assert pages[-1] == 1
    assert spent.seconds > 0
    assert spent.minor_faults > 0
    total = Usage(1.0, 0.25, 10, 0).and_(Usage(1.0, 0.25, 5, 1))
    assert total.told() == {"waited_share": 0.25, "minor_faults": 15, "major_faults": 1}
    assert Usage(1.0, None).and_(total).told()["waited_share"] is None
    assert Usage().told()["waited_share"] is None


def test_waiting_for_a_core_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = tmp_path / "schedstat"
    monkeypatch.setattr(usage, "SCHEDULED", said)
    assert usage.now().waited_s is None
    said.write_text("700 2500000000 3\n")
    assert usage.now().waited_s == pytest.approx(2.5)
