"""The families of kernels, a file each: its named cases, and which battery its kernels are put through.

A file that is put here is a family; nothing else lists them.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from inputs.cases import TIERS, Case, Tier
from inputs.families.family import Family

__all__ = ["CASES", "FAMILIES", "Family", "find", "get", "select"]


def _collect() -> dict[str, Family]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "family"]
    return {name: import_module(f"inputs.families.{name}").FAMILY for name in names if not name.startswith("_")}


FAMILIES: dict[str, Family] = _collect()
CASES: dict[str, tuple[Case, ...]] = {name: family.cases for name, family in FAMILIES.items()}


def get(name: str) -> Family:
    """Return the family of that name, or raise a ValueError that lists the names there are."""
    if name not in FAMILIES:
        raise ValueError(f"family: was {name!r}; there are {', '.join(FAMILIES)}")
    return FAMILIES[name]


def find(family: str, name: str) -> Case:
    """Return the case of that name, or raise a ValueError that lists the names there are."""
    return get(family).find(name)


def select(family: str, tier: Tier, *, centre: bool = False) -> tuple[Case, ...]:
    """Return the cases of a tier and of the tiers below it; with `centre`, the family's centre case as well."""
    rank = TIERS.index(tier)
    return tuple(c for c in get(family).cases if TIERS.index(c.tier) <= rank or (centre and c.centre))
