"""Pairs in lock-step: what is injected is seen, what is wrong is no time, and what breaks is told."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.environment.process import MeasurementError
from benchmarks.gate import lockstep
from benchmarks.gate.builds import Build
from benchmarks.gate.course import Course, read_controls
from benchmarks.gate.injections import KINDS, Injection, injected
from benchmarks.gate.lines import PAIRS, Cell, Pair, Reply, Request, read_pairs
from benchmarks.pairing.stage import robust_s

CELL = Cell("normalized_difference", "f32_256", "rust")
HERE = lockstep.Placement(4096, huge_pages=True, core=-1)


def change(pair: Pair) -> float:
    return robust_s(pair.head.blocks_s) / robust_s(pair.base.blocks_s)


def measured(folder: Path, base: Build, head: Build, cells: list[Cell], pairs: int = 1) -> list[Pair]:
    assert Course(folder, base, head, 3).measure(cells, range(pairs), "screen")
    return read_pairs(folder)


@pytest.mark.parametrize("arm", ["rust", "numba", "numpy"])
def test_a_wait_as_long_as_the_call_is_seen_where_it_is(build: Build, folder: Path, arm: str) -> None:
    slow = injected(build, Injection(CELL.kernel, arm, "spin", 1.0))
    other = "numpy" if arm == "rust" else "rust"
    cells = [CELL._replace(arm=arm), CELL._replace(arm=other)]
    found = {pair.cell.arm: change(pair) for pair in measured(folder, build, slow, cells)}
    assert found[arm] > 1.3
    assert found[arm] > found[other], "the other has not changed"


def test_a_wait_in_base_makes_head_faster(build: Build, folder: Path) -> None:
    slow = injected(build, Injection(CELL.kernel, "rust", "spin", 1.0))
    (pair,) = measured(folder, slow, build, [CELL])
    assert change(pair) < 1 / 1.3


@pytest.mark.parametrize("kind", KINDS)
def test_each_injection_leaves_the_answer_right(build: Build, folder: Path, kind: str) -> None:
    head = injected(build, Injection("temporal_stats", "rust", kind))  # type: ignore[arg-type]
    (pair,) = measured(folder, build, head, [Cell("temporal_stats", "f32_73x64", "rust")])
    assert (pair.base.status, pair.head.status) == ("ok", "ok"), pair.head.reason
    assert len(pair.base.blocks_s) == len(pair.head.blocks_s) >= 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("no_such", "rust", "spin", 1.0), "kernel: was 'no_such'"),
        (("evi", "cobol", "spin", 1.0), "implementation: was 'cobol'"),
        (("evi", "rust", "rest", 1.0), "kind: was 'rest'"),
        (("evi", "rust", "spin", 0.0), "amount: was 0.0"),
        (("evi", "rust", "lost-out", 0.5), "amount: was 0.5"),
        (("evi", "numba", "scalar", 1.0), "only rust"),
    ],
)
def test_what_cannot_be_injected_is_refused(wrong: tuple[str, str, str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Injection(*wrong)  # type: ignore[arg-type]


NUMPY = Path("eokernels", "impl_numpy", f"{CELL.kernel}.py")


def copied(build: Build, folder: Path) -> Build:
    """Return a copy of the build, of any digest, to spoil."""
    into = folder / "copied"
    shutil.copytree(build.folder, into)
    return replace(build, digest="", folder=into)


def patched(build: Build, folder: Path, text: str) -> Build:
    """Return the build with something at the end of the NumPy function's file."""
    head = copied(build, folder)
    with (head.folder / NUMPY).open("a", encoding="utf-8") as handle:
        handle.write(text)
    return head


def test_a_wrong_answer_is_no_time(build: Build, folder: Path) -> None:
    text = "\n_right = normalized_difference\ndef normalized_difference(*a, **k):\n    r = _right(*a, **k)\n    "
    head = patched(build, folder, text + "r[0] = 7\n    return r\n")
    (pair,) = measured(folder, build, head, [CELL._replace(arm="numpy")])
    assert pair.head.status == "failed"
    assert "wrong answer before the timed blocks" in pair.head.reason
    assert pair.base.status == "ok"
    assert not pair.base.blocks_s


def test_an_answer_that_turns_wrong_in_a_later_pair_is_no_time(build: Build, folder: Path) -> None:
    mark = folder / "mark"
    text = (
        "\nfrom pathlib import Path\n_right = normalized_difference\ndef normalized_difference(*a, **k):\n"
        f"    r = _right(*a, **k)\n    if Path({str(mark)!r}).exists():\n        r[0] = 7\n    return r\n"
    )
    course, cell = Course(folder, build, patched(build, folder, text), 3), CELL._replace(arm="numpy")
    assert course.measure([cell], [0], "screen")
    mark.touch()
    assert course.measure([cell], [1], "screen")
    first, second = read_pairs(folder)
    assert first.head.status == "ok"
    assert "wrong answer before the timed blocks" in second.head.reason
    (known,) = course.answers.right.values()
    assert len(known) == 1, "both wheels gave the same bits, and the wrong ones are not among them"


def test_a_known_answer_is_not_judged_again_and_another_one_is(build: Build, tmp_path: Path) -> None:
    cell = CELL._replace(arm="numpy")
    answers = lockstep.Answers()
    with lockstep.opened(build, build, HERE, np.random.default_rng(1), tmp_path / "log", answers=answers) as pair:
        assert pair.compare(cell, 0, "screen", 0).head.status == "ok"
        wrong = tmp_path / "wrong.npy"
        np.save(wrong, np.zeros_like(np.load(next(iter(answers.files.values())))))
        answers.files = dict.fromkeys(answers.files, str(wrong))
        assert pair.compare(cell, 1, "screen", 0).head.status == "ok", "its bits are known to be right"
        answers.right.clear()
        assert "wrong answer before" in pair.compare(cell, 2, "screen", 0).head.reason
        answers.right = {(cell, 0): {"another answer"}}
        assert "wrong answer before" in pair.compare(cell, 3, "screen", 0).head.reason


def test_an_answer_that_turns_wrong_later_is_no_time(build: Build, folder: Path) -> None:
    text = (
        "\n_right, _calls = normalized_difference, []\ndef normalized_difference(*a, **k):\n    r = _right(*a, **k)\n"
    )
    head = patched(
        build, folder, text + "    _calls.append(0)\n    if len(_calls) > 3:\n        r[0] = 7\n    return r\n"
    )
    (pair,) = measured(folder, build, head, [CELL._replace(arm="numpy")])
    assert pair.head.status == "failed"
    assert "wrong answer after the timed blocks" in pair.head.reason


def test_a_process_that_ends_is_replaced_and_the_cell_fails_at_the_second_time(build: Build, folder: Path) -> None:
    head = patched(build, folder, "\nimport os\ndef normalized_difference(*a, **k):\n    os._exit(7)\n")
    others = [CELL, CELL._replace(arm="numba")]
    pairs = {pair.cell: pair for pair in measured(folder, build, head, [CELL._replace(arm="numpy"), *others])}
    assert "its process ended with 7" in pairs[CELL._replace(arm="numpy")].head.reason
    assert all(pairs[cell].head.status == "ok" for cell in others)


def test_an_exception_is_told_as_the_implementations_own(build: Build, folder: Path) -> None:
    head = patched(build, folder, "\ndef normalized_difference(*a, **k):\n    raise OSError('gone')\n")
    (pair,) = measured(folder, build, head, [CELL._replace(arm="numpy")])
    assert "OSError: gone" in pair.head.reason


def test_a_kernel_that_base_lacks_is_skipped_there(build: Build, folder: Path) -> None:
    base = copied(build, folder)
    (base.folder / NUMPY).unlink()
    (pair,) = measured(folder, base, build, [CELL._replace(arm="numpy")])
    assert pair.base.status == "skipped"
    assert "does not have it" in pair.base.reason
    assert pair.head.status == "ok"


def test_another_wheel_than_the_planned_one_is_measured_by_nobody(build: Build, folder: Path) -> None:
    with pytest.raises(MeasurementError, match="the wheel that is imported is not 0000"):
        measured(folder, build, replace(build, digest="0" * 64), [CELL])
    assert read_pairs(folder) == []


def test_every_block_follows_one_of_the_other_side_and_begins_warm(build: Build, tmp_path: Path) -> None:
    asked: list[str] = []
    with lockstep.opened(build, build, HERE, np.random.default_rng(1), tmp_path / "log") as pair:

        def noting(name: str, ask: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
            return lambda request: (asked.append(name) if request.do == "block" else None, ask(request))[1]

        for name, seat in zip(("base", "head"), pair.seats, strict=True):
            seat.ask = noting(name, seat.ask)  # type: ignore[method-assign]
        line = pair.compare(CELL, 0, "screen", 0)
    assert asked[0] == line.first
    assert all(one != other for one, other in pairwise(asked))
    assert len(line.base.blocks_s) == len(line.head.blocks_s) >= lockstep.ROUNDS[0]
    assert lockstep._calls(1e-4, 2e-4, small=True) == (40, 10)
    assert lockstep._calls(1e-4, 2e-4, small=False) == (40, 100)
    assert lockstep._calls(0.06, 0.07, small=False) == (1, 0)


@pytest.mark.parametrize("seconds", [None, float("nan"), 0.0, -1e-3, float("inf")])
def test_a_clock_that_tells_no_time_is_an_error(seconds: float | None) -> None:
    with pytest.raises(lockstep.SeatError, match="clock"):
        lockstep._seconds(Reply("ok", seconds=seconds))


def test_a_process_that_does_not_answer_is_given_up(build: Build, tmp_path: Path) -> None:
    seat = lockstep.Seat(build, tmp_path / "log")
    try:
        assert seat.ask(Request("open", digest=build.digest)).status == "ok"
        os.kill(lockstep.keeper.below(seat.process.pid)[-1], signal.SIGSTOP)
        seat.tell(Request("controls"))
        with pytest.raises(lockstep.SeatError, match="no answer within"):
            seat.hear(patience_s=0.2)
    finally:
        seat.close()


def test_a_block_without_a_cell_and_an_unknown_request_are_refused(build: Build, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with lockstep.opened(build, build, HERE, rng, tmp_path / "log") as pair:
        assert "nothing is prepared" in pair.base.ask(Request("block", calls=1)).reason
        assert "Unavailable" not in pair.base.ask(Request("dance")).reason  # type: ignore[arg-type]
        assert pair.head.ask(Request("controls")).told


def test_what_was_measured_is_not_measured_again_and_a_cut_line_is_made_good(build: Build, folder: Path) -> None:
    measured(folder, build, build, [CELL])
    before = (folder / PAIRS).read_bytes()
    measured(folder, build, build, [CELL])
    assert (folder / PAIRS).read_bytes() == before
    (folder / PAIRS).write_bytes(before[: len(before) // 2])
    assert [pair.cell for pair in measured(folder, build, build, [CELL])] == [CELL]


def test_time_that_is_over_begins_nothing(build: Build, folder: Path) -> None:
    assert not Course(folder, build, build, 1).measure([CELL], range(2), "screen", until=0.0)
    assert read_pairs(folder) == []


def test_controls_of_each_pair_are_kept(build: Build, folder: Path) -> None:
    measured(folder, build, build, [CELL], pairs=2)
    lines = read_controls(folder)
    assert [line["number"] for line in lines] == [0, 1]
    assert lines[0]["ballast_bytes"] != lines[1]["ballast_bytes"], "each pair is placed anew"
    assert all(line["triad_1_gb_per_s"] > 0 for line in lines)


def test_an_unreadable_line_is_named(folder: Path) -> None:
    (folder / PAIRS).write_text('{"kernel": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"pairs\.jsonl has a line"):
        read_pairs(folder)
