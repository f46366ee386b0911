"""Another link of the same code, to tell what the code does from where it lies.

A loop can run faster or slower by where its first instruction falls in a line of 64 bytes. A wheel's module is linked
again from its kit (`benchmarks.environment.linking`), by the same LLD with ``--shuffle-sections``, which puts the
functions into an order drawn from a seed. Nothing is compiled, so each function has the instructions that it had. A kit
is used only where the link without a seed gives the wheel's module to the byte.

Which functions are a kernel's is in their names: `benchmarks.environment.shares.owner`. Which of them a case calls is
not. So a link counts for a kernel where at least half of its functions lie elsewhere modulo 64, in base and in head.
Functions begin at multiples of 16, so a shuffle moves about three of four. Code that several kernels share bears no
kernel's name, and is not asked.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.environment import kits, linking, shares
from benchmarks.environment.jsonfiles import read_object, write_object
from benchmarks.gate.builds import PACKAGE, Build, remade
from inputs.host import surroundings
from inputs.host.cache import replacing

SEEDS = (1, 2, 3)
"""Of the links that a gate compares: the same in every gate, so that what is linked once is found again."""
LINE = 64
"""Bytes that a processor fetches at once."""
MOVED_SHARE = 0.5
FILE = "relink.json"


@dataclass(frozen=True)
class Link:
    """Base and head linked again with one seed.

    Attributes
    ----------
    seed
        What LLD draws the order from.
    base, head
        Digests of the wheels that hold the two.
    moved
        The kernels for which it counts.
    """

    seed: int
    base: str
    head: str
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """The links that a gate compares in turn: a pair's number says which; or why there are none."""

    links: tuple[Link, ...] = ()
    refused: str = ""

    def counts(self, number: int, kernel: str) -> bool:
        """Tell whether the pair of that number has the kernel's functions elsewhere than the builds have them."""
        return bool(self.links) and kernel in self.links[number % len(self.links)].moved

    def save(self, folder: Path) -> None:
        """Keep them in a gate's directory."""
        write_object(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Links:
        """Read what a gate's directory has, or return none where it has nothing."""
        path = folder / FILE
        if not path.exists():
            return cls()
        raw = read_object(path)
        try:
            links = (Link(**{**one, "moved": tuple(one["moved"])}) for one in raw["links"])
            return cls(tuple(links), raw["refused"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} is not what this version of the lab keeps of links: {error}") from None


class Sides(NamedTuple):
    """What a pair measures on another link."""

    base: Build
    head: Build


class Linked(NamedTuple):
    """The builds that are measured, and what is kept of them."""

    sides: list[Sides]
    links: Links


def linked_again(base: Build, head: Build, kernels: Collection[str]) -> Linked:
    """Return both builds linked with each of `SEEDS`, and for which of the kernels each link counts.

    Where one cannot be linked again there are none, and the links say why.
    """
    sides: list[Sides] = []
    links: list[Link] = []
    try:
        for seed in SEEDS:
            both = Sides(relinked(base, seed), relinked(head, seed))
            maps = [tuple(addresses(module_of(one)) for one in side) for side in ((base, both.base), (head, both.head))]
            counted = [name for name in sorted(kernels) if all(moved(before, after, name) for before, after in maps)]
            sides.append(both)
            links.append(Link(seed, both.base.digest, both.head.digest, tuple(counted)))
    except OSError as error:
        return Linked([], Links(refused=str(error)))
    return Linked(sides, Links(tuple(links)))


def relinked(build: Build, seed: int) -> Build:
    """Return a build whose module is linked anew, with its sections in an order drawn from the seed.

    Raises
    ------
    ValueError
        Where the seed is not above 0: LLD takes 0 and -1 for something else.
    OSError
        Where the module's kit is not kept, or no longer gives the module: it was linked by another linker than LLD, or
        before kits were kept, or the toolchain has changed since.
    """
    if not 0 < seed < 1 << 32:
        raise ValueError(f"seed: was {seed}; accepted is a whole number from 1 to {(1 << 32) - 1}")
    module = module_of(build)
    data = module.read_bytes()
    kit = _kit(build, data)
    with tempfile.TemporaryDirectory(prefix="eolab-link-") as scratch:
        made = Path(scratch) / linking.MODULE
        if link(kit, made).read_bytes() != data:
            raise OSError(f"relink: {kit} gives another module than that of {build.short}; the linker has changed")
        again = link(kit, made, seed).read_bytes()
    _keep_order(kit, again, seed)

    def change(tree: Path) -> None:
        (tree / module.relative_to(build.folder)).write_bytes(again)

    return remade(build, f"{build.subject} + linked with seed {seed}", change)


def _keep_order(kit: Path, module: bytes, seed: int) -> None:
    """Make a kit of what was linked in another order, from the files of the first: it can be linked again as well."""
    words = [word.replace(linking.HERE, f"{kit}/") for word in _words(kit)]
    derived = kits.place(module) / linking.KIT
    with replacing(derived) as part:
        part.write_text(json.dumps([*words, _shuffle(seed)], indent=1) + "\n", encoding="utf-8")


def _shuffle(seed: int) -> str:
    return f"-Wl,--shuffle-sections=*={seed}"


def module_of(build: Build) -> Path:
    """Return the compiled module of a build, or raise an OSError where it has none, or several.

    Where something is put into it, it lies in a package of its own name (`benchmarks.gate.injections`).
    """
    package = build.folder / PACKAGE
    found = [*package.glob("_rust*.so"), *package.glob("_rust/_rust*.so")]
    if len(found) != 1:
        raise OSError(f"relink: {package} has {len(found)} compiled modules, and one is needed")
    return found[0]


def _kit(build: Build, module: bytes) -> Path:
    kit = kits.place(module)
    if not (kit / linking.KIT).is_file():
        raise OSError(
            f"relink: what the module of {build.short} was linked from is not in {kit.parent}; its build keeps it "
            "where LLD links, on Linux, and `python -m benchmarks.environment.kits` in its checkout makes up for it"
        )
    return kit


def link(kit: Path, made: Path, seed: int | None = None) -> Path:
    """Link what a kit holds into a file, in the order of the first link or in one drawn from a seed.

    Raises
    ------
    OSError
        Where the kit is damaged, or the linker is not there or fails.
    """
    command = [word.replace(linking.HERE, f"{kit}/").replace(linking.OUT, str(made)) for word in _words(kit)]
    if seed is not None:
        command.append(_shuffle(seed))
    done = subprocess.run(
        command, env=surroundings.tools(LC_ALL="C"), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode or not made.is_file():
        why = next((line for line in done.stderr.splitlines() if "error: " in line), "it says nothing more")
        raise OSError(f"relink: {command[0]} ended with {done.returncode}: {why}")
    return made


def _words(kit: Path) -> list[str]:
    """Return the linker's command as a kit has it."""
    path = kit / linking.KIT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OSError(f"relink: {path} is damaged: {error}") from None
    if not isinstance(found, list) or not found or not all(isinstance(word, str) for word in found):
        raise OSError(f"relink: {path} is damaged: it is no list of words")
    return found


def addresses(module: Path) -> Mapping[str, int]:
    """Return where each function of a shared object begins modulo 64, by its mangled name.

    Raises
    ------
    OSError
        Where it is no ELF file.
    """
    from elftools.common.exceptions import ELFError

    try:
        return {name: address % LINE for name, address, _ in shares.placed(module)}
    except ELFError as error:
        raise OSError(f"relink: {module} is no ELF file: {error}") from None


def moved(before: Mapping[str, int], after: Mapping[str, int], kernel: str) -> bool:
    """Tell whether at least half of a kernel's functions lie elsewhere modulo 64, which it must have."""
    own = _of(before, kernel)
    elsewhere = sum(after.get(name, before[name]) != before[name] for name in own)
    return bool(own) and elsewhere >= MOVED_SHARE * len(own)


def _of(names: Iterable[str], kernel: str) -> list[str]:
    return [name for name in names if shares.owner(name) == ("kernel", kernel)]
