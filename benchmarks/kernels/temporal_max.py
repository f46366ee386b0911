"""Maximum over time of the values that are not missing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, missing, over_time
from benchmarks.peers import bottleneck_, numbagg_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose


def oracle(x: Array, axis: int = 0, *, nodata: Any = None, mask: Any = None, dtype: Any = None) -> Array:
    """Keep, date by date, whatever is larger than all before it; NaN is what there is before the first value."""
    gaps = np.moveaxis(missing(x, nodata=nodata, mask=mask), axis, 0)
    most = np.full(gaps.shape[1:], np.nan)
    for date, gap in zip(np.moveaxis(x.astype(np.float64), axis, 0), gaps, strict=True):
        most = np.where(~gap & ~(most >= date), date, most)
    return np.asarray(most + 0.0)  # +0 of a zero of either sign


def _nanmax(x: Array, *, axis: int = 0) -> Array:
    if x.shape[axis] == 0:  # which np.nanmax refuses
        return np.full(np.delete(x.shape, axis), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmax(x, axis=axis))


KERNEL = Kernel(
    name="temporal_max", title="Temporal maximum", cost_class="C4", family="temporal", signature="(t)->()",
    oracle=oracle, bands=("nir",), arguments=("x",), keywords=over_time,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 0, "float64": 0},
        tolerance_reason="The maximum is one of the values, and every output dtype holds the values of its inputs.",
        missing="NaN, nodata or True in the mask leaves a value out; no value left gives NaN; infinities are data. "
        "A zero is +0, whatever the signs of those that there are, so that their order does not show.",
    ),
    cost=Cost(),  # a comparison for every value read: memory limits it
    golden=goldens("temporal_max"),
    authority=Authority("numpy.nanmax", _nanmax, rtol=0.0),
    peers=(bottleneck_.TEMPORAL_MAX, numbagg_.TEMPORAL_MAX),
    prose=Prose(
        why="The composite of greenest pixels, and the reduction with the least arithmetic: what is left is reading.",
        expect="One pass at the speed of memory; np.nanmax makes a second one over its result, and no copy.",
        surprise="np.fmax.reduce passes over NaN by itself: floats without nodata need neither a mask nor a copy.",
        does="maximum-value composite", limit="memory: the whole stack of dates must be read",
    ),
    source=("Holben 1986, International Journal of Remote Sensing 7, 1417–1434",),
)  # fmt: skip
