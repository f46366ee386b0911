"""From a case and an arm to a call without arguments: the one way in which the lab calls what it measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import Any

import numpy as np

from benchmarks import registry
from benchmarks.calls.answers import Answer, arrays_of
from benchmarks.probes import wall
from benchmarks.spec import Array, Kernel
from inputs.cases import Case

WALL = "wall"
CROP_ELEMENTS = 1_000_000
LEAST_CROP_SIDE = 64


@dataclass(frozen=True)
class Bound:
    """An arm ready to be called on the arrays of a case."""

    arm: str
    call: Callable[[], Answer]
    threads: int


@dataclass(frozen=True)
class Absent:
    """An arm that cannot be measured here, and why."""

    arm: str
    reason: str


@dataclass(frozen=True)
class Target:
    """What the arms of a case work on, and what they make of it.

    Attributes
    ----------
    case
        The case.
    arrays
        Inputs that are handed over by position.
    out
        The output that the arms share, an array or a tuple of several; None where each call takes a fresh one.
    shapes, dtypes
        Of the outputs, one each.
    named
        Inputs that are handed over by name.
    """

    case: Case
    arrays: tuple[Array, ...]
    out: Answer | None
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    named: Mapping[str, Array] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Array, ...]:
        """All arrays that a call reads."""
        return (*self.arrays, *self.named.values())

    @property
    def input_bytes(self) -> int:
        """Bytes that a call cannot but read."""
        return sum(array.nbytes for array in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Bytes that a call cannot but write."""
        return sum(prod(shape) * dtype.itemsize for shape, dtype in zip(self.shapes, self.dtypes, strict=True))


def target(kernel: Kernel, case: Case, crop: int | None = None) -> Target:
    """Make the arrays of a case, which no arm may write to, and its output where the caller hands one over.

    Parameters
    ----------
    kernel, case
        What is called, and on what.
    crop
        Side of the centre crop in pixels, None for the whole case.

    Raises
    ------
    inputs.real.cubes.Unavailable
        When the case is of real data that is not there.
    """
    from inputs.build import make

    companions = companion_bands(kernel, case)
    made = make(case, (*kernel.bands, *companions.values()), crop)
    for array in made:
        array.flags.writeable = False  # all arms read them: one that wrote would spoil the answers of the others
    arrays, named = made[: len(kernel.bands)], dict(zip(companions, made[len(kernel.bands) :], strict=True))
    shapes = kernel.output_shapes(logical_shape(case, crop), kernel.keywords(case))
    dtypes = kernel.output_dtypes(kernel.output_dtype(case.dtype))
    outputs = tuple(np.empty(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True))
    out = None if not case.out else outputs if len(outputs) > 1 else outputs[0]
    return Target(case, arrays, out, shapes, dtypes, named)


def companion_bands(kernel: Kernel, case: Case) -> dict[str, str]:
    """Return the arrays that a case hands over by name: name → band."""
    asked = {name: band(case) for name, band in kernel.companions.items()}
    return {name: band for name, band in asked.items() if band is not None}


def crop_side(case: Case) -> int | None:
    """Return the side of a case's centre crop in pixels, or None where the case is not larger than that.

    It depends on the case alone, so that a series of measurements keeps its meaning: about as many elements as a stack
    of 73 dates on 112 × 112 pixels, a multiple of 8, and never fewer than 64 × 64 pixels.
    """
    dates = case.shape[0] if len(case.shape) == 3 else 1
    side = max(LEAST_CROP_SIDE, int((CROP_ELEMENTS / dates) ** 0.5) // 8 * 8)
    return side if side < max(case.shape[-2:]) else None


def logical_shape(case: Case, crop: int | None) -> tuple[int, ...]:
    """Return the time-major shape of a case, whole or cropped."""
    *front, rows, columns = case.shape
    return (*front, rows, columns) if crop is None else (*front, min(rows, crop), min(columns, crop))


def bind(kernel: Kernel, arm: str, onto: Target) -> Bound | Absent:
    """Return an arm as a call without arguments, or the reason why there is none."""
    case = onto.case
    if arm == WALL:
        return _bind_wall(kernel, onto)
    rival = registry.peer(kernel, arm)
    refusal = rival.refuses(case) if rival is not None else None
    if refusal is not None:
        return Absent(arm, refusal)
    function = registry.resolve(kernel, arm)
    if function is None:
        return Absent(arm, "not installed" if rival is not None else "n/a: this wheel does not have it")
    threads = case.thread_count if registry.takes_threads(arm) else 1
    options: dict[str, Any] = {**onto.named, **kernel.keywords(case)}
    if onto.out is not None:
        options["out"] = onto.out
    if threads > 1:
        options["num_threads"] = threads
    return Bound(arm, partial(function, *onto.arrays, **options), threads)


def _bind_wall(kernel: Kernel, onto: Target) -> Bound | Absent:
    try:
        given = None if onto.out is None else arrays_of(onto.out)
        call = wall.bind(kernel.dimensions, onto.case, onto.inputs, given, onto.shapes, onto.dtypes)
    except (ImportError, ValueError) as error:
        return Absent(WALL, f"no wall: {error}")
    return Bound(WALL, call, onto.case.thread_count)
