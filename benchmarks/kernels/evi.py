"""Enhanced vegetation index G·(nir − red) / (nir + C1·red − C2·blue + L)."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.kernels._goldens import goldens
from benchmarks.kernels._shared import NUMBERS, guard, in_counts, meant, missing, of_reflectance, output_dtype
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Kernel, Prose, Shift


def soil(*, scale: Any = None, offset: Any = None, C1: float = 6.0, C2: float = 7.5, L: float = 1.0, **_: Any) -> float:
    """Return L, or what stands for it where the bands are counts."""
    return in_counts(meant(L), 1.0 + meant(C1) - meant(C2), scale, offset)


def oracle(nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
           scale: Any = None, offset: Any = None, nodata: Any = None, mask: Any = None, min_denominator: float = 0.0,
           dtype: Any = None) -> Array:  # fmt: skip
    """Return the index: numerator and denominator step by step in the output dtype, the quotient in float64."""
    out = output_dtype(nir, dtype)
    gaps = missing(nir, red, blue, nodata=nodata, mask=mask)
    n, r, b = nir.astype(out), red.astype(out), blue.astype(out)
    k, least = soil(scale=scale, offset=offset, C1=C1, C2=C2, L=L), guard(min_denominator, scale, out)
    with np.errstate(all="ignore"):
        gain, c1, c2 = (out.type(meant(value)) for value in (G, C1, C2))
        numerator = gain * (n - r)
        denominator = ((n + c1 * r) - c2 * b) + out.type(k)
        quotient = numerator.astype(np.float64) / denominator.astype(np.float64)
    return np.where(gaps | (np.abs(denominator) <= least), np.nan, quotient)


def _evaluate(nir: Array, red: Array, blue: Array, *, G: float = 2.5, C1: float = 6.0, C2: float = 7.5, L: float = 1.0,
              scale: Any = None, offset: Any = None, min_denominator: float = 0.0) -> Array:  # fmt: skip
    import numexpr

    k = soil(scale=scale, offset=offset, C1=C1, C2=C2, L=L)
    least = guard(min_denominator, scale, np.dtype(float))
    given = {"n": nir, "r": red, "b": blue, "g": G, "c": C1, "d": C2, "l": k, "least": least, "nan": np.nan}
    given = {name: np.asarray(value, np.float64) for name, value in given.items()}
    expression = "where(abs(((n + c * r) - d * b) + l) <= least, nan, g * (n - r) / (((n + c * r) - d * b) + l))"
    return np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}))


KERNEL = Kernel(
    name="evi", title="Enhanced vegetation index", cost_class="C1", family="elementwise", signature="(),(),()->()",
    bands=("nir", "red", "blue"), arguments=("nir", "red", "blue"), oracle=oracle, keywords=of_reflectance,
    for_integers={"scale": 1.0, "offset": 0.0}, shift=Shift(soil, "scale"),
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="The contract fixes the order of every step, without fused multiply-add, so numerator and "
        "denominator have one value in the output dtype; the division rounds by half an ulp.",
        missing="NaN or nodata in any band, or True in the mask, gives NaN; infinities are data.",
        zero_denominator="|denominator| ≤ min_denominator (rounded to the output dtype) gives NaN; 0 guards exact zero "
        "only, so over clouds, where the denominator crosses zero, large values of either sign are kept. With a scale "
        "the guard is in the unit of scaled values: |denominator of counts| ≤ min_denominator / |scale|.",
        in_place=True, broadcasts=True,
    ),
    cost=Cost(),  # eight operations for sixteen bytes: memory limits it
    golden=goldens("evi"),
    authority=Authority("numexpr", _evaluate, rtol=1e-15),
    peers=(numexpr_.EVI, eo_processor_.EVI),
    prose=Prose(
        why="Three bands and eight operations: a formula long enough for temporary arrays to take most of the time.",
        expect="Fused loops read three bands and write one; NumPy, even blocked, passes seven times over its blocks.",
        surprise="L = 1 is meant for reflectance and vanishes beside counts of 10 000: integers need scale and offset.",
        does="vegetation and water indices", limit="reading and writing memory",
    ),
    source=("Huete et al. 2002, Remote Sensing of Environment 83, 195–213",),
)  # fmt: skip
