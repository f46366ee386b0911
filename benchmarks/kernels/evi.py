"""Enhanced vegetation index G·(nir − red) / (nir + C1·red − C2·blue + L)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.goldens import goldens
from benchmarks.kernels._shared import NUMBERS, missing, nodata_of
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose
from inputs.cases import Case


def oracle(nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
           nodata: int | None = None, mask: Array | None = None, min_denominator: float = 0.0,
           dtype: Any = None) -> Array:  # fmt: skip
    """Return the index: numerator and denominator step by step in the output dtype, the quotient in float64."""
    out = np.dtype(dtype or (nir.dtype if nir.dtype.kind == "f" else "float32"))
    gaps = missing(nir, red, blue, nodata=nodata, mask=mask)
    n, r, b = nir.astype(out), red.astype(out), blue.astype(out)
    with np.errstate(all="ignore"):
        gain, c1, c2, soil, least = (out.type(value) for value in (G, C1, C2, L, min_denominator))
        numerator = gain * (n - r)
        denominator = ((n + c1 * r) - c2 * b) + soil
        quotient = numerator.astype(np.float64) / denominator.astype(np.float64)
    return np.where(gaps | (np.abs(denominator) <= least), np.nan, quotient)


def _evaluate(nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
              min_denominator: float = 0.0) -> Array:  # fmt: skip
    import numexpr

    given = {"n": nir, "r": red, "b": blue, "g": G, "c": C1, "d": C2, "l": L, "least": min_denominator, "nan": np.nan}
    given = {name: np.asarray(value, np.float64) for name, value in given.items()}
    expression = "where(abs(((n + c * r) - d * b) + l) <= least, nan, g * (n - r) / (((n + c * r) - d * b) + l))"
    return np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}))


def _keywords(case: Case) -> Mapping[str, Any]:
    # L is a reflectance, added to bands that are reflectances. Counts of 10 000 to the unit need it in that unit; with
    # L = 1 the index of counts is another one, in which the soil term is nothing.
    counts = {} if case.dtype.startswith("float") else {"L": 10_000.0}
    return {**counts, **nodata_of(case)}


KERNEL = Kernel(
    name="evi", title="Enhanced vegetation index", cost_class="C1", family="elementwise",
    bands=("nir", "red", "blue"), arguments=("nir", "red", "blue"), oracle=oracle, keywords=_keywords,
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="The contract fixes the order of every step, without fused multiply-add, so numerator and "
        "denominator have one value in the output dtype; the division rounds by half an ulp.",
        missing="NaN or nodata in any band, or True in the mask, gives NaN; infinities are data.",
        zero_denominator="|denominator| ≤ min_denominator (rounded to the output dtype) gives NaN; 0 guards exact zero "
        "only, so over clouds, where the denominator crosses zero, large values of either sign are kept.",
        in_place=True, broadcasts=True,
    ),
    cost=Cost(),  # eight operations for sixteen bytes: memory limits it
    golden=goldens("evi"),
    authority=Authority("numexpr", _evaluate, rtol=1e-15),
    peers=(numexpr_.EVI, eo_processor_.EVI),
    prose=Prose(
        why="Three bands and eight operations: the step from an index to a formula, where temporaries begin to count.",
        expect="Fused loops read three bands and write one; NumPy, even blocked, passes seven times over its blocks.",
        surprise="Clouds make the denominator cross zero: a guard that turns small ones into 0 invents values.",
    ),
    source=("Huete et al. 2002, Remote Sensing of Environment 83, 195–213",),
)  # fmt: skip
