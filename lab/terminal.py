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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

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
    """Return a console that colours nothing by itself."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def say(text: str, style: str = "", *, stderr: bool = True) -> None:
    """Print a text as it is, in a style where there are colours. Long lines are left to the terminal."""
    from rich.text import Text

    console(stderr=stderr).print(Text(text, style), soft_wrap=True)


@dataclass(frozen=True)
class Column:
    """A column of a table: what heads it, and what may happen to it where room is scarce.

    `number` keeps cells whole and to the right, `whole` keeps them whole, all others are wrapped between words.
    """

    heading: str
    number: bool = False
    whole: bool = False
    most: int | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    cells: Sequence[str]
    style: str = ""


def show(console: Console, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table, or a block of lines for each row where the table does not fit with words and numbers whole."""
    table = _table(title, columns, rows)
    unbounded = console.options.update(width=10_000)
    if console.measure(table, options=unbounded).minimum <= console.width:
        console.print(table)
    else:
        _blocks(console, title, columns, rows)


def _table(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    from rich import box
    from rich.cells import cell_len
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
    for place, column in enumerate(columns):
        texts = [column.heading, *(row.cells[place] for row in rows)]
        whole = column.number or column.whole
        widest = max((cell_len(line) for text in texts for line in text.splitlines()), default=0)
        table.add_column(
            Text(column.heading),
            justify="right" if column.number else "left",
            no_wrap=whole,
            min_width=widest if whole else None,
            max_width=column.most,
        )
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
