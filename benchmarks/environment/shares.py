"""What each kernel takes of the wheel: the bytes of code of the installed module, by the names of its functions.

``python -m benchmarks.environment.shares`` prints them beside the committed table, ``shares.json``, and
``python -m lab derive`` renews that. A test holds one against the other, so that whoever lets a kernel grow sees it,
and says so in a commit.

The compiler writes into a function's name of which types it was made ("v0" mangling, as ``pyproject.toml`` asks): what
runs for a kernel names its formula, wherever it stands. Functions that name no kernel count for a room of the crate, of
several for the one that uses the others, and those that name none for what the crate is built on. Inlined code counts
for the function that it went into.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections import Counter
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

TABLE = Path(__file__).with_name("shares.json")
KERNEL = re.compile(r"(?:7kernels|10signatures)(\d+)([a-z]\w*)")
ROOMS = ("errors", "number", "exec", "view", "drive", "algo", "python")
"""Of the crate, but for the kernels'; each uses those before it alone."""
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Shares:
    """Bytes of code.

    Attributes
    ----------
    target, rustc
        What it was compiled for, and by.
    kernels, rooms
        Of each kernel, and of each room of the crate what names no kernel.
    compressed
        Of the whole module, as a wheel holds it.
    """

    target: str
    rustc: str
    kernels: dict[str, int]
    rooms: dict[str, int]
    compressed: int

    @property
    def by_name(self) -> dict[str, int]:
        """Every share, largest first."""
        named = {f"kernels::{name}": size for name, size in self.kernels.items()} | self.rooms
        return dict(sorted(named.items(), key=lambda item: -item[1]))


def measured() -> Shares:
    """Return the shares of the installed module.

    Raises
    ------
    OSError
        If it is no build as its commit declares, or keeps no names.
    """
    module = import_module("eokernels._rust")
    facts: dict[str, str] = module.build_info()
    if facts["overridden"] or facts["profile"] != "release":
        raise OSError(f"shares: {module.__file__} is not built as Cargo.toml declares; `make setup` builds it so")
    path = Path(str(module.__file__))
    sizes = Counter[tuple[str, str]]()
    for name, size in functions(path):
        sizes[owner(name)] += size
    if not any(kind == "kernel" for kind, _ in sizes):
        raise OSError(f"shares: {path} has no names of kernels; pyproject.toml asks for them by rustc-args")
    kinds = {kind: {name: size for (own, name), size in sorted(sizes.items()) if own == kind} for kind, _ in sizes}
    compressed = len(zlib.compress(path.read_bytes()))
    return Shares(facts["target"], facts["rustc"], kinds["kernel"], kinds["room"], compressed)


def functions(path: Path) -> list[tuple[str, int]]:
    """Return name and bytes of every function of a shared object; one that has two names is there once."""
    return [(name, size) for name, _, size in placed(path)]


def placed(path: Path) -> list[tuple[str, int, int]]:
    """Return name, address and bytes of every function of a shared object; one that has two names is there once."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as file:
        tables = [part for part in ELFFile(file).iter_sections() if isinstance(part, SymbolTableSection)]
        found = {
            symbol["st_value"]: (symbol.name, symbol["st_size"])
            for table in tables
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_size"]
        }
    return [(name, address, size) for address, (name, size) in found.items()]


def owner(name: str) -> tuple[str, str]:
    """Return whom a mangled function belongs to: a kernel, or a room."""
    if found := KERNEL.search(name):
        return "kernel", found[2][: int(found[1])]
    return "room", next(
        (room for room in reversed(ROOMS) if "5__rust" in name and f"{len(room)}{room}" in name), ELSEWHERE
    )


def kept() -> Shares:
    """Return the committed table."""
    return Shares(**json.loads(TABLE.read_text(encoding="utf-8")))


def write(now: Shares) -> None:
    """Renew the committed table."""
    TABLE.write_text(json.dumps(asdict(now), indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Print the shares and what they were."""
    try:
        now = measured()
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    before = kept().by_name if TABLE.exists() else {}
    for name, size in now.by_name.items():
        print(f"{size / 1024:10.1f} KiB  {(size - before.get(name, 0)) / 1024:+10.1f}  {name}")
    print(f"{sum(now.by_name.values()) / 1024:10.1f} KiB of code; the module compressed: {now.compressed / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
