"""Synthetic time series: the landscape of `inputs.synthetic.scenes` through the seasons, ``(T, Y, X)``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from inputs.synthetic.scenes import encode, noise_stream, reflectance, survey, working_dtype

REVISIT_DAYS = 5.0
YEAR_DAYS = 365.0
AMPLITUDE = 0.35


def days(steps: int) -> list[float]:
    """Return the day of each date: one year cut evenly, or a revisit of five days where that is longer."""
    interval = max(REVISIT_DAYS, YEAR_DAYS / steps) if steps else REVISIT_DAYS
    return [interval * t for t in range(steps)]


def season(day: float) -> tuple[float, float]:
    """Return the two seasonal components of a day, −1…1, rounded so that they are the same on every machine."""
    angle = 2.0 * math.pi * day / YEAR_DAYS
    return round(-math.cos(angle), 4), round(math.sin(angle), 4)


def stack(
    shape: tuple[int, int, int], band: str, *, seed: int, dtype: DTypeLike = np.float32, ties: bool = False
) -> NDArray[Any]:
    """Make one band of a synthetic time series.

    Parameters
    ----------
    shape
        (T, Y, X).
    band, seed, dtype, ties
        As in `inputs.synthetic.scenes.scene`; the landscape of a seed is the same in scenes and stacks.

    Returns
    -------
    numpy.ndarray
        (T, Y, X), C order, without missing values. Vegetation follows a yearly cycle whose phase and strength differ
        from parcel to parcel; noise is independent from date to date.
    """
    rng = noise_stream(seed, band)
    surface = survey(shape[1:], seed).rows(slice(0, shape[1]))
    out = np.empty(shape, dtype=dtype)
    for t, day in enumerate(days(shape[0])):
        summer, spring = season(day)
        green = surface.early * (AMPLITUDE * summer)
        green += surface.late * (AMPLITUDE * spring)
        green += surface.vegetation
        np.clip(green, 0.0, 1.0, out=green)
        out[t] = encode(reflectance(surface, green, band, rng, working_dtype(dtype)), dtype, ties=ties)
    return out
