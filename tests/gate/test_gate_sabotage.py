"""Sabotage of a gate's processes, wheels and files: none of it becomes a time, and nothing is left that cannot be read.

What a gate ends with where nothing is known of a cell stands in ``tests/lab/test_gate.py``; what a calibration makes of
files that were cut in ``tests/lab/test_calibrate.py``.
"""

from __future__ import annotations

import os
import shutil
import signal
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.environment import jsonlines, wheel
from benchmarks.environment.process import MeasurementError
from benchmarks.gate import builds, course, lockstep
from benchmarks.gate.builds import Build
from benchmarks.gate.course import CONTROLS, Course, read_controls
from benchmarks.gate.lines import PAIRS, Cell, Pair, Reply, Request, read_pairs
from benchmarks.pairing.oracles import oracle
from benchmarks.runs import history
from inputs.families import find

CELL = Cell("normalized_difference", "f32_256", "numpy")
OTHER = CELL._replace(arm="rust")
NUMPY = Path("eokernels", "impl_numpy", f"{CELL.kernel}.py")
NUMBA = Path("eokernels", "impl_numba", f"{CELL.kernel}.py")
DEFINED = f"\ndef {CELL.kernel}(*a, **k):\n    "


def spoilt(build: Build, folder: Path, text: str, file: Path = NUMPY) -> Build:
    """Return a copy of the build, of any digest, with something at the end of a file."""
    into = folder / "spoilt"
    shutil.copytree(build.folder, into)
    with (into / file).open("a", encoding="utf-8") as handle:
        handle.write(text)
    return replace(build, digest="", folder=into)


def measured(folder: Path, base: Build, head: Build, *cells: Cell) -> dict[Cell, Pair]:
    assert Course(folder, base, head, 3).measure(cells or [CELL], range(1), "screen")
    return {pair.cell: pair for pair in read_pairs(folder)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)", "its process ended with -9"),
        ("import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)", "its process ended with -11"),
        ("raise SystemExit(0)", "its process ended with 0"),
        ("import time\n    time.sleep(60)", "no answer within 6 s"),
        ("raise MemoryError('no room')", "MemoryError: no room"),
        ("print('[1, 2')\n    return 7", "wrong answer before the timed blocks"),
    ],
    ids=["killed", "crashed", "exits", "hangs", "no memory", "prints and errs"],
)
def test_a_process_that_does_not_answer_rightly_fails_its_cell_and_no_other(
    build: Build, folder: Path, text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in text:
        measured(folder, build, build)  # so that nothing has to be compiled within the short patience
        shutil.rmtree(folder)
        monkeypatch.setattr(lockstep.Seat.hear, "__defaults__", (6.0,))
    found = measured(folder, build, spoilt(build, folder, DEFINED + text + "\n"), CELL, OTHER)
    assert found[CELL].head.status == "failed"
    assert why in found[CELL].head.reason
    assert not found[CELL].head.blocks_s
    assert found[OTHER].head.status == "ok"


@pytest.mark.parametrize("side", ["base", "head"])
@pytest.mark.parametrize(
    ("arm", "text"),
    [
        ("numpy", "import a_package_that_is_gone"),
        ("numpy", "from numpy import a_name_that_is_gone"),
        ("numba", "import a_package_that_is_gone"),
    ],
    ids=["package", "name", "numba's package"],
)
def test_what_cannot_be_imported_is_broken_and_not_absent(
    build: Build, folder: Path, side: str, arm: str, text: str
) -> None:
    broken = spoilt(build, folder, f"\n{text}\n", NUMPY if arm == "numpy" else NUMBA)
    sides = (broken, build) if side == "base" else (build, broken)
    cell = CELL._replace(arm=arm)
    pair = measured(folder, *sides, cell)[cell]
    assert getattr(pair, side).status == "failed"
    assert "gone" in getattr(pair, side).reason


@pytest.mark.parametrize("step", ["-1_000_000", "0"], ids=["backwards", "standing still"])
def test_a_clock_that_does_not_go_on_gives_no_time(build: Build, folder: Path, step: str) -> None:
    clock = (
        f"\nimport benchmarks.pairing.stage as _s\n_t = [10**15]\ndef _tick():\n    _t[0] += {step}\n    return _t[0]\n"
    )
    pair = measured(folder, build, spoilt(build, folder, clock + "_s.perf_counter_ns = _tick\n"))[CELL]
    assert pair.head.status == "failed"
    assert "the clock said" in pair.head.reason


def test_a_wheel_that_was_edited_where_it_lies_is_refused(build: Build, folder: Path) -> None:
    edited = replace(spoilt(build, folder, "\nEDITED = True\n"), digest=build.digest)
    with pytest.raises(MeasurementError, match="the wheel that is imported is not"):
        measured(folder, build, edited)
    assert read_pairs(folder) == []


def packed(build: Build, folder: Path) -> Path:
    """Return the build as a wheel's file."""
    return Path(shutil.make_archive(str(folder / "eokernels-0-py3-none-any"), "zip", build.folder))


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("STALE = True\n")], ids=["gone", "stale"])
def test_a_wheel_is_unpacked_anew_where_it_does_not_lie_whole(
    build: Build, folder: Path, spoil: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(folder / "cache"))
    made = packed(build, folder)
    first = builds.unpacked(made)
    right = (first / NUMPY).read_bytes()
    spoil(first / NUMPY)
    assert builds.unpacked(made) == first
    assert (first / NUMPY).read_bytes() == right


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_wheel_that_was_cut_is_named(
    build: Build, folder: Path, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = packed(build, folder)
    data = made.read_bytes()
    made.write_bytes(data[: int(share * len(data))])
    monkeypatch.setattr(history, "commit", lambda _: history.Commit("0" * 40, "2026-01-01", "a commit"))
    monkeypatch.setattr(history, "wheel_of", lambda _: made)
    with pytest.raises(OSError, match="is cut or no wheel; remove it"):
        builds.build("HEAD")


def test_a_right_answer_that_was_cut_in_the_cache_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(folder / "cache"))
    kernel = registry.get(CELL.kernel)
    path = oracle(kernel, find(kernel.family, CELL.case), None)
    right = np.load(path)
    for cut in (b"", path.read_bytes()[:100], path.read_bytes()[:-1]):
        path.write_bytes(cut)
        assert oracle(kernel, find(kernel.family, CELL.case), None) == path
        np.testing.assert_array_equal(np.load(path), right)


def test_a_pair_that_ends_while_the_controls_are_asked_keeps_what_it_has_compared(
    build: Build, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = lockstep.Seat.ask

    def ask(seat: lockstep.Seat, asked: Request) -> Reply:
        if asked.do == "controls":
            os.kill(lockstep.keeper.below(seat.process.pid)[-1], signal.SIGKILL)
        return right(seat, asked)

    monkeypatch.setattr(lockstep.Seat, "ask", ask)
    assert measured(folder, build, build)[CELL].head.status == "ok"
    (line,) = read_controls(folder)
    assert "its process ended with -9" in line["reason"]
    assert line["steal_share"] >= 0


def test_of_a_pair_that_ends_badly_it_is_known_what_the_machine_gave(build: Build, folder: Path) -> None:
    measured(folder, build, spoilt(build, folder, DEFINED + "import os\n    os._exit(7)\n"), CELL, OTHER)
    lines = read_controls(folder)
    assert len(lines) >= 2, "it was replaced"
    assert all("steal_share" in line for line in lines)


def test_pairs_of_which_the_controls_are_lost_are_measured_again(build: Build, folder: Path) -> None:
    """The lab was killed between the two."""
    measured(folder, build, build)
    before = len((folder / PAIRS).read_bytes().splitlines())
    (folder / CONTROLS).unlink()
    assert len(measured(folder, build, build)) == 1
    assert len((folder / PAIRS).read_bytes().splitlines()) == 2 * before
    assert len(read_controls(folder)) == 1


def test_a_disk_that_fills_ends_the_gate_and_leaves_lines_that_can_be_read(
    build: Build, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = jsonlines.append

    def full(path: Path, record: Any) -> None:
        with path.open("ab") as handle:
            handle.write(b'{"kernel": "normalized_diff')
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(course, "append", full)
    with pytest.raises(OSError, match="No space left"):
        measured(folder, build, build)
    assert (read_pairs(folder), read_controls(folder)) == ([], [])
    monkeypatch.setattr(course, "append", right)
    assert measured(folder, build, build)[CELL].head.status == "ok"


def test_a_wheel_without_records_is_none(folder: Path) -> None:
    empty = folder / "eokernels-0-py3-none-any.whl"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("eokernels/__init__.py", "")
    with pytest.raises(ValueError, match="holds no RECORD"):
        wheel.digest(empty)


def test_a_load_beside_a_pair_stands_in_its_controls(build: Build, folder: Path) -> None:
    one = Course(folder, build, build, 3, "bursts")
    assert one.measure([CELL], range(2), "screen")
    found = [line["beside"] for line in read_controls(folder)]
    assert [line["kind"] for line in found] == ["bursts"] * 2
    assert not any(line["ended"] for line in found)
    assert found[0]["seed"] != found[1]["seed"]
    assert all(pair.head.waited_share is not None for pair in read_pairs(folder))
