"""What is being done, how far it is and how long it will take: a bar on a terminal, elsewhere a line now and then.

A log of a nightly job, or of a job in the background, must show that it lives, and not be filled with it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress

EVERY_S = 30.0
BAR, NUMBERS = 20, 38
"""Columns of the bar, and of all that stands beside it and the name."""
LEAST_NAME = 6


class Update(Protocol):
    """Tells what is being done, and of how much."""

    def __call__(self, what: str | None = None, done: int | None = None) -> None:
        """Take a new name, and how much is done."""
        ...


@contextmanager
def shown(what: str, total: int | None = None) -> Iterator[Update]:
    """Show on stderr what is being done, and give a function that says how it goes on.

    Parameters
    ----------
    what
        What is being done.
    total
        Steps that there are, where that is known.
    """
    from lab.terminal import console

    here = console(stderr=True)
    if not (sys.stderr.isatty() and here.is_interactive):
        with lines(Lines(what, total), lambda line: print(line, file=sys.stderr, flush=True)) as update:
            yield update
        return
    if total is None:
        with here.status(what) as status:
            yield lambda what=None, done=None: None if what is None else status.update(what)
        return
    with bar(total) as progress:
        task = progress.add_task(what, total=total)
        yield lambda what=None, done=None: progress.update(task, description=what, completed=done)


def bar(total: int) -> Progress:
    """Return a bar in which the numbers are whole on any width, and the name as long as there is room for it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    from lab.terminal import console

    here = console(stderr=True)
    room = here.width - NUMBERS - 2 * len(str(total))
    names = Column(no_wrap=True, overflow="ellipsis", max_width=max(LEAST_NAME, room - BAR if room > 2 * BAR else room))
    columns: list[ProgressColumn] = [TextColumn("{task.description}", table_column=names, markup=False)]
    if room > 2 * BAR:
        columns.append(BarColumn(BAR))
    columns += [MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return Progress(*columns, console=here)


@dataclass
class Lines:
    """The state of what is being done, as a line; time comes from `clock`."""

    what: str
    total: int | None = None
    clock: Callable[[], float] = time.monotonic
    done: int | None = None
    _first: tuple[float, int] | None = field(default=None, init=False)

    def __call__(self, what: str | None = None, done: int | None = None) -> None:
        """Take a new state. What was done before the first one took no time that counts."""
        self.what = self.what if what is None else what
        if done is not None:
            self._first = self._first or (self.clock(), done)
            self.done = done

    def line(self) -> str:
        """Return what is being done, done/total, and the time left where that can be told."""
        if self.total is None or self.done is None:
            return self.what
        return f"{self.what}: {self.done} of {self.total}{self._left()}"

    def _left(self) -> str:
        if self._first is None or self.total is None or self.done is None or self.done <= self._first[1]:
            return ""
        began, before = self._first
        seconds = round((self.clock() - began) / (self.done - before) * (self.total - self.done))
        return f", about {seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"


@contextmanager
def lines(
    state: Lines, write: Callable[[str], None], wait: Callable[[threading.Event, float], bool] = threading.Event.wait
) -> Iterator[Lines]:
    """Write the line of a state every 30 seconds while the block runs; `wait` tells whether the block has ended."""
    ended = threading.Event()

    def tell() -> None:
        while not wait(ended, EVERY_S):
            write(state.line())

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield state
    finally:
        ended.set()
        teller.join()
