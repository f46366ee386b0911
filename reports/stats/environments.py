"""What differs in what two receipts say of machine, packages, build and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNSAID = ("unavailable:",)
SECTIONS = ("machine", "lab", "measured_process")
PASSED_OVER = frozenset({
    "machine.name", "machine.time", "machine.load_average", "machine.cores.throttling", "lab.changed_files",
    "measured_process.python.executable", "measured_process.python.prefix", "measured_process.wheel.digest",
    "measured_process.variables.NUMBA_CACHE_DIR",
})  # fmt: skip
"""Times, loads and places, which always differ, and what is said elsewhere."""
PATHS = "filepath"
"""Last part of the names that hold a place."""


@dataclass(frozen=True)
class Difference:
    """A thing that both environments state, and state differently."""

    name: str
    base: str
    head: str


@dataclass(frozen=True)
class Environments:
    """Two environments side by side.

    Attributes
    ----------
    differing
        What both state and state differently.
    same
        How many things both state alike.
    only_base, only_head
        Names of what one of them alone states.
    """

    differing: tuple[Difference, ...]
    same: int
    only_base: tuple[str, ...]
    only_head: tuple[str, ...]


def compare_environments(base: Mapping[str, Any], head: Mapping[str, Any]) -> Environments:
    """Hold the receipts of two runs against each other; what could not be read counts as unsaid.

    Parameters
    ----------
    base, head
        As :attr:`reports.read.rows.Run.receipt`.
    """
    first, second = dict(_statements(base)), dict(_statements(head))
    both = [name for name in first if name in second]
    return Environments(
        differing=tuple(Difference(name, first[name], second[name]) for name in both if first[name] != second[name]),
        same=sum(first[name] == second[name] for name in both),
        only_base=tuple(name for name in first if name not in second),
        only_head=tuple(name for name in second if name not in first),
    )


def _statements(receipt: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of all that a receipt states; what is of the measured process stands under its own name."""
    for section in SECTIONS:
        for name, value in _flat(section, receipt.get(section, {})):
            if not value.startswith(UNSAID):
                yield name.removeprefix("measured_process."), value


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if name in PASSED_OVER or name.endswith(f".{PATHS}"):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(v, Mapping) for v in value):
        for place, inner in enumerate(value):
            yield from _flat(f"{name}.{place}", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield name, "; ".join(map(str, value))
    else:
        yield name, str(value)
