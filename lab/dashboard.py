"""``python -m lab dashboard``: the kept history and this machine's own results as an offline page, on loopback."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from lab import histories, terminal

REPO = Path(__file__).resolve().parents[1]
HTML = REPO / ".asv" / "html"
MERGED = REPO / ".asv" / "merged"


def dashboard(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8000,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page, or only write it.")] = True,
) -> None:
    """Publish the history of reports/record with this machine's results, and serve it on loopback until Ctrl-C."""
    from benchmarks.asv.machine import this_machine
    from benchmarks.environment import keeper
    from benchmarks.registry import KERNELS
    from inputs.host import surroundings
    from reports.write import history_page
    from reports.write.offline import external_loads_of

    this_machine()  # refuses a name that is none
    publish = ["asv", "publish", "--config", str(_merged()), "--no-pull", "--html-dir", str(HTML)]
    for command in (publish, ["asv_tachyon", "install", "--no-backup", str(HTML)]):
        ended = keeper.run([sys.executable, "-m", *command], cwd=REPO, env=surroundings.tools())
        if ended.returncode:
            terminal.say(f"error: `{' '.join(command)}` ended with {ended.returncode}", "red")
            raise typer.Exit(2)
    history_page.write(MERGED / "results", KERNELS, HTML)
    history_page.link(HTML / "index.html")
    if outside := external_loads_of(HTML):
        for name, addresses in outside.items():
            terminal.say(f"error: {name} loads {', '.join(addresses)}", "red")
        raise typer.Exit(2)
    typer.echo(f"Written: {HTML / 'index.html'} and {history_page.FILE}, which load nothing from the network.")
    if serve:
        _serve(port)


def _merged() -> Path:
    """Bring the record, histories and runs of this machine together, and return asv's configuration for them."""
    from benchmarks.asv import runner
    from reports.read import asvfiles

    configuration = runner.configured(MERGED)
    shutil.rmtree(MERGED / "results", ignore_errors=True)
    histories.gather(MERGED / "results")
    if not (MERGED / "results" / asvfiles.COMMON).is_file():
        raise ValueError(f"history: there is none in {histories.RECORD} or .asv; `lab run` and `lab history` make it")
    return configuration


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing about every request."""


def _serve(port: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(HTML))) as server:
        typer.echo(f"Serving http://127.0.0.1:{server.server_address[1]}/ – stop with Ctrl-C.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("Stopped.")
