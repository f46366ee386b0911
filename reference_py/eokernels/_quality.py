"""Admission of quality bands: scene classes of which some stay, or bits of which some make a pixel missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from eokernels._admit import Admitted
from eokernels._checks import Array, Kinds, broadcast, check_broadcast, check_integer, plain, refuse_overlap

_CLASSES = Kinds(frozenset({np.dtype(np.uint8)}), "uint8")
_BITS = Kinds(frozenset({np.dtype(np.uint8), np.dtype(np.uint16)}), "uint8 or uint16 in native byte order")


class Quality(NamedTuple):
    """A quality band that keeps the contract, and what it says is missing.

    Attributes
    ----------
    array
        The band, broadcast to the output's shape.
    kept
        Classes that stay, each as the bit of its number; None where `bits` decide.
    bits
        Any of these set in `array` makes a pixel missing; 0 where `kept` decides.
    """

    array: Array
    kept: int | None
    bits: int

    def classes(self) -> list[int]:
        """Return the classes that stay."""
        return [number for number in range(256) if (self.kept or 0) >> number & 1]

    def table(self) -> Array:
        """Return for each of 256 classes whether it is missing."""
        rejected = np.ones(256, np.bool_)
        rejected[self.classes()] = False
        return rejected


def quality(call: Admitted, qa: Any, keep: Any, reject_bits: Any) -> Quality | None:
    """Admit the quality band of an elementwise call, which either `keep` or `reject_bits` reads; None without one.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    if qa is None:
        if keep is None and reject_bits is None:
            return None
        name = "reject_bits" if keep is None else "keep"
        raise ValueError(f"{name}: it is given without qa; accepted is a quality band qa beside it")
    if (keep is None) == (reject_bits is None):
        which = "neither" if keep is None else "both"
        raise ValueError(
            f"qa: {which} of keep and reject_bits goes with it; accepted is exactly one of keep, reject_bits"
        )
    kinds = _CLASSES if reject_bits is None else _BITS
    band = plain("qa", qa, f"a numpy.ndarray of {kinds.names}")
    if band.dtype not in kinds.dtypes:
        reader = "keep" if reject_bits is None else "reject_bits"
        raise TypeError(f"qa: its dtype is {band.dtype.str!r}; accepted with {reader} is {kinds.names}")
    if not band.flags.aligned:
        raise ValueError(f"qa: its memory is not aligned for {band.dtype}; hand over a copy of it")
    check_broadcast("qa", band, call.shape)
    if call.out is not None:
        refuse_overlap(call.out, "qa", band)
    kept = None if keep is None else _kept(keep)
    bits = 0 if reject_bits is None else check_integer("reject_bits", reject_bits, 0, 65535)
    if bits > 255 and band.itemsize == 1:
        raise ValueError(f"reject_bits: it is {bits} and qa is uint8; accepted is an int of 0 to 255 for it")
    return Quality(broadcast(band, call.shape), kept, bits)


def _kept(keep: Any) -> int:
    """Return classes as the bits of their numbers."""
    try:
        numbers = list(keep)
    except TypeError:
        raise TypeError(f"keep: it is of type {type(keep).__name__}; accepted is a set of ints of 0 to 255") from None
    kept = 0
    for number in numbers:
        kept |= 1 << check_integer("keep", number, 0, 255)
    return kept
