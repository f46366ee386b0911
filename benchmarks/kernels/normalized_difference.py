"""Normalised difference (a − b) / (a + b): NDVI, NDWI, NBR and every index of that form."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, guard, missing, nodata_of, output_dtype
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose


def oracle(a: Array, b: Array, *, nodata: Any = None, mask: Any = None, min_denominator: float = 0.0,
           dtype: Any = None) -> Array:  # fmt: skip
    """Return (a − b) / (a + b): difference and sum in the output dtype, as in the contract, the quotient in float64."""
    out = output_dtype(a, dtype)
    gaps, least = missing(a, b, nodata=nodata, mask=mask), guard(min_denominator, None, out)
    with np.errstate(all="ignore"):
        total, difference = a.astype(out) + b.astype(out), a.astype(out) - b.astype(out)
        ratio = difference.astype(np.float64) / total.astype(np.float64)
        return np.where(gaps | (np.abs(total) <= least), np.nan, ratio)


def _evaluate(a: Array, b: Array, *, min_denominator: float = 0.0) -> Array:
    import numexpr

    given = {"a": a, "b": b, "least": np.float64(min_denominator), "nan": np.float64(np.nan)}
    expression = "where(abs(a + b) <= least, nan, (a - b) / (a + b))"
    return np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}))


KERNEL = Kernel(
    name="normalized_difference",
    title="Normalised difference", cost_class="C1",
    family="elementwise", signature="(),()->()",
    bands=("nir", "red"), arguments=("a", "b"), oracle=oracle,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 3, "float64": 3},
        tolerance_reason="Difference, sum and quotient are each rounded once, by half an ulp at most, a relative 2⁻ᵖ "
        "(p bits of significand); three of these make 3 ulp at most, at the lower end of a binade.",
        missing="NaN or nodata in either array, or True in the mask, gives NaN; infinities are data.",
        zero_denominator="|a + b| ≤ min_denominator (rounded to the output dtype) gives NaN; 0 guards exact zero only.",
        in_place=True,
        broadcasts=True,
    ),
    cost=Cost(),  # three operations for twelve bytes: memory limits it
    keywords=nodata_of,
    golden=goldens("normalized_difference"),
    authority=Authority("numexpr", _evaluate, rtol=1e-15),
    peers=(numexpr_.NORMALIZED_DIFFERENCE, eo_processor_.NORMALIZED_DIFFERENCE),
    prose=Prose(
        why="The index that everybody computes, and the simplest test of memory: two reads, one write.",
        expect="Good implementations all reach the memory bandwidth; NumPy also writes and reads temporary arrays.",
        surprise="With out= much of a compiled kernel's gain is gone, and on small arrays the call itself decides.",
        does="vegetation and water indices", limit="reading and writing memory",
    ),
    source=("Rouse et al. 1974, NASA SP-351, 309–317", "Tucker 1979, Remote Sensing of Environment 8, 127–150"),
)  # fmt: skip
