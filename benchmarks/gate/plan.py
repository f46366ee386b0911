"""What a gate sets out to compare: the builds, the cells that the change can affect, and those that are left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import ROOT, registry
from benchmarks.environment import provenance
from benchmarks.environment.jsonfiles import read_object, write_object
from benchmarks.gate.affected import ARMS, Reached
from benchmarks.gate.builds import Build
from benchmarks.gate.lines import Cell
from benchmarks.runs import planning
from inputs.cases import TIERS, Tier
from inputs.host import cores

SCHEMA_VERSION = 1
GATES = ROOT / "reports" / "gates"
PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """A gate from base to head.

    Attributes
    ----------
    gate_id, created, seed
        Name of its directory, when it was planned, and the seed of all that is drawn.
    base, head
        What is compared.
    cells
        Cell → the changed file for which it is compared, or what asked for it.
    not_gated
        Cell → why it is not compared.
    processor
        Where it was planned: pairs of several machines must not be mixed. Empty in a plan that does not say.
    beside
        The kind of load that is put beside it on purpose, or nothing.
    again
        The command that compares the two again, where it is not the gate's own.
    """

    gate_id: str
    created: str
    seed: int
    base: Build
    head: Build
    cells: Mapping[Cell, str]
    not_gated: Mapping[Cell, str]
    processor: str = ""
    beside: str = ""
    again: str = ""

    def of(self, arms: Collection[str]) -> Plan:
        """Return the plan of some implementations alone, or of all where none is named."""
        require_arms(arms)
        return replace(self, cells={cell: why for cell, why in self.cells.items() if not arms or cell.arm in arms})

    def only(self, cells: Collection[Cell]) -> Plan:
        """Return the plan of some cells alone."""
        return replace(self, cells={cell: why for cell, why in self.cells.items() if cell in cells})

    def begin(self) -> Path:
        """Write the plan into a directory of its own among the gates, and return it."""
        folder = GATES / self.gate_id
        self.save(folder)
        return folder

    def save(self, folder: Path) -> None:
        """Write the plan into a directory of its own."""
        folder.mkdir(parents=True)
        plain = {**asdict(self), "schema_version": SCHEMA_VERSION}
        for side in ("base", "head"):
            plain[side]["folder"] = str(plain[side]["folder"])
        for listed in ("cells", "not_gated"):
            plain[listed] = [{**cell._asdict(), "why": why} for cell, why in getattr(self, listed).items()]
        write_object(folder / PLAN, plain)

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Read the plan of a gate, or raise a ValueError that names a file which is none."""
        path = folder / PLAN
        raw = read_object(path)
        try:
            if raw.pop("schema_version") != SCHEMA_VERSION:
                raise KeyError("schema_version")
            sides = {name: Build(**{**raw[name], "folder": Path(raw[name]["folder"])}) for name in ("base", "head")}
            return cls(**{**raw, **sides, "cells": _listed(raw["cells"]), "not_gated": _listed(raw["not_gated"])})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no plan that this version of the lab knows: {error}") from None


def require_arms(arms: Collection[str]) -> None:
    """Raise a ValueError for an implementation that is not one of the three."""
    if unknown := [arm for arm in arms if arm not in ARMS]:
        raise ValueError(f"implementation: was {unknown[0]!r}; accepted are {', '.join(ARMS)}")


def _listed(rows: Sequence[Mapping[str, Any]]) -> dict[Cell, str]:
    return {Cell(row["kernel"], row["case"], row["arm"]): row["why"] for row in rows}


def plan_of_own(base: Build, head: Build, own: str, cases: Mapping[str, tuple[str, ...]]) -> Plan:
    """Return the plan for somebody's own function, named ``package.module:function``, on the cases of a kernel."""
    planned = make_plan(base, head, {}, {})
    cells = {Cell(kernel, case, own): "asked for" for kernel, names in cases.items() for case in names}
    return replace(planned, cells=cells)


def make_plan(
    base: Build, head: Build, reached: Reached, cases: Mapping[str, tuple[str, ...]], *, everything: bool = False
) -> Plan:
    """Return the plan of a gate.

    Parameters
    ----------
    base, head
        What is compared.
    reached
        What the change can affect, as `benchmarks.gate.affected.affected` finds it.
    cases
        Kernel → cases that are compared where it is affected.
    everything
        Whether what is not affected is compared too.
    """
    cells: dict[Cell, str] = {}
    left: dict[Cell, str] = {}
    for name, names in cases.items():
        for arm in (arm for arm in ARMS if arm in registry.get(name).implementations):
            why = reached.get((name, arm), "asked for" if everything else "")
            for case in names:
                if why:
                    cells[Cell(name, case, arm)] = why
                else:
                    left[Cell(name, case, arm)] = "the change cannot affect it"
    now = datetime.now(UTC)
    gate_id = f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}-{base.short}-{head.short}"
    return Plan(
        gate_id, now.isoformat(timespec="seconds"), int(now.timestamp()), base, head, cells, left, processor(),
    )  # fmt: skip


def processor() -> str:
    """Return what tells this machine's processor from another's: its name, its numbers, how much of it is granted."""
    name, numbers = (provenance.known(ask) for ask in (provenance.cpu_model, provenance.cpu_model_numbers))
    return f"{name} ({numbers}), {cores.granted_cores():g} of {cores.online_cores()} cores"


def chosen_cases(kernels: Sequence[str], tier: str, cases: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return kernel → cases of a gate: those of a tier with the centre, or exactly those that are named.

    Raises
    ------
    ValueError
        For a kernel, a tier or a case that there is not.
    """
    known: Mapping[str, Tier] = {one: one for one in TIERS}
    if tier not in known:
        raise ValueError(f"tier: was {tier!r}; accepted are {', '.join(TIERS)}")
    return planning.chosen_cases(kernels, known[tier], centre=True, cases=cases)
