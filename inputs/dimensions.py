"""Core dimensions: which axes of its arrays a kernel works along, written as NumPy's gufuncs and xarray write them.

``(t)->()`` takes series and gives a number for each, ``(t),(t)?->(t)`` smooths series and takes weights or none,
``(),()->()`` works element by element, ``(n),(n)->(z)`` takes all pixels at once and gives a number for each zone.
All other axes are loop dimensions: what happens at one place of them does not depend on any other place.

From the declared dimensions follow the shapes of results, what a pixel is, where inputs may be cut, which arrays a call
cannot but read and write, and how ``apply_ufunc`` is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

NAMES: Mapping[str, str] = {
    "t": "dates: the first axis",
    "b": "bands: the axis after the dates, or the first",
    "n": "pixels: all axes together, in any order",
    "z": "zones: as many as the call says",
}
"""Name of a dimension → what it is, and where it lies in a time-major array."""
WHOLE = "n"
"""The dimension that takes every axis."""
OPERAND = re.compile(r"\(([a-z]?(?:,[a-z])*)\)(\??)")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Dimensions:
    """The core dimensions of a kernel's arrays.

    Attributes
    ----------
    inputs
        Of each array argument, in the order in which the kernel has them.
    optional
        Of each, whether a call may leave it out.
    outputs
        Of each result.
    """

    inputs: tuple[tuple[str, ...], ...]
    optional: tuple[bool, ...]
    outputs: tuple[tuple[str, ...], ...]

    @property
    def core(self) -> tuple[str, ...]:
        """Those of the first array, along which the kernel works."""
        return self.inputs[0]

    @property
    def is_elementwise(self) -> bool:
        """Whether there are none, so that arrays broadcast and results may take the place of inputs."""
        return not self.core

    @property
    def over_time(self) -> bool:
        """Whether series are taken."""
        return "t" in self.core

    @property
    def keeps_time(self) -> bool:
        """Whether series are given."""
        return "t" in self.outputs[0]

    @property
    def is_cut(self) -> bool:
        """Whether inputs may be cut along their last axis, and results are cut alike."""
        return WHOLE not in self.core

    def loop(self, shape: Shape) -> Shape:
        """Return the lengths of the loop dimensions of a time-major array of that shape."""
        return () if WHOLE in self.core else shape[len(self.core) :]

    def pixels(self, shape: Shape) -> int:
        """Return the pixels of an array: places other than along dates and bands, of which each has a result."""
        return prod(shape if WHOLE in self.core else self.loop(shape))

    def output_shapes(self, shape: Shape, lengths: Mapping[str, int] | None = None) -> tuple[Shape, ...]:
        """Return the time-major shape of each result for a first array of that shape.

        Parameters
        ----------
        shape
            Of the first array, core dimensions first.
        lengths
            Of dimensions that no array has, such as ``z``.
        """
        known = {**(lengths or {}), **dict(zip(self.core, shape, strict=False))}
        return tuple((*(known[name] for name in output), *self.loop(shape)) for output in self.outputs)

    def series_bytes(self, shape: Shape, itemsize: int) -> int:
        """Return the bytes of one series of an array, 0 where no series are taken."""
        return shape[0] * itemsize if self.over_time else 0


@lru_cache(maxsize=64)
def parse(text: str) -> Dimensions:
    """Return the dimensions that a text such as ``(t),(t)?->(t)`` declares.

    Raises
    ------
    ValueError
        If the text is no such declaration, or names a dimension that is not in `NAMES`.
    """
    sides = text.replace(" ", "").split("->")
    found = [OPERAND.findall(side) for side in sides]
    if len(sides) != 2 or any(
        ",".join(f"({a}){b}" for a, b in one) != side for one, side in zip(found, sides, strict=True)
    ):
        raise ValueError(f"dimensions: was {text!r}; accepted are declarations such as (t)->() and (t),(t)?->(t)")
    inputs, outputs = ([(tuple(filter(None, names.split(","))), bool(mark)) for names, mark in one] for one in found)
    strange = sorted({name for names, _ in (*inputs, *outputs) for name in names} - NAMES.keys())
    if strange or not outputs or not inputs or inputs[0][1]:
        raise ValueError(
            f"dimensions: was {text!r}; NAMES in inputs/dimensions.py has {', '.join(NAMES)}, and the first array is "
            "required"
        )
    return Dimensions(
        tuple(names for names, _ in inputs), tuple(mark for _, mark in inputs), tuple(names for names, _ in outputs)
    )
