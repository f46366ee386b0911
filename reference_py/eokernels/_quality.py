"""Quality bands: classes of which some stay, bits of which some make a pixel missing, fields of which some values do.

:func:`rules` reads what is to be rejected before a call is admitted, :func:`quality` holds it against the band and the
call. All tests are on the bits of a value: a signed band is read as two's complement.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from eokernels._admit import Admitted
from eokernels._checks import Array, broadcast, check_broadcast, plain, refuse_overlap
from eokernels._numbers import integer

_MOST_KEPT = 65536  # items of `keep`; what gives more does not end, or is no set of classes
_FEW = 12  # runs of values up to which comparisons beat a search
_ACCEPTED = "a numpy.ndarray of integers or bools in native byte order"


class Rules(NamedTuple):
    """What is to be rejected in a quality band, of which nothing but its type has been looked at.

    Attributes
    ----------
    band
        The band as a base-class view.
    keep
        Classes that stay; None where `bits` and `fields` decide.
    bits
        Any of these set makes a pixel missing.
    fields
        Pairs of the bits that a field consists of and its rejected values.
    """

    band: Array
    keep: tuple[int, ...] | None
    bits: int
    fields: tuple[tuple[int, tuple[int, ...]], ...]


class Listed(NamedTuple):
    """Runs of values of some bits: where ``value & bits`` lies in one, a pixel is missing, or stays.

    Attributes
    ----------
    bits
        The bits that are looked at.
    runs
        Pairs of the least value of a run and how many more there are.
    stay
        Whether values in the runs stay and all others are missing, or the other way round.
    """

    bits: int
    runs: tuple[tuple[int, int], ...]
    stay: bool


class Quality(NamedTuple):
    """A quality band that keeps the contract, and what it says is missing.

    Attributes
    ----------
    array
        The band, broadcast to the output's shape, as unsigned integers or bools. It may be misaligned.
    kept
        Classes that stay, each as the bit of its number, for a band of 8 bits; None where `bits` and `listed` decide.
    bits
        Any of these set in `array` makes a pixel missing.
    listed
        Further rules, each of which may make a pixel missing.
    """

    array: Array
    kept: int | None
    bits: int
    listed: tuple[Listed, ...] = ()

    @property
    def simple(self) -> bool:
        """Whether the band is uint8 or uint16, aligned, and `kept` or `bits` say all; else ask :meth:`rejected`."""
        return not self.listed and self.array.dtype in (np.uint8, np.uint16) and self.array.flags.aligned

    def classes(self) -> list[int]:
        """Return the classes of 8 bits that stay."""
        return [number for number in range(256) if (self.kept or 0) >> number & 1]

    def table(self) -> Array:
        """Return for each of 256 classes whether it is missing."""
        rejected = np.ones(256, np.bool_)
        rejected[self.classes()] = False
        return rejected

    def rejected(self, block: Array) -> Array:
        """Return where values of a block of `array`, of any shape, are missing; it takes a few arrays of the block."""
        if block.dtype.kind == "b":
            block = np.not_equal(block.view(np.uint8), 0).view(np.uint8)  # any byte but 0 is True
        if self.kept is not None:
            return self._outside(block)
        kind, bad = block.dtype.type, None
        if self.bits or not self.listed:
            bad = np.bitwise_and(block, kind(self.bits)) != 0
        for rule in self.listed:
            whole = rule.bits == np.iinfo(kind).max
            hit = _in_runs(block if whole else np.bitwise_and(block, kind(rule.bits)), rule.runs)
            if rule.stay:
                np.logical_not(hit, out=hit)
            bad = hit if bad is None else np.logical_or(bad, hit, out=bad)
        return bad  # type: ignore[return-value]

    def _outside(self, block: Array) -> Array:
        """Return where classes of 8 bits do not stay; bits of an integer are faster than a table."""
        kept = self.kept or 0
        if kept >> 64:
            return np.take(self.table(), block)
        bits = np.min_scalar_type(kept).type  # shifted beyond its width it is 0
        return np.bitwise_and(np.right_shift(bits(kept), block), bits(1)) == 0


def _in_runs(block: Array, runs: tuple[tuple[int, int], ...]) -> Array:
    """Return where unsigned values lie in one of some runs."""
    kind = block.dtype.type
    if len(runs) > _FEW:
        least = np.array([first for first, _ in runs], block.dtype)
        most = np.array([first + more for first, more in runs], block.dtype)
        place = np.searchsorted(least, block, side="right")
        return (place > 0) & (block <= most[np.maximum(place, 1) - 1])
    hit = np.zeros(block.shape, np.bool_)
    for first, more in runs:
        found = block == kind(first) if more == 0 else np.subtract(block, kind(first)) <= kind(more)
        np.logical_or(hit, found, out=hit)
    return hit


def rules(qa: Any, keep: Any, reject_bits: Any, reject_fields: Any = None) -> Rules | None:
    """Read a quality band and what is to be rejected in it, before any array is looked at; None without a band.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    if qa is None:
        if keep is None and reject_bits is None and reject_fields is None:
            return None
        name = "keep" if keep is not None else "reject_bits" if reject_bits is not None else "reject_fields"
        raise ValueError(f"{name}: it is given without qa; accepted is a quality band qa beside it")
    if (keep is None) == (reject_bits is None and reject_fields is None):
        which = (
            "none of keep, reject_bits and reject_fields goes" if keep is None else "keep and a rule to reject by go"
        )
        raise ValueError(
            f"qa: {which} with it; accepted is exactly one of keep, reject_bits, reject_fields, or both of "
            "reject_bits and reject_fields"
        )
    classes = None if keep is None else _classes(keep)
    bits = 0 if reject_bits is None else integer("reject_bits", reject_bits, 0)
    fields = () if reject_fields is None else _fields(reject_fields)
    return Rules(plain("qa", qa, _ACCEPTED), classes, bits, fields)


def _classes(keep: Any) -> tuple[int, ...]:
    """Read the classes that stay."""
    try:
        numbers = iter(keep)
    except TypeError:
        raise TypeError(f"keep: it is of type {type(keep).__name__}; accepted is a set of ints") from None
    found = tuple([integer("keep", number) for number in islice(numbers, _MOST_KEPT + 1)])
    if len(found) > _MOST_KEPT:
        raise ValueError(f"keep: it has more than {_MOST_KEPT} items; accepted is a set of at most so many ints")
    return found


def _fields(reject: Any) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Read the bits of fields and their rejected values."""
    accepted = "a mapping of a field's bits, an int, to a set of its rejected values"
    if not isinstance(reject, Mapping):
        raise TypeError(f"reject_fields: it is of type {type(reject).__name__}; accepted is {accepted}")
    fields = []
    for bits, values in islice(reject.items(), _MOST_KEPT):
        try:
            numbers = iter(values)
        except TypeError:
            kind = type(values).__name__
            raise TypeError(f"reject_fields: it holds values of type {kind}; accepted is {accepted}") from None
        least = integer("reject_fields", bits, 1)
        found = tuple([integer("reject_fields", number, 0) for number in islice(numbers, _MOST_KEPT + 1)])
        if len(found) > _MOST_KEPT:
            raise ValueError(f"reject_fields: a field has more than {_MOST_KEPT} values; accepted is {accepted}")
        fields.append((least, found))
    return tuple(fields)


def quality(call: Admitted, read: Rules | None) -> Quality | None:
    """Admit the quality band of an elementwise call; None without one.

    Raises
    ------
    TypeError, ValueError
        A sentence that names the argument, what it was and what is accepted.
    """
    if read is None:
        return None
    band = read.band
    if band.dtype.kind not in "iub" or not band.dtype.isnative:
        raise TypeError(f"qa: its dtype is {band.dtype.str!r}; accepted is {_ACCEPTED}")
    if band.shape != call.shape or call.scalar:
        check_broadcast("qa", band, () if call.scalar else call.shape)
    if call.out is not None:
        refuse_overlap(call.out, "qa", band)
    array = broadcast(band, call.shape)
    if band.dtype.kind == "i":
        array = array.view(f"u{band.itemsize}")
    every = 1 if band.dtype.kind == "b" else 2 ** (8 * band.itemsize) - 1
    if read.keep is not None:
        return _keeping(array, band.dtype, read.keep, every)
    if read.bits > every:
        raise ValueError(f"reject_bits: it is {read.bits} and qa is {band.dtype}; accepted is an int of 0 to {every}")
    bits, listed = read.bits, []
    for field, values in read.fields:
        more, rule = _rejecting(field, values, every, band.dtype)
        bits |= more
        listed += [] if rule is None else [rule]
    return Quality(array, None, bits, tuple(listed))


def _keeping(array: Array, dtype: np.dtype[Any], keep: tuple[int, ...], every: int) -> Quality:
    """Return the quality of a band whose values stay where they are among some classes."""
    least = -(every + 1) // 2 if dtype.kind == "i" else 0
    for number in keep:
        if not least <= number <= least + every:
            raise ValueError(f"keep: it holds {number} and qa is {dtype}; accepted is {least} to {least + every}")
    if array.itemsize == 1:
        kept = 0
        for number in keep:
            kept |= 1 << (number & every)
        return Quality(array, kept, 0)
    runs = _runs(sorted({number & every for number in keep}))
    return Quality(array, None, 0, (Listed(every, runs, stay=True),))


def _rejecting(field: int, values: tuple[int, ...], every: int, dtype: np.dtype[Any]) -> tuple[int, Listed | None]:
    """Return bits any of which says that a field has a rejected value, or else a rule that lists the values."""
    if field > every:
        raise ValueError(f"reject_fields: {field} has bits beyond those of qa's {dtype}; accepted is 1 to {every}")
    low = field & -field
    most = field // low
    for value in values:
        if value > most:
            raise ValueError(f"reject_fields: {value} is no value of the field {field}; accepted is 0 to {most}")
    rejected = {value for value in values if value & ~most == 0}  # a field with holes never has the others
    single = [bit for k in range(most.bit_length()) if (bit := 1 << k) & most]
    if most < 256:
        possible = [value for value in range(most + 1) if value & ~most == 0]
        alone = sum(bit for bit in single if all(value in rejected for value in possible if value & bit))
        if {value for value in possible if value & alone} == rejected:
            return alone * low, None
    runs = _runs(sorted(value * low for value in rejected))
    return 0, Listed(field, runs, stay=False)


def _runs(values: list[int]) -> tuple[tuple[int, int], ...]:
    """Return sorted values as runs: the least one and how many more."""
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and value == runs[-1][0] + runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((value, 0))
    return tuple(runs)
