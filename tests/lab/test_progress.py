"""Without a terminal: a line every 30 seconds, with what is being done, how far it is and the time left."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import progress


class Clock:
    """Time that passes only while somebody waits: the teller of lines."""

    def __init__(self, steps: list[Callable[[], None]]) -> None:
        self.now, self.steps = 0.0, steps
        self.over = threading.Event()

    def __call__(self) -> float:
        return self.now

    def wait(self, ended: threading.Event, seconds: float) -> bool:
        """Do the next step of the work, after which so many seconds have passed; without one the block ends."""
        assert seconds == 30
        if not self.steps:
            self.over.set()
            return True
        self.now += seconds
        self.steps.pop(0)()
        return ended.is_set()


def written(state: progress.Lines, clock: Clock) -> list[str]:
    found: list[str] = []
    with progress.lines(state, found.append, clock.wait):
        assert clock.over.wait(10)
    return found


def test_a_line_every_thirty_seconds_with_what_is_left() -> None:
    clock = Clock([])
    state = progress.Lines("asv: environment", 100, clock)
    clock.steps = [
        lambda: None,
        lambda: state("evi", 40),  # what was measured before took no time of this run
        lambda: state("evi", 55),
        lambda: state(done=70),
    ]
    assert written(state, clock) == [
        "asv: environment",
        "evi: 40 of 100",
        "evi: 55 of 100, about 0:01:30 left",
        "evi: 70 of 100, about 0:01:00 left",
    ]


def test_what_has_no_number_of_steps_is_named_all_the_same() -> None:
    clock = Clock([lambda: None, lambda: None])
    assert written(progress.Lines("building the wheel", None, clock), clock) == ["building the wheel"] * 2


@pytest.mark.parametrize("total", [None, 3])
def test_verbs_write_lines_on_stderr_where_it_is_no_terminal(
    total: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("FORCE_COLOR", "1")  # colours in a log are no terminal
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    with progress.shown("verifying", total) as update:
        update(done=0)
        update("verifying, 5 checks", 1)
        for _ in range(500):
            if "5 checks" in stderr.getvalue():
                break
            threading.Event().wait(0.01)
    assert stderr.getvalue().startswith("verifying")
    said = "verifying, 5 checks: 1 of 3, about 0:00:00 left" if total else "verifying, 5 checks"
    assert said in stderr.getvalue().splitlines()
    assert "\x1b" not in stderr.getvalue()


def test_a_short_task_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress.shown("verifying", 3) as update:
        update(done=3)
    assert not stderr.getvalue()


@pytest.mark.parametrize("verb", ["run", "verify", "history", "fuzz", "experts", "time", "try_"])
def test_every_verb_that_takes_long_shows_it(verb: str) -> None:
    text = (Path(progress.__file__).parent / f"{verb}.py").read_text(encoding="utf-8")
    assert "progress.shown(" in text
    assert ".status(" not in text
