"""A call apart from its arrays: what ``eokernels.xarray`` hands to ``apply_ufunc``, and dask to its workers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import eokernels


@dataclass(frozen=True)
class Call:
    """One call, apart from its arrays; it can be pickled.

    Attributes
    ----------
    kernel
        Name in `eokernels`.
    companions
        Names of the last arrays, which are handed over as keywords.
    has
        Of each of them, which of the reduced axes it has.
    options
        The other keywords.
    core
        How many axes are reduced, the last ones; several are brought together to one. 0 for elementwise.
    keeps
        Whether the results have the last axis as the arrays do: from series to series.
    """

    kernel: str
    companions: tuple[str, ...]
    has: tuple[tuple[bool, ...], ...]
    options: Mapping[str, Any]
    core: int
    keeps: bool = False

    def __call__(self, *blocks: Any) -> Any:
        """Call the kernel on blocks of arrays."""
        plain, named = self.arguments(*blocks)
        return getattr(eokernels, self.kernel)(*plain, **named, **self.options)

    def arguments(self, *blocks: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return positional and named arrays; a block in nested lists, as dask hands over what is reduced, is alone."""
        arrays = [_alone(block) for block in blocks]
        split = len(arrays) - len(self.companions)
        plain = arrays[:split]
        named = {
            name: array[(..., *(slice(None) if there else np.newaxis for there in has))]
            for name, has, array in zip(self.companions, self.has, arrays[split:], strict=True)
        }
        if self.core > 1:
            lengths = plain[0].shape[-self.core :]
            plain = [_together(array, lengths) for array in plain]
            named = {name: _together(array, lengths) for name, array in named.items()}
        return plain, named

    def on_nothing(self, *arrays: Any) -> tuple[np.dtype[Any], ...]:
        """Return the dtypes of the results; the kernel checks all arguments, on arrays without elements.

        Series keep their length, which is checked as well; one alone is one of zeros.
        """
        results = self(*(np.zeros(self._nothing(i, array), array.dtype) for i, array in enumerate(arrays)))
        return tuple(result.dtype for result in (results if isinstance(results, tuple) else (results,)))

    def _nothing(self, i: int, array: Any) -> tuple[int, ...]:
        """Return the shape of the i-th array without elements."""
        companion = i - 1  # series have one array and then companions
        if not self.keeps or (companion >= 0 and not any(self.has[companion])):
            return (0,) * int(array.ndim)
        return (*(0,) * (array.ndim - 1), array.shape[-1])


def _alone(block: Any) -> Any:
    """Return the only block in nested lists, as an array: without axes, dask makes a number of it."""
    while isinstance(block, list):
        (block,) = block
    return np.asarray(block) if isinstance(block, np.generic) else block


def _together(array: Any, lengths: tuple[int, ...]) -> Any:
    """Return an array whose last axes, of those lengths, are one: a view where memory allows it."""
    shape = array.shape[: array.ndim - len(lengths)]
    return np.broadcast_to(array, shape + lengths).reshape(*shape, math.prod(lengths))
