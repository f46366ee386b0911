"""For whom the cases of the battery are made: what it has to know of a kernel's declaration, and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.dimensions import Dimensions

Array = NDArray[Any]
NUMBERS = ("float32", "float64", "uint8", "int16", "uint16")


@dataclass(frozen=True)
class Shift:
    """A number that a kernel adds to counts, made of scale and offset.

    Attributes
    ----------
    value
        Takes the constants of a call by name and returns the number in float64.
    blames
        The argument that a refusal names where the number is infinite in the output dtype.
    """

    value: Callable[..., float]
    blames: str


@dataclass(frozen=True)
class Request:
    """For whom cases are made.

    Attributes
    ----------
    dimensions
        Core dimensions of its arrays and results.
    dtype, out_dtype
        Of the input, and of what a call computes by default.
    arrays
        Number of array arguments that are handed over by position.
    options
        The choices of the contract that the kernel has (``axis``, ``min_denominator``, ``in_place``, ``broadcasts`` …);
        a case that needs another one is left out.
    accepted
        All input dtypes that the kernel takes; any other must be refused.
    outputs
        The dtype of each output, empty where it is the output dtype of the call.
    required
        Keywords without default, each with the value that a case takes where it says nothing else.
    beside
        Roles of the arrays that are handed over by position after the `arrays`: ``labels``.
    lengths
        Dimensions that no array has, each with the keyword that says how long it is.
    least
        Core dimensions whose length has a lower bound, each with that bound.
    probes
        Numbers that are no constants of a formula, each with values other than its usual one.
    for_integers
        Keywords without which integers are refused, each with the value that leaves counts as they are.
    numbers
        Keywords that are numbers, each with the value from which it is varied.
    shift
        What counts are shifted by inside the kernel; None where nothing is.
    seed
        Of all that is drawn.
    """

    dimensions: Dimensions
    dtype: str
    out_dtype: str
    arrays: int = 1
    options: frozenset[str] = frozenset()
    accepted: tuple[str, ...] = NUMBERS
    outputs: tuple[str, ...] = ("",)
    required: tuple[tuple[str, Any], ...] = ()
    for_integers: tuple[tuple[str, Any], ...] = ()
    numbers: tuple[tuple[str, Any], ...] = ()
    shift: Shift | None = None
    beside: tuple[str, ...] = ()
    lengths: tuple[tuple[str, str], ...] = ()
    least: tuple[tuple[str, int], ...] = ()
    probes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    seed: int = 20250101

    @property
    def over_time(self) -> bool:
        """Whether the arrays are stacks, time first."""
        return self.dimensions.over_time

    @property
    def is_elementwise(self) -> bool:
        """Whether a call works element by element."""
        return self.dimensions.is_elementwise

    @property
    def usual(self) -> tuple[int, ...]:
        """The shape of arrays where nothing depends on it."""
        return (6, 5, 7) if self.over_time else (5, 7)

    def with_dates(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return `shape`, with one date before it where the arrays are stacks."""
        return (1, *shape) if self.over_time else tuple(shape)

    def output_shapes(self, shape: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """Return the time-major shape of each output for arrays of `shape`, with the keywords' usual values."""
        return self.dimensions.output_shapes(tuple(shape), {name: self.filled[said] for name, said in self.lengths})

    @property
    def is_float(self) -> bool:
        """Whether missing data is NaN (floats) and not a `nodata` value (integers)."""
        return np.dtype(self.dtype).kind == "f"

    @property
    def constants(self) -> dict[str, float]:
        """The numbers that a formula holds, each with the value from which it is varied."""
        apart = {"min_denominator", *dict(self.probes)}
        return {name: base for name, base in self.numbers if isinstance(base, float) and name not in apart}

    @property
    def filled(self) -> dict[str, Any]:
        """Keywords that a case takes where it says nothing else."""
        return {**dict(self.required), **({} if self.is_float else dict(self.for_integers))}

    def paired(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return keywords with the rest of those that are given together or not at all."""
        together = dict(self.for_integers)
        return {**together, **given} if together.keys() & given.keys() else dict(given)

    @property
    def limits(self) -> tuple[Any, Any]:
        """The least and the greatest finite value of the input dtype."""
        info = np.finfo(self.dtype) if self.is_float else np.iinfo(self.dtype)
        return info.min, info.max

    def rng(self, salt: int = 0) -> np.random.Generator:
        """Return a generator that depends on seed, dtype and `salt` alone."""
        return np.random.default_rng([self.seed, *self.dtype.encode(), salt])

    def sample(self, shape: Sequence[int], salt: int = 0) -> Array:
        """Return ordinary values in C order: reflectance in floats, counts in integers."""
        return _sample(self, tuple(shape), salt).copy()


@lru_cache(maxsize=512)
def _sample(request: Request, shape: tuple[int, ...], salt: int) -> Array:
    rng = request.rng(salt)
    if request.is_float:
        return rng.uniform(0.01, 1.0, shape).astype(request.dtype)
    low, high = max(-2000, request.limits[0]), min(10_000, request.limits[1])
    return rng.integers(low, high, shape, dtype=request.dtype)
