"""``python -m lab ratios``: hold a run's ratios to expert NumPy against those that were kept of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.read.rows import Run
    from reports.stats.ratios import Measured
    from reports.write.ratios_page import Told

REPO = Path(__file__).resolve().parents[1]


def ratios(  # noqa: PLR0917 (typer hands them over by name)
    run: Annotated[
        str,
        typer.Argument(metavar="[RUN]", help="A complete run: its name in reports/runs, or its path. Default: newest."),
    ] = "",
    kernel: Annotated[
        list[str] | None, typer.Option("--kernel", metavar="KERNEL", help="Only this kernel; may be repeated.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="CASE", help="Only this case; may be repeated.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Instead: keep the run, for later ones to be compared with.")
    ] = False,
    baselines: Annotated[
        Path, typer.Option(metavar="DIR", help="Where ratios are kept.", show_default="reports/record/ratios")
    ] = REPO / "reports" / "record" / "ratios",
    every: Annotated[bool, typer.Option("--all", help="Show the cells that did not change, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON, and nothing else.")] = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what changed as Markdown, for a pull request.")
    ] = None,
) -> None:
    """Say of each cell whether its ratio to expert NumPy became worse, where only one commit can be measured.

    A ratio is formed inside a process, so it survives a change of machine; `lab gate` sees smaller changes, but needs
    both commits on one machine. Exits with 0 when nothing regressed and at least 90 % of the cells are decided, with 1
    when something regressed, and with 2 when too little is known, nothing was kept to compare with, or something is
    broken.
    """
    if keep and (kernel or case or as_json or markdown or every):
        raise ValueError("keep: keeps a whole run and compares nothing; no other option but --baselines is accepted")
    measured, raw = _measured(run, quiet=as_json)
    if keep:
        _keep(measured, raw, baselines)
        return
    found = _compared(measured, baselines, kernel or [], case or [])
    _tell(found, every=every, as_json=as_json, markdown=markdown)


def _measured(name: str, *, quiet: bool) -> tuple[Measured, Run]:
    """Return a complete run in ratios and as it was read: the newest by default."""
    from benchmarks.registry import KERNELS
    from reports.read import load
    from reports.stats import ratios as of_runs

    raw = load.read_run(_complete(name, quiet=quiet), KERNELS)
    return of_runs.measured(raw, KERNELS), raw


def _complete(name: str, *, quiet: bool) -> Path:
    """Return the directory of a complete run, and name those after it that are not."""
    from benchmarks.environment import lock
    from benchmarks.runs import inventory, planning
    from reports.read import load

    if name:
        folder = Path(name) if (Path(name) / "plan.json").is_file() else load.named(planning.RUNS, name)
        found = inventory.look(folder, lock.holder())
        if found.state != "complete":
            raise ValueError(
                f"run: {found.sentence()}{f': {found.why}' if found.why else ''}; only complete runs count"
            )
        return found.run_dir
    for found in inventory.of_folder(planning.RUNS):
        if found.state == "complete":
            return found.run_dir
        if not quiet:
            terminal.say(f"passed over: {found.sentence()}", "yellow")
    raise ValueError(f"run: {planning.RUNS} has none that is complete; `python -m lab run` makes one")


def _keep(measured: Measured, raw: Run, folder: Path) -> None:
    """Keep a run, unless it, or the checkout, has what no commit has."""
    from benchmarks.environment import checkout
    from reports.read import uncommitted
    from reports.write import baseline

    checkout.require_clean()
    now = uncommitted.Uncommitted(reporting=uncommitted.now()).sentence()
    if said := raw.uncommitted.sentence() or now:
        raise ValueError(f"keep: run {raw.run_id}: {said}")
    path, is_new = baseline.keep(measured, folder)
    cells = len(measured.ratios.cells)
    typer.echo(f"Kept: {cells} ratios of run {raw.run_id} in {path}." if is_new else f"Already kept: {raw.run_id}.")


def _compared(measured: Measured, folder: Path, kernels: Sequence[str], cases: Sequence[str]) -> Told:
    from benchmarks import registry
    from reports.read import baseline
    from reports.stats.ratio_verdicts import judge
    from reports.write import ratios_page

    wanted = [registry.get(name).name for name in kernels]
    base = baseline.choose(measured.ratios, folder)
    return ratios_page.told(measured.ratios, base, judge(measured, base, wanted, cases))


def _tell(found: Told, *, every: bool, as_json: bool, markdown: Path | None) -> None:
    from inputs.host.cache import replacing
    from reports.write import ratios_page

    if markdown is not None:
        with replacing(markdown) as whole:
            whole.write_text(ratios_page.markdown(found), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(ratios_page.as_object(found), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        console = terminal.console()
        for line in ratios_page.shown(found, every=every):
            console.print(line, highlight=False, soft_wrap=True)
        terminal.say_ending(found.ending)
    raise typer.Exit(found.ending.code)
