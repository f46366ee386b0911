"""The name and the strings by which asv tells machines apart, and asv's list of machines in the user's home."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.asv import resultfiles
from benchmarks.environment import provenance
from benchmarks.environment.jsonfiles import read_object, write_object
from inputs.host import cores

MACHINES = Path("~/.asv-machine.json")
NAMED_MACHINE = "EOLAB_MACHINE"
LONGEST = 64
ACCEPTED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")
TAKEN = frozenset({"version", "benchmarks.json"})
"""Where asv keeps machines it keeps something else under these names."""
VERSION = 1
"""Of the format of asv's list of machines."""


@dataclass(frozen=True)
class Machine:
    """The strings by which asv tells machines apart. A kernel update or a byte of memory must not split a series."""

    machine: str
    os: str
    arch: str
    cpu: str
    num_cpu: str
    ram: str


def this_machine() -> Machine:
    """Return fixed strings for this machine; its name is ``EOLAB_MACHINE``, or made of processor and cores.

    Under an affinity or a quota it is another machine, which says so: ``…-1of2cpu``, ``…-0.5of2cpu``.

    Raises
    ------
    ValueError
        If ``EOLAB_MACHINE`` is no name.
    """
    cpu = provenance.known(provenance.cpu_model)
    model = cpu if not cpu.startswith("unavailable") else platform.machine()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    given, there = cores.granted_cores(), cores.online_cores()
    granted = [] if given >= there else [f"{max(round(given, 2), 0.01):g}"]
    named = os.environ.get(NAMED_MACHINE)
    return Machine(
        machine=_made(model, "of".join([*granted, str(there)])) if named is None else named_machine(named),
        os=platform.system(),
        arch=platform.machine(),
        cpu=model,
        num_cpu=" of ".join([*granted, str(there)]),
        ram=f"{4 * -(-memory_gib // 4):.0f} GiB",
    )


def _made(model: str, granted: str) -> str:
    ending = f"-{granted}cpu"
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") or "machine"
    return slug[: LONGEST - len(ending)] + ending


def named_machine(name: str, argument: str = NAMED_MACHINE) -> str:
    """Return a machine's name, which is also that of a directory and a word on asv's command line.

    Raises
    ------
    ValueError
        If it cannot be both.
    """
    if ACCEPTED.fullmatch(name) and name not in TAKEN:
        return name
    shown = name if len(name) <= 2 * LONGEST else f"{name[:LONGEST]}…"
    raise ValueError(
        f"{argument}: was {shown!r}; accepted are 1 to {LONGEST} letters, digits, '.', '_' and '-', beginning with a "
        f"letter or a digit, but for {' and '.join(sorted(TAKEN))}, which asv has for itself"
    )


def ensure_machine(machine: Machine) -> str:
    """Make the machine known to asv, which keeps all machines in one file of the user.

    ``asv machine`` would drop every string that equals what it guesses, and make an entry of the host's name.
    A file that cannot be read, with which asv would end, is renamed; a sentence that says so is returned, which is
    empty otherwise.
    """
    path = MACHINES.expanduser().resolve()
    said = _set_aside(path)
    known = read_object(path) if path.is_file() else {"version": VERSION}
    if known.get(machine.machine) != asdict(machine):
        write_object(path, {**known, machine.machine: asdict(machine)})
    return said


def _set_aside(path: Path) -> str:
    wrong = resultfiles.unread(path) if path.is_file() else ""
    if not wrong:
        return ""
    aside = path.with_name(f"{path.name}.unreadable")
    path.replace(aside)
    return f"{wrong}; it was renamed to {aside.name}, and asv's list of machines begins anew"
