"""``python -m lab runs``: the runs in reports/runs, the newest first, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab import terminal

if TYPE_CHECKING:
    from benchmarks.runs.inventory import Found

COLOURS = {"complete": "", "running": "cyan", "not complete": "yellow", "interrupted": "yellow"}


def runs(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Instead: how far the complete runs of the newest one's wheel agree.")
    ] = False,
) -> None:
    """List the runs with state, tier, kernels, commit, age, and cells measured of those planned.

    complete: all is measured and right. not complete: it ended, and says what is missing or wrong. interrupted: `lab
    run --resume` goes on with it. failed to start: nothing was measured; no report takes it for the newest. unreadable:
    a file of it is empty or cut.
    """
    import json
    from datetime import UTC

    from benchmarks.runs import inventory

    if repeats:
        _repeats(as_json=as_json)
        return
    from benchmarks.runs import planning as measured

    found = list(inventory.of_folder(measured.RUNS))
    now = datetime.now(UTC)
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in found], indent=1))
    elif found:
        _show(found, now)
    else:
        typer.echo(f"There is no run in {measured.RUNS}; `python -m lab run` makes one.")


def _repeats(*, as_json: bool) -> None:
    """Hold the complete runs that repeat the newest one against each other."""
    import json

    from benchmarks.registry import KERNELS
    from benchmarks.runs import inventory
    from benchmarks.runs import planning as measured
    from reports.read.load import read_run
    from reports.stats.repeats import agreement, cells
    from reports.write import repeats_page

    whole = [one for one in inventory.of_folder(measured.RUNS) if one.state == "complete" and one.plan is not None]
    wanted = [one for one in whole if _repeated(one) == _repeated(whole[0])]  # the newest is the first
    found = sorted((read_run(one.run_dir, KERNELS) for one in wanted), key=lambda run: run.run_id)
    agreed = agreement(cells(found))
    if as_json:
        typer.echo(json.dumps(repeats_page.as_object(found, agreed), indent=1))
        return
    columns = [terminal.Column(heading, number=place > 0) for place, heading in enumerate(repeats_page.HEADINGS)]
    terminal.show(terminal.console(), "", columns, [terminal.Row(row) for row in repeats_page.rows(agreed)])
    terminal.say(repeats_page.sentence(found), stderr=False)


def _repeated(one: Found) -> tuple[object, ...]:
    """Return what two runs must have in common to repeat each other."""
    assert one.plan is not None
    return one.plan.wheel_digest, one.plan.machine, one.plan.processes, dict(one.plan.kernels)


def _plain(found: Found) -> dict[str, Any]:
    plan = found.plan
    return {
        "run": found.run_dir.name,
        "state": found.state,
        "why": found.why,
        "tier": plan.tier if plan else None,
        "kernels": list(plan.kernels) if plan else [],
        "commit": plan.commit if plan else None,
        "machine": plan.machine if plan else None,
        "created": plan.created if plan else None,
        "processes": plan.processes if plan else None,
        "cells_measured": found.measured,
        "cells_planned": found.planned,
    }


def _show(found: Iterable[Found], now: datetime) -> None:
    """Print the table, in which 80 columns hold whole words, and below it what there is to say of single runs."""
    console, rows, said = terminal.console(), [], []
    columns = [terminal.Column("run and kernels", least=26)]
    columns += [terminal.Column(heading, whole=True) for heading in ("state", "tier", "commit")]
    columns += [terminal.Column(heading, number=True) for heading in ("age", "cells")]
    for one in found:
        name, style = one.run_dir.name, COLOURS.get(one.state, "red")
        if one.plan is None:
            rows.append(terminal.Row((name, one.state, "", "", "", ""), style))
        else:
            cells, commit = f"{one.measured}/{one.planned}", one.plan.commit[:8]
            what = f"{name}\n  {_kernels(list(one.plan.kernels))}"
            rows.append(terminal.Row((what, one.state, one.plan.tier, commit, one.age(now), cells), style))
        said += [f"{name}: {one.why}"] if one.why else []
    terminal.show(console, "", columns, rows)
    for sentence in said:
        terminal.say(sentence, stderr=False)


def _kernels(names: list[str]) -> str:
    """Return the kernels by name where they are few, and otherwise how many."""
    return "\n  ".join(names) if len(names) < 3 else f"{len(names)} kernels"
