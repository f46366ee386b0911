"""``python -m lab ledger``: say how often the gate errs, from the comparisons that ``lab calibrate`` has kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

METHODOLOGY = Path(__file__).resolve().parents[1] / "METHODOLOGY.md"


def ledger(
    machine: Annotated[str, typer.Option(metavar="NAME", help="Only this machine's. Default: all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
    splice: Annotated[bool, typer.Option("--splice", help="Also put the table into METHODOLOGY.md.")] = False,
) -> None:
    """Say how often the gate's flag lies and what it overlooks, beside asv's rule and a naive one.

    Exits with 2 when nothing was calibrated yet, or a line of the ledger cannot be read.
    """
    from benchmarks.gate import ledger as kept
    from reports.stats.error_rates import error_rates
    from reports.write import ledger_page
    from reports.write.splice import splice as put

    entries = [entry for entry in kept.read_all() if machine in {"", entry.machine}]
    if not entries:
        whose = f" of {machine}" if machine else ""
        raise ValueError(f"ledger: there is no comparison{whose} in {kept.LEDGER}; `lab calibrate` makes some")
    found = error_rates(entries)
    text = ledger_page.markdown(found)
    if splice:
        METHODOLOGY.write_text(put(METHODOLOGY.read_text(encoding="utf-8"), text, "ledger"), encoding="utf-8")
    typer.echo(json.dumps(ledger_page.as_object(found), indent=1) if as_json else text)
