"""Slowdowns that are put in on purpose, to learn which of them a gate finds.

A build is copied, and the function of one implementation is wrapped where it is looked up: the code that is measured
stays the same, and something known comes on top. ``spin`` waits for a share of what the call has just taken, so its
effect is exactly the amount, whatever the machine does meanwhile. The others do what careless changes do, and their
effect is what it is on the cell: `cost` measures it, side by side in one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from benchmarks import registry
from benchmarks.gate.affected import ARMS
from benchmarks.gate.builds import PACKAGE, Build, remade

Kind = Literal["spin", "pass", "strided-copy", "lost-out", "allocation", "scalar"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WHOLE = frozenset({"lost-out", "scalar"})
"""Kinds that are there in full or not at all."""
WRAPPER = "_injected.py"


@dataclass(frozen=True)
class Injection:
    """What is put in.

    Attributes
    ----------
    kernel, arm
        Into which implementation.
    kind
        ``spin`` waits; ``pass`` reads the first array once more; ``strided-copy`` copies it against its order;
        ``lost-out`` makes a fresh result and copies it where the caller wants it; ``allocation`` makes one more array
        like the result, and touches it; ``scalar`` takes plain instructions instead of vectors, in Rust alone.
    amount
        Share of what it would be in full, above 0: of the call's own time for ``spin``, of the elements for the others.
        ``lost-out`` and ``scalar`` are whole or not at all.
    """

    kernel: str
    arm: str
    kind: Kind
    amount: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be put in."""
        arms = [arm for arm in ARMS if arm in registry.get(self.kernel).implementations]
        if self.arm not in arms:
            raise ValueError(f"implementation: was {self.arm!r}; of {self.kernel} the gate compares {', '.join(arms)}")
        if self.kind not in KINDS:
            raise ValueError(f"kind: was {self.kind!r}; accepted are {', '.join(KINDS)}")
        if not 0 < self.amount <= 10:
            raise ValueError(f"amount: was {self.amount}; accepted is a share above 0 and up to 10")
        if self.kind in WHOLE and self.amount != 1:
            raise ValueError(f"amount: was {self.amount}; {self.kind} is whole, 1, or not at all")
        if self.kind == "scalar" and self.arm != "rust":
            raise ValueError(f"kind: was 'scalar' for {self.arm}; only rust chooses its instructions at run time")

    @classmethod
    def named(cls, kernel: str, arm: str, kind: str, amount: float | None = None) -> Injection:
        """Make one from what somebody has typed; without an amount it is a tenth, or whole where it must be."""
        for known in KINDS:
            if kind == known:
                usual = 1.0 if known in WHOLE else 0.1
                return cls(kernel, arm, known, usual if amount is None else amount)
        raise ValueError(f"kind: was {kind!r}; accepted are {', '.join(KINDS)}")

    def __str__(self) -> str:
        share = f" {self.amount:.0%}" if self.kind not in WHOLE else ""
        return f"{self.kind}{share} in {self.kernel} · {self.arm}"


def drawn(kernels: Sequence[str], seed: int, amounts: Sequence[float]) -> list[Injection]:
    """Return a wait of a drawn amount for about half of the implementations of each kernel.

    The share ``spin`` adds is known exactly, so what a gate estimates can be held against it.
    """
    rng = np.random.default_rng(seed)
    all_arms = [(name, arm) for name in kernels for arm in ARMS if arm in registry.get(name).implementations]
    chosen = [pair for pair in all_arms if rng.integers(2)]
    return [Injection(name, arm, "spin", float(rng.choice(amounts))) for name, arm in chosen]


def injected(build: Build, *injections: Injection) -> Build:
    """Return a build like another with something put in; its wheel is made anew, and is another one by its content.

    Raises
    ------
    ValueError
        Where two are meant for one implementation.
    """
    targets = [(one.kernel, one.arm) for one in injections]
    if len(set(targets)) < len(targets):
        raise ValueError(f"injections: were {', '.join(map(str, injections))}; one an implementation is accepted")

    def change(tree: Path) -> None:
        package = tree / PACKAGE
        (package / WRAPPER).write_text(_wrapper(), encoding="utf-8")
        if in_rust := [one for one in injections if one.arm == "rust"]:
            _wrap_compiled(package, in_rust)
        for one in injections:
            if one.arm != "rust":
                module, attribute = registry.location(registry.get(one.kernel), one.arm)
                with (tree / f"{module.replace('.', '/')}.py").open("a", encoding="utf-8") as handle:
                    handle.write(_wrapping(attribute, one))

    return remade(build, f"{build.subject} + {', '.join(map(str, injections))}", change)


def _wrap_compiled(package: Path, injections: Sequence[Injection]) -> None:
    """Put a package in the place of the compiled module, which goes into it: of one name, Python takes the package.

    Which instructions Rust takes is chosen for the whole module: ``scalar`` slows down every kernel of it.
    """
    (module,) = package.glob("_rust*.so")
    inner = package / "_rust"
    inner.mkdir()
    module.rename(inner / module.name)
    lines = []
    if any(one.kind == "scalar" for one in injections):
        lines = ["import os\n\nos.environ['EOKERNELS_SIMD'] = 'baseline'\n"]
    lines.append(f"from {PACKAGE}._rust import _rust as _module\n\n")
    lines.append("globals().update({name: getattr(_module, name) for name in dir(_module) if name not in globals()})\n")
    lines += [_wrapping(one.kernel, one) for one in injections if one.kind != "scalar"]
    (inner / "__init__.py").write_text("".join(lines), encoding="utf-8")


def _wrapping(name: str, injection: Injection) -> str:
    call = f"{name} = _wrap({name}, {injection.kind!r}, {injection.amount!r})\n"
    return f"\n\nfrom {PACKAGE}._injected import wrap as _wrap\n\n{call}"


def _wrapper() -> str:
    return Path(__file__).with_name("injected_wrapper.py").read_text(encoding="utf-8")
