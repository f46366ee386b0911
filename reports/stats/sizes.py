"""Classes of cells by the time of a call: what can be told of a call depends on how long it takes."""

from __future__ import annotations

SIZES = (("1 ms and more", 1e-3), ("0.1 to 1 ms", 1e-4), ("below 0.1 ms", 0.0))
"""Names of the classes, and their least times in seconds."""


def size_of(seconds: float) -> str:
    """Return the class of a call that takes so long."""
    return next(name for name, least in SIZES if seconds >= least)
