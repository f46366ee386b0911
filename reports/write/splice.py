"""Splices what was measured into a paper: a table between two markers; into the README also a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.spec import Kernel
from reports.figures import drawing, picture
from reports.stats.summary import Summary
from reports.write import tables


def markers(name: str) -> tuple[str, str]:
    """Return the two markers of a block of a paper."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


BEGIN, END = markers("results")


def splice(text: str, block: str, name: str = "results") -> str:
    """Replace what stands between the two markers.

    Parameters
    ----------
    text
        The document.
    block
        What is to stand between the markers.
    name
        Of the block, by its markers.

    Returns
    -------
    str
        The document, the same outside the markers.

    Raises
    ------
    ValueError
        Where a marker is absent or stands twice, or the end comes before the beginning.
    """
    begin, end = markers(name)
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise ValueError(f"text: {marker} stands in it {text.count(marker)} times, exactly once is accepted")
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"text: {end} comes before {begin}, the other way round is accepted")
    return f"{before}{begin}\n{block.strip()}\n{end}{after}"


def block(summary: Summary, kernels: Mapping[str, Kernel]) -> str:
    """Return the README's result: the table, and where its numbers come from; the picture beside it has none.

    Parameters
    ----------
    summary
        Of the run that is quoted.
    kernels
        The registry.
    """
    lines = [
        tables.markdown(tables.of_readme(summary, kernels)),
        "",
        "*Expert NumPy* is the time of one call. *Numba* and *Rust* show how many times as fast as expert NumPy "
        "each is. The next two columns show how many times as fast Rust is as Numba and as the best peer. "
        f"Measured on {machine(summary)} on {summary.created[:10]}, commit `{summary.commit[:8]}`, in "
        f"{summary.processes} [processes](docs/glossary.md#word-process). State of the machine, by its "
        f"[canary](docs/glossary.md#word-canary): {summary.canary.state}. Written by `python -m lab report --readme`.",
    ]
    return "\n".join(lines)


def machine(summary: Summary) -> str:
    """Return the machine in a few words: its processor, with its model's numbers if they are known, else its name."""
    for key in ("cpu", "processor", "cpu_model"):
        if isinstance(value := summary.machine.get(key), str) and value and not value.startswith("unavailable"):
            model = summary.machine.get("cpu_model_numbers")
            return f"{value} ({model})" if isinstance(model, str) and not model.startswith("unavailable") else value
    return f"machine {summary.machine['name']}"


def require_quotable(summary: Summary, kernels: Mapping[str, Kernel]) -> None:
    """Raise a ValueError for a run that lacks kernels, or that nobody else can repeat."""
    measured = {cell.kernel for cell in summary.cells}
    if lacking := [name for name in kernels if name not in measured]:
        raise ValueError(f"readme: run {summary.run_id} lacks {', '.join(lacking)}; it quotes runs of all kernels only")
    if said := summary.uncommitted.sentence():
        raise ValueError(f"readme: {said}; commit them and measure again")


def write(summary: Summary, kernels: Mapping[str, Kernel], readme: Path, image: Path) -> None:
    """Splice the result into `readme` and write `image`; the same run gives the same bytes.

    Raises
    ------
    ValueError
        As `require_quotable`, or where `readme` has not the two markers.
    """
    require_quotable(summary, kernels)
    text = splice(readme.read_text(encoding="utf-8"), block(summary, kernels))
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(drawing.png(picture.draw(kernels, summary)))
    readme.write_text(text, encoding="utf-8")
