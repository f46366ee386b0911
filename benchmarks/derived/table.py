"""The README's table of kernels, from the declarations."""

from __future__ import annotations

from benchmarks.registry import KERNELS

HEAD = "| kernel | what it does | what limits its speed |\n|---|---|---|\n"


def rows() -> str:
    """Return the rows, in the order of the registry; kernels of which the same is said share one."""
    told: dict[tuple[str, str], list[str]] = {}
    for kernel in KERNELS.values():
        told.setdefault((kernel.prose.does, kernel.prose.limit), []).append(f"`{kernel.name}`")
    return "".join(f"| {', '.join(names)} | {does} | {limit} |\n" for (does, limit), names in told.items())


def spliced(text: str) -> str:
    """Return the README with today's rows.

    Raises
    ------
    ValueError
        If the head of the table does not stand in it once.
    """
    if text.count(HEAD) != 1:
        raise ValueError(f"README.md: the table's head stands in it {text.count(HEAD)} times, not once")
    before, _, rest = text.partition(HEAD)
    _, _, after = rest.partition("\n\n")
    return f"{before}{HEAD}{rows()}\n{after}"
