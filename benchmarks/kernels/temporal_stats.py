"""Mean, standard deviation and number of the values over time that are not missing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, missing, over_time
from benchmarks.peers import bottleneck_, eo_processor_, numbagg_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Output, Prose


def oracle(x: Array, axis: int = 0, ddof: int = 0, *, nodata: Any = None, mask: Any = None,
           dtype: Any = None) -> tuple[Array, ...]:  # fmt: skip
    """Add the valid dates one after the other, then their distances from the mean and the squares, all in float64.

    What the distances add up to is the mean's own rounding error. In the end it is taken out of the squares of floats.
    """
    gaps = np.moveaxis(missing(x, nodata=nodata, mask=mask), axis, 0)
    dates = np.moveaxis(x.astype(np.float64), axis, 0)
    count = (~gaps).sum(axis=0)
    total, distance, squares = np.zeros(count.shape), np.zeros(count.shape), np.zeros(count.shape)
    with np.errstate(all="ignore"):
        for date, gap in zip(dates, gaps, strict=True):
            total += np.where(gap, 0.0, date)
        mean = total / count
        for date, gap in zip(dates, gaps, strict=True):
            distance += np.where(gap, 0.0, date - mean)
            squares += np.where(gap, 0.0, (date - mean) * (date - mean))
        if x.dtype.kind == "f":
            squares = np.maximum(squares - distance * distance / count, 0.0)
        std = np.where(count > ddof, np.sqrt(squares / (count - ddof)), np.nan)
    return mean, std, count.astype(np.float64)


def _nanstats(x: Array, *, axis: int = 0, ddof: int = 0) -> tuple[Array, ...]:
    # Two copies of each pixel, time first, make NumPy add date by date; a lone series it would add pairwise.
    doubled = np.stack([np.moveaxis(x, axis, 0)] * 2, axis=-1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        mean, count = np.nanmean(doubled, axis=0), np.count_nonzero(~np.isnan(doubled), axis=0)
        distance, there = doubled - mean, ~np.isnan(doubled)
        spread = np.sum(distance**2, 0, where=there) - np.sum(distance, 0, where=there) ** 2 / count
        std = np.sqrt(np.where(count > ddof, np.maximum(spread, 0.0) / (count - ddof), np.nan))
    return mean[..., 0], std[..., 0], count[..., 0]


KERNEL = Kernel(
    name="temporal_stats", title="Temporal mean, standard deviation and count", cost_class="C4",
    family="temporal", signature="(t)->(),(),()",
    bands=("nir",), arguments=("x",), oracle=oracle, keywords=over_time,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Both passes and the correction are float64, the dates added in their order, so mean and "
        "deviation have one value in float64; each is rounded to the output dtype once, by half an ulp. Counts are "
        "exact.",
        missing="NaN, nodata or True in the mask leaves a value out; no value left gives NaN and count 0, no more than "
        "ddof values a deviation of NaN; infinities are data.",
        outputs=(Output("mean"), Output("std"), Output("count", "int32")),
    ),
    cost=Cost(),  # four operations for every value read once: memory limits it
    golden=goldens("temporal_stats"),
    authority=Authority("numpy.nanmean and sum", _nanstats, rtol=1e-15),
    peers=(bottleneck_.TEMPORAL_STATS, numbagg_.TEMPORAL_STATS, eo_processor_.TEMPORAL_STATS),
    prose=Prose(
        why="Two passes over the dates for the price of one read: a kernel manages that only if it works in tiles.",
        expect="With a tile in the second-level cache the second pass is nearly free; NumPy reads the stack often.",
        surprise="The sum of squares in one pass is as fast, but at an offset of 1e8 it gives a deviation of 0.",
        does="mean and standard deviation over the clear dates, and their number",
        limit="memory: the whole stack of dates must be read",
    ),
    source=("Chan, Golub & LeVeque 1983, The American Statistician 37, 242–247",
            "Welford 1962, Technometrics 4, 419–420"),
)  # fmt: skip
