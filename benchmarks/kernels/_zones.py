"""The right statistics of zones, zone by zone; SciPy's beside them, goldens, and how far rounding may lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._shared import missing
from benchmarks.spec import Array, Golden

NAN = float("nan")


def oracle(values: Array, zones: Array, n_zones: int, *, nodata: Any = None, mask: Any = None,
           dtype: Any = None) -> tuple[Array, ...]:  # fmt: skip
    """Take the valid values of one zone after the other, in long double: their sum, then distances from the mean."""
    gaps = missing(values, nodata=nodata, mask=mask)
    lead = values.shape[: values.ndim - zones.ndim]
    results = tuple(np.full((*lead, n_zones), start) for start in (0.0, 0.0, NAN, NAN, NAN, NAN))
    for index in np.ndindex(lead):
        for zone in range(n_zones):
            inside = values[index][(zones == zone) & ~gaps[index]].astype(np.longdouble)
            if inside.size:
                for result, value in zip(results, _of_one(inside), strict=True):
                    result[(*index, zone)] = value
    return results


def _of_one(inside: Array) -> tuple[Any, ...]:
    """Return the statistics of the values of one zone; what float64 cannot hold is infinite."""
    with np.errstate(all="ignore"):
        total = inside.sum()
        mean = total / inside.size
        squares = np.float64(np.square(inside - mean).sum()) if np.isfinite(inside).all() else NAN
        return (
            inside.size,
            np.float64(total),
            np.float64(mean),
            inside.min(),
            inside.max(),
            np.sqrt(squares / inside.size),
        )


def ndimage(values: Array, zones: Array, n_zones: int) -> tuple[Array, ...]:
    """Ask SciPy for the statistics of the pixels of each image that belong to a zone."""
    lead = values.shape[: values.ndim - zones.ndim]
    results = tuple(np.full((*lead, n_zones), start) for start in (0.0, 0.0, NAN, NAN, NAN, NAN))
    for index in np.ndindex(lead):
        there = ~np.isnan(values[index]) & (zones >= 0) & (zones < n_zones)
        if there.any():  # none is an error to it
            for result, found in zip(results, _by_ndimage(values[index][there], zones[there], n_zones), strict=True):
                result[index] = found
    return results


def _by_ndimage(values: Array, zones: Array, n_zones: int) -> tuple[Array, ...]:
    """Return the statistics of values, of which none is missing."""
    from scipy import ndimage

    index, keys = np.arange(n_zones), zones.astype(np.intp)
    count = np.bincount(keys, minlength=n_zones)
    calls = (ndimage.sum_labels, ndimage.mean, ndimage.minimum, ndimage.maximum, ndimage.standard_deviation)
    with np.errstate(all="ignore"):
        found = [np.asarray(call(values, keys, index), np.float64) for call in calls]
    return (count, found[0], *[np.where(count > 0, one, np.nan) for one in found[1:]])


def promises(data: tuple[Array, ...], _keywords: Mapping[str, Any]) -> bool:
    """Tell whether squares can be summed up: finite values below 1e150."""
    values = data[0][np.isfinite(data[0])]
    return bool(np.all(np.abs(values.astype(np.float64)) < 1e150))


def slack(expected: tuple[Array, ...], _keywords: Mapping[str, Any]) -> tuple[Array, ...]:
    """Return what each result may be off.

    With n values of root mean square r the sum may be n·r·n·2⁻⁵³ off, mean and deviation r·n·2⁻⁵³. The factor n is the
    bound of a sum in any order; what is seen is about the root of it.
    """
    count, exact = expected[0], np.zeros(expected[0].shape)
    size = np.sqrt(np.square(expected[2]) + np.square(expected[5]))
    drift = np.where(np.isfinite(size), size, 0.0) * (count + 8) * 2.0**-53
    return exact, drift * count, drift, exact, exact, drift


GOLDENS = (
    Golden(
        "a zone with a gap, one of gaps alone, one that is absent",
        ([[1, 2, 3], [NAN, 5, NAN]], [[0, 0, 2], [2, 2, 1]]),
        [[2, 0, 2, 0], [3, 0, 8, 0], [1.5, NAN, 4, NAN], [1, NAN, 3, NAN], [2, NAN, 5, NAN], [0.5, NAN, 1, NAN]],
        "float64",
        "by hand",
        kwargs={"n_zones": 4},
    ),
    Golden(
        "an offset of 1e8 leaves the deviation right",
        ([[100000001, 100000002, 100000003, 100000004]], [[0, 0, 0, 0]]),
        [[4], [400000010], [100000002.5], [100000001], [100000004], [1.118033988749895]],
        "float64",
        "by hand: sqrt(5/4)",
        kwargs={"n_zones": 1},
    ),
    Golden(
        "counts do not wrap, and labels beyond the zones are ignored",
        ([[65535, 65535, 7], [65535, 0, 9]], [[0, 0, -1], [0, 0, 2]]),
        [[3, 0], [196605, 0], [65535, NAN], [65535, NAN], [65535, NAN], [0, NAN]],
        "uint16",
        "by hand",
        kwargs={"n_zones": 2, "nodata": 0, "dtype": "float64"},
    ),
)
