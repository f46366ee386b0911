"""``python -m lab flags``: what became slower or larger over the history, since which commit, and how surely."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.stats.flags import Flagged

REPO = Path(__file__).resolve().parents[1]
COLOURS = {"regressed": "red", "improved": "green"}


def flags(  # noqa: PLR0917 (typer hands them over by name)
    kernels: Annotated[list[str] | None, typer.Argument(metavar="KERNEL", help="Default: all of them.")] = None,
    since: Annotated[
        str, typer.Option(metavar="COMMIT", help="Only steps that came with this commit or a later one.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    atom: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an Atom feed.")] = None,
    scoreboard: Annotated[
        bool, typer.Option("--scoreboard", help="Instead count what the rule finds and invents on known series.")
    ] = False,
    splice: Annotated[bool, typer.Option("--splice", help="Also put the scoreboard into METHODOLOGY.md.")] = False,
) -> None:
    """Look for steps in the history: the record, `lab history` and the runs of this machine.

    Exits with 1 where a regression stands, with 0 where none does, and with 2 where that cannot be told: no series of
    four commits, or a file that cannot be read. Improvements, changes of the machine and regressions that have gone are
    named, and count for nothing. --since accepts what is older.
    """
    if splice and not scoreboard:
        raise ValueError("splice: is for the scoreboard; --scoreboard --splice is accepted")
    if scoreboard:
        _scoreboard(as_json=as_json, splice=splice)
        return
    from reports.stats import flags as history
    from reports.write import flagging

    found, unreadable = _look(kernels or [], since)
    if atom is not None:
        from inputs.host.cache import replacing

        with replacing(atom) as whole:
            whole.write_bytes(flagging.atom(found))
    if as_json:
        _print_json(flagging.values(found, unreadable))
    else:
        _show(found)
    raise typer.Exit(history.exit_code(found, unreadable))


def _look(kernels: Sequence[str], revision: str) -> tuple[Flagged, list[str]]:
    """Return what the history shows, and what of it cannot be read."""
    from datetime import datetime
    from tempfile import TemporaryDirectory

    from benchmarks import registry
    from benchmarks.runs import history as commits
    from lab import histories
    from reports.stats import flags as history
    from reports.stats.series import by_machine

    wanted = [registry.get(name).name for name in kernels] or list(registry.KERNELS)
    date = datetime.fromisoformat(commits.commit(revision).committed) if revision else None
    with TemporaryDirectory(prefix="eolab-") as folder:
        unreadable = histories.gather(Path(folder))
        found = history.find(by_machine(Path(folder)), wanted, commits.unmeasured)
    return (history.since(found, date) if date else found), unreadable


def _print_json(values: dict[str, object]) -> None:
    import json

    typer.echo(json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False))


def _show(found: Flagged) -> None:
    from reports import words
    from reports.stats.flags import FEWEST
    from reports.write import flagging

    if not found.judged:
        many = f"{found.short} series of {found.commits} commits" if found.short else "there is no history"
        terminal.say(f"Cannot tell: {many}; a series needs {FEWEST} commits. `lab history` measures them.", "yellow")
        return
    console = terminal.console()
    columns = [
        terminal.Column("kernel and case", least=20),
        terminal.Column("layer"),
        terminal.Column("verdict"),
        terminal.Column("step", number=True),
        terminal.Column("since"),
        terminal.Column("confidence", number=True),
        terminal.Column("asv too"),
    ]
    rows = [
        terminal.Row(
            (
                *(f"{flag.kernel}\n  {flagging.case(flag)}", flagging.layer(flag), flagging.word(flag)),
                *(flagging.change(flag), flagging.place(flag), flagging.confidence(flag)),
                "yes" if flag.asv else "no",
            ),
            COLOURS.get(flag.word, "") if flag.until is None else "",
        )
        for flag in found.flags
    ]
    if rows:
        terminal.show(console, "", columns, rows)
    standing = [flag for flag in found.flags if flag.stands]
    for flag in standing:
        terminal.say(flag.repro, stderr=False)
    judged = f"{found.judged} series over {found.commits} commits; {found.short} have fewer than {FEWEST} points"
    alone = f"asv's detector alone makes {found.asv_alone} more cuts"
    terminal.say(f"{words.count(len(standing), 'standing regression')} in {judged}. {alone}.", stderr=False)


def _scoreboard(*, as_json: bool, splice: bool) -> None:
    from lab import progress
    from reports.stats import scoreboard, tuning
    from reports.write import scoreboards

    with progress.shown("series whose steps are known"):
        board = scoreboard.scoreboard(tuning.REPORTED)
    if as_json:
        _print_json(scoreboards.values(board))
    else:
        for frame in scoreboards.frames(board):
            _show_frame(frame)
    if splice:
        scoreboards.write(board, REPO / "METHODOLOGY.md")


def _show_frame(frame: pd.DataFrame) -> None:
    rows = [terminal.Row(tuple(map(str, row))) for row in frame.itertuples(index=False, name=None)]
    columns = [terminal.Column(str(heading)) for heading in frame.columns]
    console = terminal.console()
    terminal.show(console, "", columns, rows)
    console.print()
