"""``python -m lab compare``: what differs between two runs, commits, machines or implementations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lab import terminal

if TYPE_CHECKING:
    from reports.stats.comparison import Comparison


def compare(  # noqa: PLR0917 (typer hands them over by name)
    a: Annotated[str, typer.Argument(metavar="A", help="What is compared with: the older one.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What is compared: the newer one.")],
    ratios: Annotated[
        bool | None,
        typer.Option(
            "--ratios/--times",
            help="Compare ratios to expert NumPy within each run, or times.",
            show_default="ratios where the machines differ",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show the cells that did not change, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead.")] = False,
) -> None:
    """Show what changed from A to B, the largest change first, and what differs in their environments.

    Each of the two is: latest; a run, by name, its beginning or path; a commit, as HEAD~1, of which the newest run
    counts, else asv's result; COMMIT@MACHINE; a machine; a table of reports/record. An implementation may follow:
    latest:numba latest:rust compares two of one run, paired by process.

    A change is the time of B ÷ the time of A: more than 1 is slower. Exits with 0 whenever the two can be compared.
    """
    from reports.write import comparison as written

    if as_json and markdown:
        raise ValueError("--json, --markdown: both were given, one is accepted")
    found = _found(a, b, ratios, every=every)
    if as_json:
        typer.echo(written.as_json(found))
    elif markdown:
        typer.echo(written.markdown(found), nl=False)
    else:
        _show(found)


def _found(a: str, b: str, ratios: bool | None, *, every: bool) -> Comparison:
    """Compare without looking for garbage: of the many records that are read, none is any."""
    import gc

    from benchmarks.registry import KERNELS
    from reports.read.sources import Sources
    from reports.stats import comparison
    from reports.stats.between import Side

    gc.disable()
    try:
        sources = Sources(KERNELS)
        base, head = Side(*sources.find("A", a)), Side(*sources.find("B", b))
        return comparison.compare(base, head, (a, b), relative=ratios, every=every)
    finally:
        gc.enable()


def _show(found: Comparison) -> None:
    from reports.write import comparison as written

    console = terminal.console()
    for section in written.sections(found):
        columns = [
            terminal.Column(heading, number=place in section.numbers, whole=heading == written.INTERVAL, least=12)
            for place, heading in enumerate(section.headings)
        ]
        if section.title:
            console.print(section.title, style="bold", highlight=False)
        terminal.show(console, "", columns, [terminal.Row(row) for row in section.rows])
        console.print()
    for sentence in written.sentences(found):
        console.print(sentence, highlight=False)
