"""What the verbs show: on any width whole numbers, in any encoding something, in colour only where it is wanted.

rich heeds ``NO_COLOR`` and ``FORCE_COLOR``, so everything goes through its consoles.
"""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reports.stats.exits import Exit

WIDTH = 80
"""Columns of a terminal that says it has none (``COLUMNS=0``): on none, nothing would be shown."""
PLAIN = {
    **{"×": "x", "µ": "u", "μ": "u", "–": "-", "—": "-", "−": "-", "→": ">", "≤": "<", "≥": ">", "±": "~", "…": "~"},
    **{"’": "'", "‘": "'", "“": '"', "”": '"', "·": ".", "•": "*", "²": "2", "³": "3", "ß": "ss", "├": "|", "└": "`"},
}
"""What stands for a character that a terminal has not; one for one where it can, since tables count on it."""


def degrade() -> None:
    """Have this process write what its terminal knows, so that nothing it says ends in an error."""
    codecs.register_error("plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(plain(character) for character in error.object[error.start : error.end]), error.end


def plain(character: str) -> str:
    """Return what stands for a character in ASCII: its sign, its letter without accents, or a question mark."""
    if character in PLAIN:
        return PLAIN[character]
    if unicodedata.name(character, "").startswith("BRAILLE"):  # of which spinners are made
        return "."
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints a text as it is: a path or a commit's subject may hold ``[red]`` or ``:fire:``."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    made.width = made.width or WIDTH
    return made


def say(text: str, style: str = "", *, stderr: bool = True) -> None:
    """Print a text as it is, in a style where there are colours. Long lines are left to the terminal."""
    from rich.text import Text

    console(stderr=stderr).print(Text(text, style), soft_wrap=True)


def say_ending(ending: Exit) -> None:
    """Print why a gate ends as it does, on standard output."""
    say(f"{ending.why}.", {0: "green", 1: "red", 2: "yellow"}[ending.code], stderr=False)


@dataclass(frozen=True)
class Column:
    """A column of a table: what heads it, and what may happen to it where room is scarce.

    `number` keeps cells whole and to the right, `whole` keeps them whole; all others are wrapped between words. What is
    longer than `least` may be broken anywhere, as a path.
    """

    heading: str
    number: bool = False
    whole: bool = False
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    cells: Sequence[str]
    style: str = ""


def show(console: Console, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table, or a block of lines for each row where the table does not fit with words and numbers whole."""
    widths = _widths(columns, rows, console.width)
    if widths is None:
        _blocks(console, title, columns, rows)
    else:
        console.print(_table(title, columns, rows, widths))


def _widths(columns: Sequence[Column], rows: Sequence[Row], room: int) -> list[int] | None:
    """Return the widths of columns that have a space between them, None where there is not room enough.

    rich itself takes from all columns alike, or lets the last ones stand beyond the edge.
    """
    bounds = [_bounds(column, [column.heading, *(row.cells[k] for row in rows)]) for k, column in enumerate(columns)]
    widths = [least for least, _ in bounds]
    spare = room - sum(widths) - len(columns) + 1
    if spare < 0:
        return None
    by_want = sorted(range(len(columns)), key=lambda k: bounds[k][1] - bounds[k][0])
    for served, k in enumerate(by_want):
        more = min(bounds[k][1] - bounds[k][0], spare // (len(columns) - served))
        widths[k], spare = widths[k] + more, spare - more
    return widths


def _bounds(column: Column, texts: Sequence[str]) -> tuple[int, int]:
    """Return the least width that a column needs and the largest that it can use."""
    from rich.cells import cell_len

    longest = max((cell_len(line) for text in texts for line in text.splitlines()), default=0)
    word = max((cell_len(word) for text in texts for word in text.split()), default=0)
    if column.number or column.whole:
        return longest, longest
    least = word if column.least is None else min(word, column.least)
    return least, max(least, longest if column.most is None else min(longest, column.most))


def _table(title: str, columns: Sequence[Column], rows: Sequence[Row], widths: Sequence[int]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        show_header=any(column.heading for column in columns),
        padding=0,
    )
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(Text(column.heading), justify=justify, overflow="fold", width=width)
    for row in rows:
        table.add_row(*map(Text, row.cells), style=row.style or None)
    return table


def _blocks(console: Console, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print each row as its first cell and a line for each other; only what is longer than a line is folded."""
    from rich.text import Text

    if title:
        console.print(Text(title, "bold"), overflow="fold")
    for row in rows:
        for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
            if cell:
                before = f"  {column.heading} " if column.heading else "  "
                text = Text(cell if place == 0 else f"{before}{cell}", row.style)
                console.print(text, overflow="fold")
