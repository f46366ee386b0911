"""A comparison in words: the sections that terminal and Markdown share, and the JSON with its schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from tabulate import tabulate

from reports import words
from reports.stats.between import CellChange, CellName, Word
from reports.stats.comparison import Comparison, SideRecord

ROOM = Path(__file__).resolve().parent
SHORT = 12
"""Length at which commits and digests are written."""
INTERVAL = "95 % interval"
TITLES: dict[Word, str] = {
    "slower": "Slower",
    "faster": "Faster",
    "no interval": "No interval",
    "no difference shown": "No difference shown",
}
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Section:
    """A table with its title; the columns in `numbers` hold numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


def sections(found: Comparison) -> list[Section]:
    """Return the tables in the order in which they are read; empty ones are left out."""
    different = found.environments.differing
    tables = [
        Section("", ("", "A", "B"), tuple(_sides(found.base, found.head))),
        Section("What differs in the environments", ("", "A", "B"), tuple((d.name, d.base, d.head) for d in different)),
        Section(
            "Another status",
            ("cell", "A", "B", "reason"),
            tuple((_named(s.kernel, s.case, s.implementation), s.base, s.head, s.reason) for s in found.statuses),
        ),
        *(_changed(found, word, title) for word, title in TITLES.items()),
        _missing("Only in A", found.only_base, every=found.every),
        _missing("Only in B", found.only_head, every=found.every),
        _missing("No time in common", found.without, every=found.every),
    ]
    return [table for table in tables if table.rows]


def _sides(base: SideRecord, head: SideRecord) -> Iterator[tuple[str, str, str]]:
    pairs = {
        "named": (base.given, head.given),
        "run": (base.run_id, head.run_id),
        "implementation": (base.implementation, head.implementation),
        "commit": (base.commit[:SHORT], head.commit[:SHORT]),
        "machine": (base.machine, head.machine),
        "measured": (base.created[:16].replace("T", " "), head.created[:16].replace("T", " ")),
        "wheel": (base.wheel_digest[:SHORT], head.wheel_digest[:SHORT]),
        "processes": (str(base.processes), str(head.processes)),
        "canary": (base.canary, head.canary),
        "not complete": (_problem(base), _problem(head)),
        "uncommitted": (base.uncommitted, head.uncommitted),
    }
    yield from ((name, a or words.NONE, b or words.NONE) for name, (a, b) in pairs.items() if a or b)


def _problem(side: SideRecord) -> str:
    more = f", and {len(side.problems) - 1} more" if len(side.problems) > 1 else ""
    return side.problems[0] + more if side.problems else ""


def _changed(found: Comparison, word: Word, title: str) -> Section:
    cells = [cell for cell in found.cells if cell.word == word]
    of = " ÷ NumPy" if found.relative else ""
    moved = "" if found.every or word != "no interval" else ", estimates that moved by 10 % or more"
    headings: tuple[str, ...] = ("cell", "change", f"A{of}", f"B{of}", INTERVAL)
    rows = [_row(cell, relative=found.relative) for cell in cells]
    if word == "no interval":
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    title = f"{title}: {words.count(len(cells), 'cell')}{moved}"
    return Section(title, headings, tuple(rows), frozenset({1, 2, 3}))


def _row(cell: CellChange, *, relative: bool) -> tuple[str, ...]:
    def value(number: float) -> str:
        return words.significant(number) if relative else words.seconds(number)

    name = _named(cell.kernel, cell.case, cell.implementation) + (" (crop)" if cell.cropped else "")
    range_ = words.interval(cell.low, cell.high)
    return name, words.times(cell.change), value(cell.base), value(cell.head), range_


def _named(kernel: str, case: str, implementation: str) -> str:
    return f"{kernel} {case} {implementation}".strip()


def _missing(title: str, cells: Sequence[CellName], *, every: bool) -> Section:
    """Return the cells, or how many there are of each kernel."""
    title = f"{title}: {words.count(len(cells), 'cell')}"
    if every:
        return Section(title, ("cell",), tuple((_named(c.kernel, c.case, c.implementation),) for c in cells))
    counted = Counter(cell.kernel for cell in cells)
    return Section(title, ("kernel", "cells"), tuple((k, str(n)) for k, n in counted.items()), frozenset({1}))


def sentences(found: Comparison) -> list[str]:
    """Return what is said below the tables: the count of everything, the environments, the control, the notes."""
    c = found.counts
    counted = {
        "slower": c.slower, "faster": c.faster, "no difference shown": c.no_difference_shown,
        "no interval": c.no_interval, "another status": c.status_changed, "only in A": c.only_base,
        "only in B": c.only_head, "no time in common": c.without,
    }  # fmt: skip
    always = {"slower", "faster", "no difference shown"}
    said = [f"Cells: {', '.join(f'{n} {name}' for name, n in counted.items() if n or name in always)}."]
    said += _environments(found)
    if found.control is not None:
        control = found.control
        least, most = words.factor(control.least), words.factor(control.most)
        said.append(
            f"Control: the wall, a loop of the lab's that no commit changes, took {words.times(control.change)} "
            f"(median of {words.count(control.cases, 'case')}, {least} to {most})."
        )
    return [*said, *found.notes]


def _environments(found: Comparison) -> Iterator[str]:
    """Yield what the table of differences does not show."""
    seen, alone = found.environments, len(found.environments.only_base) + len(found.environments.only_head)
    if found.paired:
        return
    known = len(seen.differing) + seen.same
    if not known:
        yield "Nothing that both state is known of their environments."
    else:
        differ = f"{len(seen.differing)} differ" if seen.differing else "none differs"
        rest = f"; {alone} more are stated by one side alone" if alone else ""
        yield f"Environments: of {known} things that both state, {differ}{rest}."


def markdown(found: Comparison) -> str:
    """Return the comparison as Markdown, fit for a pull request."""
    parts = [f"### `{found.base.given}` (A) against `{found.head.given}` (B)"]
    for section in sections(found):
        align = tuple("right" if k in section.numbers else "left" for k in range(len(section.headings)))
        rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in section.rows]
        table = tabulate(rows, section.headings, tablefmt="pipe", disable_numparse=True, colalign=align)
        parts += [f"**{section.title}**", table] if section.title else [table]
    return "\n\n".join([*parts, *sentences(found)]) + "\n"


def as_json(found: Comparison) -> str:
    """Return the comparison as JSON, held against its schema."""
    text = json.dumps(found.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(text))
    return text


def schema() -> dict[str, Any]:
    """Return the schema of the JSON."""
    loaded: dict[str, Any] = json.loads((ROOM / "comparison.schema.json").read_text(encoding="utf-8"))
    return loaded
