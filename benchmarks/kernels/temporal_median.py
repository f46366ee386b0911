"""Median over time of the values that are not missing: the cloud-free composite."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._networks import median_pairs
from benchmarks.kernels._shared import NUMBERS, missing, over_time
from benchmarks.peers import bottleneck_, eo_processor_, numbagg_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose


def oracle(x: Array, axis: int = 0, *, nodata: Any = None, mask: Any = None,
           dtype: Any = None) -> Array:  # fmt: skip
    """Sort each series with its gaps last: the middle, or half of each of its two middles where they differ."""
    gaps = missing(x, nodata=nodata, mask=mask)
    series = np.sort(np.moveaxis(np.where(gaps, np.nan, x.astype(np.float64)), axis, 0), axis=0)
    if len(series) == 0:
        return np.full(series.shape[1:], np.nan)
    count = (~np.isnan(series)).sum(axis=0, keepdims=True)
    low = np.take_along_axis(series, np.maximum(count - 1, 0) // 2, axis=0)[0]
    high = np.take_along_axis(series, count // 2, axis=0)[0]
    with np.errstate(invalid="ignore"):  # the middles may be −inf and +inf
        return np.asarray(np.where(low == high, low, low * 0.5 + high * 0.5))


def _nanmedian(x: Array, *, axis: int = 0) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(x, axis=axis))


KERNEL = Kernel(
    name="temporal_median", title="Temporal median", cost_class="C5",
    family="temporal", signature="(t)->()", oracle=oracle,
    bands=("nir",), arguments=("x",), keywords=over_time,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="One middle, or two that are equal, is exact; of others each is halved exactly and their sum "
        "rounded by half an ulp. Among subnormals a half may be rounded as well, by half the least one: 1 ulp in all.",
        missing="NaN, nodata or True in the mask leaves a value out; no value left gives NaN; infinities are data.",
    ),
    cost=Cost(lambda shape: median_pairs(shape[0]) * float(np.prod(shape[1:])), "min-max pair"),
    golden=goldens("temporal_median"),
    authority=Authority("numpy.nanmedian", _nanmedian, rtol=1e-15),
    peers=(bottleneck_.TEMPORAL_MEDIAN, numbagg_.TEMPORAL_MEDIAN, eo_processor_.TEMPORAL_MEDIAN),
    prose=Prose(
        why="The composite behind most annual mosaics, and often their heaviest step: a selection per pixel.",
        expect="Min/max networks over many pixels at once beat clever selection per pixel, up to a few hundred dates.",
        surprise="np.nanmedian goes through masked arrays; one np.sort, which puts NaN last, is several times faster.",
        does="the cloud-free composite", limit="arithmetic: many comparisons for each pixel",
    ),
    source=("Flood 2013, Remote Sensing 5, 6481–6500", "Batcher 1968, AFIPS SJCC 32, 307–314"),
)  # fmt: skip
