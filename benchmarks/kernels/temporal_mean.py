"""Mean over time of the values that are not missing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, missing, over_time
from benchmarks.peers import bottleneck_, eo_processor_, numbagg_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose


def oracle(x: Array, axis: int = 0, *, nodata: Any = None, mask: Any = None,
           dtype: Any = None) -> Array:  # fmt: skip
    """Add the valid dates one after the other in float64 and divide by their number."""
    gaps = np.moveaxis(missing(x, nodata=nodata, mask=mask), axis, 0)
    total = np.zeros(gaps.shape[1:])
    with np.errstate(all="ignore"):
        for date, gap in zip(np.moveaxis(x.astype(np.float64), axis, 0), gaps, strict=True):
            total += np.where(gap, 0.0, date)
        return np.asarray(total / (~gaps).sum(axis=0))


def _nanmean(x: Array, *, axis: int = 0) -> Array:
    # Two copies of each pixel, time first, make NumPy add date by date; a lone series it would add pairwise.
    doubled = np.stack([np.moveaxis(x, axis, 0)] * 2, axis=-1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(doubled, axis=0)[..., 0])


KERNEL = Kernel(
    name="temporal_mean", title="Temporal mean", cost_class="C4", family="temporal", signature="(t)->()", oracle=oracle,
    bands=("nir",), arguments=("x",), keywords=over_time,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Sum and quotient are float64, the dates added in their order, so the mean has one value in "
        "float64; it is rounded to the output dtype once, by half an ulp.",
        missing="NaN, nodata or True in the mask leaves a value out; no value left gives NaN; infinities are data.",
    ),
    cost=Cost(),  # an addition for every value read: memory limits it
    golden=goldens("temporal_mean"),
    authority=Authority("numpy.nanmean", _nanmean, rtol=1e-15),
    peers=(bottleneck_.TEMPORAL_MEAN, numbagg_.TEMPORAL_MEAN, eo_processor_.TEMPORAL_MEAN),
    prose=Prose(
        why="The cheapest summary of a stack: how close does it come to the time of reading the stack once?",
        expect="One pass without branches at gaps; np.nanmean writes a copy and a mask of the whole stack.",
        surprise="A plain sum over time nearly reaches the bandwidth; nearly all the time above it goes into gaps.",
        does="mean over the clear dates", limit="memory: the whole stack of dates must be read",
    ),
    source=("Higham 2002, Accuracy and Stability of Numerical Algorithms, chapter 4",),
)  # fmt: skip
