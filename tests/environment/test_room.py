"""A full disk ends a run with a sentence; what was measured stays readable, and the run can go on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console

from benchmarks import ROOT
from benchmarks.asv import machine, runner
from benchmarks.environment import checkout, disk_room, jsonlines, process
from benchmarks.pairing import conductor
from benchmarks.runs import inventory, planning
from lab import run as run_verb

KERNEL = "normalized_difference"
COMMIT = "abcdef01" * 5
MACHINE = machine.Machine("box", "Linux", "x86_64", "a cpu", "2", "4 GiB")

FILL = """
import sys
from pathlib import Path
from benchmarks.environment import jsonlines as records
path, number = Path(sys.argv[1]), 0
try:
    while number < 10_000:
        records.append(path, {"number": number, "filler": "x" * 997})
        number += 1
except OSError as error:
    print(number, error.errno)
assert [line["number"] for line in records.read_raw(path)] == list(range(number))
"""


@pytest.fixture
def plan() -> planning.Plan:
    entries = {KERNEL: (planning.Entry("f32_256", ("numpy", "rust")),)}
    head = ("20260101-000000-abcdef01", "2026-01-01T00:00:00+00:00", COMMIT, "smoke", 1, "d" * 64)
    return planning.Plan(*head, entries, machine="box")


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=10, f_frsize=4096))


def test_a_line_that_does_not_fit_is_an_error_and_leaves_the_others_whole(tmp_path: Path) -> None:
    """The system takes a part of such a line and calls it a success; only the next byte is refused."""
    path = tmp_path / "lines.jsonl"
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 10**9))\n"
    done = subprocess.run(
        [sys.executable, "-c", limited + FILL, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written, number = map(int, done.stdout.split())
    assert number in disk_room.FULL
    assert 0 < written < 20
    assert path.stat().st_size > written * 1000, "a part of the next line is there"
    jsonlines.append(path, {"number": written})
    assert [line["number"] for line in jsonlines.read_raw(path)] == list(range(written + 1))


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
def test_a_disk_that_is_full_is_an_error_and_leaves_the_others_whole(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    ask = "from benchmarks.environment.disk_room import probe\n"
    ask += "try:\n    probe(path.parent)\nexcept OSError as error:\n    print(error)"
    script = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1/lines.jsonl"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), sys.executable, f"{FILL}\n{ask}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this user may not mount")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert int(first.split()[1]) == errno.ENOSPC
    assert second == f"no space left on {disk}, on which {disk} lies"


def test_too_little_room_is_said_before_a_line_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_room.probe(tmp_path)
    assert list(tmp_path.iterdir()) == []
    full_disk(monkeypatch)
    with pytest.raises(OSError, match=r"^no space left on /") as caught:
        disk_room.require_room(tmp_path)
    assert caught.value.errno == errno.ENOSPC


def test_a_measurement_without_room_leaves_no_mark_that_would_stop_the_next(
    plan: planning.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        full_disk(monkeypatch)
        raise process.MeasurementError("OSError: [Errno 28] No space left on device")

    monkeypatch.setattr(conductor, "spawn", die)
    monkeypatch.setattr(conductor, "files", lambda *_: {})
    for _ in range(2):  # the second time nothing is started
        with pytest.raises(OSError, match="no space left"):
            conductor.measure(plan.measurement(tmp_path, KERNEL))
        monkeypatch.setattr(conductor, "spawn", lambda *_: pytest.fail("a process was started"))
    assert conductor.broken_marks(tmp_path) == []


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device", "/data/x"), disk_room._error("no space left on /data")]
)
def test_a_run_that_a_full_disk_ended_is_2_in_a_sentence_and_can_go_on(
    plan: planning.Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
) -> None:
    def stop(*_: object) -> None:
        raise error

    plan, run_dir = inventory.claim(replace(plan, commit=checkout.git("rev-parse", "HEAD")), tmp_path)
    monkeypatch.setattr(run_verb, "_measure", stop)
    with pytest.raises(typer.Exit) as ended:
        run_verb._measured(Console(stderr=True), plan, run_dir)
    assert ended.value.exit_code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no space left on ")
    assert "/data" in said
    assert "--resume goes on when there is room" in said
    assert len(said.splitlines()) == 1
    assert inventory.unfinished(plan, tmp_path) == run_dir


# asv's files


@pytest.fixture
def asv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that lets a shell script stand for asv, and gives the run directory."""
    monkeypatch.setattr(runner, "PART", tmp_path / "part")

    def pretend(script: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}/part/results/box\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(runner.sys, "executable", str(path))
        (tmp_path / "run").mkdir(exist_ok=True)
        return tmp_path / "run"

    return pretend


def call(run_dir: Path) -> None:
    results = run_dir.parent / "results"
    runner.run_kernel(run_dir, KERNEL, ["f32_256"], MACHINE, commit=COMMIT, results=results)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return the result file that is there before."""
    path = tmp_path / "results" / "box" / "abcdef01-env.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 2, "before": true}')
    return path


def test_asv_adds_to_a_copy_that_takes_the_files_place(asv: Callable[[str], Path], kept: Path) -> None:
    add = "sed 's/true}/true, \"after\": 1}/' abcdef01-env.json > new && mv new abcdef01-env.json"
    call(asv(f"{add}; echo '{{\"version\": 2}}' > ../benchmarks.json"))
    assert json.loads(kept.read_text()) == {"version": 2, "before": True, "after": 1}
    assert (kept.parents[1] / "benchmarks.json").is_file()
    assert not runner.PART.exists()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "printf '{\"ver' > abcdef01-env.json; echo \"OSError: [Errno 28] No space left on device: 'x'\"; exit 1",
            OSError,
        ),
        ("printf '{\"ver' > abcdef01-env.json; exit 1", runner.AsvError),
        ("printf '{\"ver' > abcdef01-env.json; exit 0", runner.AsvError),
    ],
)
def test_what_asv_has_cut_takes_no_files_place(
    asv: Callable[[str], Path], kept: Path, script: str, expected: type[Exception]
) -> None:
    run_dir = asv(script)
    (run_dir / f"{KERNEL}.asv.log").write_text("an earlier call: No space left on device\n")
    with pytest.raises(expected) as caught:
        call(run_dir)
    assert ("no space left" in str(caught.value)) == (expected is OSError)
    assert json.loads(kept.read_text()) == {"version": 2, "before": True}


def test_asv_is_ended_when_the_disk_fills(
    asv: Callable[[str], Path], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = asv("exec sleep 60")
    monkeypatch.setattr(runner, "POLL_S", 0.05)
    full_disk(monkeypatch)
    with pytest.raises(OSError, match="no space left"):
        call(run_dir)
    assert json.loads(kept.read_text()) == {"version": 2, "before": True}


@pytest.mark.parametrize("content", ["", "\0\0", '{"version": 1, "box', "{}"])
def test_a_list_of_machines_that_is_cut_is_named_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """With such a file asv ends, whatever it is asked."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".asv-machine.json"
    path.write_text(content)
    said = machine.ensure_machine(MACHINE)
    assert str(path) in said
    assert path.with_name(".asv-machine.json.unreadable").read_text() == content
    assert json.loads(path.read_text())["box"]["ram"] == "4 GiB"
    assert machine.ensure_machine(MACHINE) == ""
