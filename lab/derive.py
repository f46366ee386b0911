"""``lab derive``: writes what is made from the compiled signatures and the declarations."""

from __future__ import annotations

import typer

from lab import terminal


def derive() -> None:
    """Write anew what follows from the kernels: type stubs, the README's table, how much code each kernel is.

    Names, defaults and documentation are those of the installed module: build first, by `make quick` or `make setup`.
    The table of code is only written with the build of `make setup`, which is the one that is timed.
    """
    from benchmarks import derived
    from benchmarks.environment import shares

    written = derived.write()
    for name in written:
        typer.echo(f"wrote {name}")
    if any(name.endswith(".pyi") for name in written):
        terminal.say("Stubs are a part of what is installed: build once more, which takes seconds.")
    try:
        shares.write(shares.measured())
    except OSError as error:
        terminal.say(f"note: the table of code stays as it is; {error}", "yellow")
