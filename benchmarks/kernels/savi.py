"""Soil-adjusted vegetation index (1 + L)·(nir − red) / (nir + red + L)."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.kernels._shared import NUMBERS, guard, in_counts, meant, missing, of_reflectance, output_dtype
from benchmarks.peers import eo_processor_, numexpr_
from benchmarks.spec import Array, Authority, Contract, Cost, Golden, Kernel, Prose, Shift

PACKAGE = "eo-processor 0.23.1, savi"


def soil(*, scale: Any = None, offset: Any = None, L: float = 0.5, **_: Any) -> float:
    """Return L, or what stands for it where the bands are counts."""
    return in_counts(meant(L), 2.0, scale, offset)


def oracle(nir: Array, red: Array, *, L: float = 0.5, scale: Any = None, offset: Any = None, nodata: Any = None,
           mask: Any = None, min_denominator: float = 0.0, dtype: Any = None) -> Array:  # fmt: skip
    """Return the index: numerator and denominator step by step in the output dtype, the quotient in float64."""
    out = output_dtype(nir, dtype)
    gaps, least = missing(nir, red, nodata=nodata, mask=mask), guard(min_denominator, scale, out)
    n, r = nir.astype(out), red.astype(out)
    with np.errstate(all="ignore"):
        numerator = out.type(1.0 + meant(L)) * (n - r)
        denominator = (n + r) + out.type(soil(scale=scale, offset=offset, L=L))
        quotient = numerator.astype(np.float64) / denominator.astype(np.float64)
    return np.where(gaps | (np.abs(denominator) <= least), np.nan, quotient)


def _evaluate(nir: Array, red: Array, *, L: float = 0.5, scale: Any = None, offset: Any = None,
              min_denominator: float = 0.0) -> Array:  # fmt: skip
    import numexpr

    given = {"n": nir, "r": red, "l": L, "k": soil(scale=scale, offset=offset, L=L), "nan": np.nan}
    given |= {"least": guard(min_denominator, scale, np.dtype(float))}
    given = {name: np.asarray(value, np.float64) for name, value in given.items()}
    expression = "where(abs((n + r) + k) <= least, nan, (1 + l) * (n - r) / ((n + r) + k))"
    return np.asarray(numexpr.evaluate(expression, local_dict=given, global_dict={}))


KERNEL = Kernel(
    name="savi", title="Soil-adjusted vegetation index", cost_class="C1", family="elementwise", signature="(),()->()",
    bands=("nir", "red"), arguments=("nir", "red"), oracle=oracle, keywords=of_reflectance,
    for_integers={"scale": 1.0, "offset": 0.0}, shift=Shift(soil, "scale"),
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 1},
        tolerance_reason="The contract fixes the order of every step, so numerator and denominator have one value in "
        "the output dtype; the division rounds by half an ulp.",
        missing="NaN or nodata in either band, or True in the mask, gives NaN; infinities are data.",
        zero_denominator="|denominator| ≤ min_denominator (rounded to the output dtype) gives NaN; with a scale the "
        "guard is in the unit of scaled values.",
        in_place=True, broadcasts=True,
    ),
    cost=Cost(),  # five operations for twelve bytes: memory limits it
    golden=(
        Golden("reflectance", ([0.5, 0.45, 0.03, 0.25], [0.25, 0.05, 0.02, 0.25]), [0.3, 0.6, 0.3 / 11, 0.0], "float64",
               PACKAGE),
        Golden("another L", ([0.5, 0.45, 0.03], [0.25, 0.05, 0.02]), [0.3125, 2 / 3, 0.125 / 3], "float64", PACKAGE,
               {"L": 0.25}),
        Golden("counts", ([4500, 1500], [2000, 1200]), [0.39473684210526316, 0.07894736842105263], "uint16",
               f"{PACKAGE}, of 0.35, 0.05 and 0.1, 0.02", {"scale": 1e-4, "offset": -0.1}, rtol=1e-7),
    ),
    authority=Authority("numexpr", _evaluate, rtol=1e-15),
    peers=(numexpr_.SAVI, eo_processor_.SAVI),
    prose=Prose(
        why="The usual index where soil shows between the plants: an NDVI with a constant for its brightness.",
        expect="Two bands are read and one is written: the time of a copy, where one pass does all five operations.",
        surprise="L = 0.5 vanishes beside counts, and 1.5 times the NDVI is left: integers need scale and offset.",
        does="vegetation and water indices", limit="reading and writing memory",
    ),
    source=("Huete 1988, Remote Sensing of Environment 25, 295–309",),
)  # fmt: skip
