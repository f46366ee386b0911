"""``python -m lab dashboard``: asv's history as an offline page, served on loopback."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

REPO = Path(__file__).resolve().parents[1]
HTML = REPO / ".asv" / "html"


def dashboard(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8000,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page, or only write it.")] = True,
) -> None:
    """Publish asv's history as an offline page and serve it on loopback until Ctrl-C."""
    from reports.offline import external_loads_of

    publish = ["asv", "publish", "--no-pull", "--html-dir", str(HTML)]
    for command in (publish, ["asv_tachyon", "install", "--no-backup", str(HTML)]):
        ended = subprocess.run([sys.executable, "-m", *command], cwd=REPO, check=False)
        if ended.returncode:
            typer.secho(f"error: `{' '.join(command)}` ended with {ended.returncode}", fg="red", err=True)
            raise typer.Exit(2)
    if outside := external_loads_of(HTML):
        for name, addresses in outside.items():
            typer.secho(f"error: {name} loads {', '.join(addresses)}", fg="red", err=True)
        raise typer.Exit(2)
    typer.echo(f"Written: {HTML / 'index.html'}, which loads nothing from the network.")
    if serve:
        _serve(port)


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
