"""Brings together all results over commits that there are: the record, histories and runs of this machine."""

from __future__ import annotations

from pathlib import Path

from lab import terminal

RECORD = Path(__file__).resolve().parents[1] / "reports" / "record" / "asv"


def gather(into: Path, *, machine: str | None = None, say: bool = True) -> list[str]:
    """Merge the results into a directory of asv's layout, without commits that no branch has.

    Parameters
    ----------
    into
        Directory that is made.
    machine
        The one machine that is wanted, or None for all.
    say
        Whether to say what is left out.

    Returns
    -------
    list
        What is wrong with files that cannot be read, a sentence for each.
    """
    from benchmarks.environment import checkout
    from benchmarks.runs import history, planning
    from reports.write import keeping

    sources = [RECORD, history.RESULTS, planning.ASV_RESULTS]
    if say and checkout.edge():
        terminal.say(f"note: this clone is shallow; commits that it lacks are left out, and {checkout.MEND}")
    unreadable = keeping.unreadable(sources)
    gone = {commit: why for commit in keeping.all_commits(sources) if (why := checkout.lost(commit))}
    for left_out in [*unreadable, *(f"commit {commit[:8]}: {why}" for commit, why in gone.items())] if say else []:
        terminal.say(f"left out: {left_out}", "yellow")
    keeping.merge(sources, into, only=machine, without=gone)
    return unreadable
