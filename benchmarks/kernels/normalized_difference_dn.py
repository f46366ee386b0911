"""Normalised difference of counts, as if each had been scaled first: (a − b) / (a + b + k), k = 2·offset/scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, SENTINEL_2, guard, in_counts, missing, output_dtype
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose, Shift
from inputs.cases import Case


def shift(*, scale: float, offset: float, **_: Any) -> float:
    """Return k = 2·offset/scale, which the sum of two counts lacks to be that of two scaled values."""
    return in_counts(0.0, 2.0, scale, offset)


def oracle(a: Array, b: Array, *, scale: float, offset: float, nodata: Any, mask: Any = None,
           min_denominator: float = 0.0, dtype: Any = None) -> Array:  # fmt: skip
    """Return (a − b) / ((a + b) + k): the scale cancels. Difference and sum are in the output dtype, in this order."""
    out = output_dtype(a, dtype)
    gaps, least = missing(a, b, nodata=nodata, mask=mask), guard(min_denominator, scale, out)
    with np.errstate(all="ignore"):
        difference = a.astype(out) - b.astype(out)
        denominator = (a.astype(out) + b.astype(out)) + out.type(shift(scale=scale, offset=offset))
        quotient = difference.astype(np.float64) / denominator.astype(np.float64)
    return np.where(gaps | (np.abs(denominator) <= least), np.nan, quotient)


def _evaluate(a: Array, b: Array, *, scale: float, offset: float, min_denominator: float = 0.0) -> Array:
    import numexpr

    least = guard(min_denominator, scale, np.dtype(float))
    given = {"a": a, "b": b, "k": shift(scale=scale, offset=offset), "least": least}
    given = {name: np.asarray(value, np.float64) for name, value in {**given, "nan": np.nan}.items()}
    expression = "where(abs((a + b) + k) <= least, nan, (a - b) / ((a + b) + k))"
    return np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}))


def _keywords(case: Case) -> Mapping[str, Any]:
    return {**SENTINEL_2, "nodata": case.nodata}


KERNEL = Kernel(
    name="normalized_difference_dn", title="Normalised difference of counts", cost_class="C2",
    family="counts", signature="(),()->()",
    bands=("nir", "red"), arguments=("a", "b"), oracle=oracle, keywords=_keywords,
    required={**SENTINEL_2, "nodata": None}, shift=Shift(shift, "offset"),
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="Difference, sum and the sum with the shift are rounded to the output dtype in a fixed order, "
        "so numerator and denominator have one value; the division rounds by half an ulp.",
        missing="NaN or nodata in either array, or True in the mask, gives NaN; infinities are data.",
        zero_denominator="|(a + b) + k| ≤ min_denominator / |scale| gives NaN: the guard is in the unit of scaled "
        "values. 0 guards exact zero only, which k, rounded to an integer it is near, meets where scaled floats miss.",
        in_place=True, broadcasts=True,
    ),
    cost=Cost(),  # four operations for eight bytes: memory limits it
    golden=goldens("normalized_difference_dn"),
    authority=Authority("numexpr", _evaluate, rtol=1e-15),
    peers=(numexpr_.NORMALIZED_DIFFERENCE_DN, eo_processor_.NORMALIZED_DIFFERENCE_DN),
    prose=Prose(
        why="Archives hold counts. To scale them first costs two float arrays that nobody needs afterwards.",
        expect="One pass reads two bytes a band; the usual way writes and reads arrays of four or eight bytes.",
        surprise="With an offset the scale does not cancel out, and scaled sums that should be 0 are not.",
        does="an index straight from archived 16-bit counts: scale, offset, nodata",
        limit="memory, where one pass does all steps",
    ),
    source=("ESA, Sentinel-2 Products Specification Document, processing baseline 04.00",
            "USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619"),
)  # fmt: skip
