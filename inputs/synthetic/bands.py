"""Bands that are made of others or go beside them: a vegetation index, weights, a label image, the days of dates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.cases import Case
from inputs.synthetic import qa_bands, stacks, zones

Array = NDArray[Any]

NDVI, WEIGHTS, ZONES = "ndvi", "weights", "zones"
NDVI_SCALE = 10_000
"""Counts of an index of 1, as in the vegetation products of MODIS."""


def dtype_of(band: str, case: Case) -> np.dtype[Any]:
    """Return the dtype of a band of a case: its own, or the case's."""
    if band == ZONES:
        return np.dtype("int32")
    if band == WEIGHTS:
        return np.dtype(case.dtype if case.dtype.startswith("float") else "float32")
    return np.dtype(qa_bands.DTYPES.get(band, case.dtype))


def is_image(band: str) -> bool:
    """Whether a band holds measured values, and not what goes beside them."""
    return band not in (*qa_bands.DTYPES, WEIGHTS, ZONES)


def sources(band: str) -> tuple[str, ...]:
    """Return the bands that a band is made of."""
    return ("nir", "red") if band == NDVI else (band,)


def ndvi(read: Callable[[str], Array], dtype: str) -> Array:
    """Return (nir − red) / (nir + red) of reflectance: as it is in floats, times `NDVI_SCALE` in integers."""
    nir, red = read("nir").astype(np.float64), read("red").astype(np.float64)
    with np.errstate(all="ignore"):
        index = np.nan_to_num((nir - red) / (nir + red))
    wanted = np.dtype(dtype)
    return index.astype(wanted) if wanted.kind == "f" else np.rint(index * NDVI_SCALE).astype(wanted)


def weights(case: Case) -> Array:
    """Return a weight for each value, between 0.2 and 1."""
    drawn = np.random.default_rng([case.seed, 7]).random(case.shape, np.float32)
    return (0.2 + 0.8 * drawn).astype(dtype_of(WEIGHTS, case))


def labels(case: Case) -> Array:
    """Return the zone of each pixel of a case."""
    return zones.KINDS[case.zoning](case.shape[-2:], case.zones)


def days(case: Case) -> NDArray[np.float64]:
    """Return the day of each date: even ones, or those of a case whose dates lie unevenly, a day apart or more."""
    even = np.asarray(stacks.days(case.shape[0]))
    if not case.uneven:
        return even
    moved = np.random.default_rng([case.seed, 8]).uniform(-0.4, 0.4, even.size)
    placed: NDArray[np.float64] = np.rint((even + moved * (even[1] - even[0] if even.size > 1 else 0)) * 4) / 4
    return placed
