"""What a quality band says is missing: for the oracle by arithmetic on words, for its authority by NumPy's sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._shared import lone
from benchmarks.spec import Array

Fields = Mapping[int, Iterable[int]]


def unseen(qa: Array, keep: Iterable[int] | None, bits: Any, fields: Fields | None) -> Array:
    """Return where a class does not stay, or one of `bits` is set, or a field holds a value that is rejected."""
    if keep is not None:
        stays = [qa == number for number in keep]
        return np.asarray(~np.logical_or.reduce(stays)) if stays else np.ones(qa.shape, bool)
    word = qa.view(np.dtype(f"u{qa.itemsize}"))
    one = word.dtype.type
    bad: Array = (word & one(0 if bits is None else int(lone(bits)))) != 0
    for field, values in (fields or {}).items():
        low = int(field) & -int(field)  # the field's lowest bit, and dividing by it shifts the field down
        for value in values:
            bad |= (word & one(field)) // one(low) == one(value)
    return bad


def decode(dn: Array, *, scale: float, offset: float, qa: Array | None = None, keep: Iterable[int] | None = None,
            reject_bits: int | None = 0, reject_fields: Fields | None = None) -> Array:  # fmt: skip
    """Return dn·scale + offset, NaN where the band rejects a pixel."""
    values = np.asarray(dn * scale + offset)
    if qa is None:
        return values
    classes = None if keep is None else np.array(list(keep), qa.dtype)
    codes = (qa.astype(np.uint8) if qa.dtype == bool else qa).astype(object)  # Python's integers, of any width
    rejected = np.isin(qa, classes, invert=True) if classes is not None else np.zeros(qa.shape, bool)
    if keep is None and reject_bits is not None:
        rejected = np.asarray(codes & int(reject_bits)).astype(bool)
    for field, rejecting in (reject_fields or {}).items():
        low, wanted = f"{int(field):b}"[::-1].index("1"), {int(value) for value in rejecting}
        found = [(code & int(field)) >> low in wanted for code in np.asarray(codes).flat]
        rejected = rejected | np.reshape(found, qa.shape)
    return np.asarray(np.ma.masked_array(values, np.broadcast_to(rejected, values.shape)).filled(np.nan))
