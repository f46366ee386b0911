"""Writes the report: index.html, report.md, results.csv, summary.json and the figures as PNG.

Everything is written to a directory beside the target, which then takes the target's name, so that a reader never
sees half a report.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.spec import Kernel
from reports import words
from reports.figures import drawing
from reports.figures.power import power_curve
from reports.read.rows import Run
from reports.stats.flags import Flag
from reports.stats.losses import losses, tallies
from reports.stats.summary import Summary
from reports.write import flagging, glossary, ledger_page, splice, tables, winners
from reports.write.chapters import ClassGroup, groups

ROOM = Path(__file__).resolve().parent


def write(run: Run, summary: Summary, kernels: Mapping[str, Kernel], out: Path, flags: Sequence[Flag] = ()) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run, summary
        The run and what :func:`reports.stats.summary.summarise` made of it.
    kernels
        The registry.
    out
        Directory that is replaced as a whole.
    flags
        What the history of the machine shows of the kernels of the run.

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
        _fill(fresh, run, summary, kernels, flags)
        _replace(out, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / "index.html"


def _fill(folder: Path, run: Run, summary: Summary, kernels: Mapping[str, Kernel], flags: Sequence[Flag]) -> None:
    found = groups(summary, kernels)
    values = summary_json(summary)
    (folder / "summary.json").write_text(
        json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    tables.of_cells(summary.cells).to_csv(folder / "results.csv", index=False)
    (folder / "report.md").write_text(markdown(run, summary, found, kernels, flags), encoding="utf-8")
    (folder / "index.html").write_text(page(run, summary, found, flags), encoding="utf-8")
    of_kernels = [plot for group in found for chapter in group.chapters for plot in chapter.figures]
    for plot in filter(None, [*of_kernels, power_curve(summary.error_rates)]):
        (folder / f"{plot.key}.png").write_bytes(drawing.png(plot.figure))


def _replace(out: Path, fresh: Path) -> None:
    """Give `fresh` the name `out`; what stood there is moved aside first and removed last."""
    with _alone(out.parent):
        if not out.exists():
            fresh.rename(out)
            return
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
        out.rename(old / out.name)
        fresh.rename(out)
    shutil.rmtree(old)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder itself, so that of two reports that are done at once the second replaces the first."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return the content of ``summary.json``, held against its schema."""
    values: dict[str, Any] = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    jsonschema.Draft202012Validator(schema()).validate(values)
    return values


def schema() -> dict[str, Any]:
    """Return the schema of ``summary.json``."""
    loaded: dict[str, Any] = json.loads((ROOM / "summary.schema.json").read_text(encoding="utf-8"))
    return loaded


def page(run: Run, summary: Summary, found: Sequence[ClassGroup], flags: Sequence[Flag] = ()) -> str:
    """Return the self-contained page: style, figures and raw data inside, nothing from the network."""
    raw = {
        "summary": summary_json(summary),
        "rows": [asdict(row) for row in run.rows],
        "sizes": [asdict(entry) for entry in run.sizes],
        "controls": [asdict(c) for c in run.controls],
        "flags": [flagging.plain(flag) for flag in flags],
    }
    data = json.dumps(raw, allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")
    style = (ROOM / "templates" / "style.css").read_text(encoding="utf-8")
    template = environment(html=True).get_template("index.html.j2")
    content = _content(run, summary, found, flags)
    return template.render(**content, glossary=glossary.terms(), style=style, data=data, svg=drawing.svg)


def markdown(
    run: Run,
    summary: Summary,
    found: Sequence[ClassGroup],
    kernels: Mapping[str, Kernel],
    flags: Sequence[Flag] = (),
) -> str:
    """Return the report as Markdown."""
    content = _content(run, summary, found, flags)
    return environment(html=False).get_template("report.md.j2").render(**content, kernels=kernels)


def _content(run: Run, summary: Summary, found: Sequence[ClassGroup], flags: Sequence[Flag]) -> dict[str, Any]:
    """Return what the page and the Markdown both say."""
    lost = losses(summary)
    return {
        "run": run,
        "summary": summary,
        "processor": splice.machine(summary),
        "groups": found,
        "lost": lost,
        "tallies": tallies(summary, lost),
        "words": words,
        "tables": tables,
        "winners": winners,
        "flags": flags,
        "flagging": flagging,
        "errors": summary.error_rates,
        "ledger_page": ledger_page,
        "power_curve": power_curve(summary.error_rates),
    }


def environment(*, html: bool) -> Environment:
    """Return the templates, for HTML with everything escaped."""
    return Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        undefined=StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
