"""Writes the report: index.html, report.md, results.csv, summary.json and the figures as PNG.

Everything is written to a directory beside the target, which then takes the target's name, so that a reader never
sees half a report.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jsonschema
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.spec import COST_CLASSES, Kernel
from inputs.cases import Case, find
from reports import drawing, plots, tables, words
from reports.cells import Cell
from reports.rows import Run
from reports.summary import Summary

ROOM = Path(__file__).resolve().parent


@dataclass(frozen=True)
class CaseLine:
    """One line of a kernel's result table."""

    case: Case
    description: str
    cells: Mapping[str, Cell]
    winners: str


@dataclass(frozen=True)
class Chapter:
    """What the page says about one kernel."""

    kernel: Kernel
    cost_class: str
    sentence: str
    centre: Case
    at_centre: Mapping[str, Cell]
    best_peer: Cell | None
    arms: Sequence[str]
    lines: Sequence[CaseLine]
    losing: Sequence[Cell]
    cells: Sequence[Cell]
    figures: Sequence[drawing.Plot]


def write(run: Run, summary: Summary, kernels: Mapping[str, Kernel], out: Path) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run, summary
        The run and what :func:`reports.summary.summarise` made of it.
    kernels
        The registry.
    out
        Directory that is replaced as a whole.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ValueError
        Where `out` exists and is no report or empty directory, so that nothing else is ever replaced.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"out: {out} is a file; an empty or new directory is accepted")
    if out.exists() and any(out.iterdir()) and not (out / "summary.json").is_file():
        raise ValueError(f"out: {out} holds something that is not a report; an empty or new directory is accepted")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        _fill(fresh, run, summary, kernels)
        _replace(out, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / "index.html"


def _fill(folder: Path, run: Run, summary: Summary, kernels: Mapping[str, Kernel]) -> None:
    found = chapters(summary, kernels)
    values = summary_json(summary)
    (folder / "summary.json").write_text(json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    tables.of_cells(summary.cells).to_csv(folder / "results.csv", index=False)
    (folder / "report.md").write_text(markdown(run, summary, found, kernels))
    (folder / "index.html").write_text(page(run, summary, found))
    for chapter in found:
        for plot in chapter.figures:
            (folder / f"{plot.key}.png").write_bytes(drawing.png(plot.figure))


def _replace(out: Path, fresh: Path) -> None:
    """Give `fresh` the name `out`; what stood there is moved aside first and removed last."""
    if not out.exists():
        fresh.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    out.rename(old / out.name)
    fresh.rename(out)
    shutil.rmtree(old)


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return the content of ``summary.json``, held against its schema."""
    values: dict[str, Any] = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    jsonschema.Draft202012Validator(schema()).validate(values)
    return values


def schema() -> dict[str, Any]:
    """Return the schema of ``summary.json``."""
    loaded: dict[str, Any] = json.loads((ROOM / "summary.schema.json").read_text())
    return loaded


def chapters(summary: Summary, kernels: Mapping[str, Kernel]) -> list[Chapter]:
    """Return the chapters of the report, one per kernel of the run."""
    return [_chapter(kernels[k], summary) for k in dict.fromkeys(c.kernel for c in summary.cells)]


def _chapter(kernel: Kernel, summary: Summary) -> Chapter:
    cells = [c for c in summary.cells if c.kernel == kernel.name]
    centre = words.centre(kernel, summary)
    assert centre is not None, "a chapter has cells"
    lines = []
    for case_name in dict.fromkeys(c.case for c in cells):
        case = find(kernel.family, case_name)
        mine = {c.implementation: c for c in cells if c.case == case_name}
        lines.append(CaseLine(case, words.describe(case), mine, words.winners(list(mine.values()))))
    return Chapter(
        kernel=kernel,
        cost_class=f"{kernel.cost_class} · {COST_CLASSES[kernel.cost_class]}",
        sentence=words.sentence(kernel, summary),
        centre=centre,
        at_centre=words.at_centre(kernel, summary),
        best_peer=words.best_peer(words.at_centre(kernel, summary)),
        arms=tuple(dict.fromkeys(c.implementation for c in cells)),
        lines=lines,
        losing=words.losing(cells),
        cells=cells,
        figures=plots.of_kernel(kernel, cells, centre, drawing.looks([c.implementation for c in summary.cells])),
    )


def page(run: Run, summary: Summary, found: Sequence[Chapter]) -> str:
    """Return the self-contained page: style, figures and raw data inside, nothing from the network."""
    raw = {
        "summary": summary_json(summary),
        "rows": [asdict(row) for row in run.rows],
        "controls": [asdict(c) for c in run.controls],
    }
    data = json.dumps(raw, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")
    return (
        _environment(html=True)
        .get_template("index.html.j2")
        .render(
            run=run,
            summary=summary,
            chapters=found,
            style=(ROOM / "templates" / "style.css").read_text(),
            data=data,
            words=words,
            svg=drawing.svg,
        )
    )


def markdown(run: Run, summary: Summary, found: Sequence[Chapter], kernels: Mapping[str, Kernel]) -> str:
    """Return the report as Markdown."""
    return (
        _environment(html=False)
        .get_template("report.md.j2")
        .render(run=run, summary=summary, chapters=found, kernels=kernels, words=words, tables=tables)
    )


def _environment(*, html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        undefined=StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
