"""Makes ``values.json``: each golden value computed by an outside package, or copied from where it is published.

It needs packages that the lab does not have, so it runs in an environment of its own, from the root of the repository::

    python3 -m venv /tmp/golden
    /tmp/golden/bin/python -m pip install spyndex==0.12.0 xarray
    /tmp/golden/bin/python inputs/golden/make.py

The file names the versions that it was made with. ``tests/inputs/test_golden.py`` holds its inputs against the recipes
here without any of these packages, and its values against those recipes that need nothing but Python and NumPy. It is
longer than other modules, as all recipes stand in one place.
"""

from __future__ import annotations

import importlib
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

STORED = Path(__file__).with_name("values.json")
NAN = math.nan
SENTINEL_2 = {"scale": 1e-4, "offset": -0.1, "nodata": 0}
LANDSAT = {"scale": 2.75e-5, "offset": -0.2, "nodata": 0}


@dataclass(frozen=True)
class Recipe:
    """One golden value: what goes in, and the outside function that says what must come out.

    `answer` takes the arrays and the keywords and returns nested lists, one for each output where there are several.
    `package` is what it imports; empty where Python or NumPy is the authority, or a published figure is copied.
    """

    kernel: str
    name: str
    dtype: str
    arrays: tuple[Any, ...]
    source: str
    answer: Callable[..., Any]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    rtol: float = 1e-12


def spyndex_index(index: str, *bands: Any, **constants: Any) -> Any:
    """Compute an index by its catalogue formula from reflectance; the bands are N, R and B in this order."""
    values = dict(zip("NRB", (np.array(band, np.float64) for band in bands), strict=False))
    return importlib.import_module("spyndex").computeIndex(index, {**values, **constants})


def ndvi(a: Any, b: Any, *, scale: float = 1.0, offset: float = 0.0, **_: Any) -> Any:
    """Scale both bands, then take spyndex' NDVI of reflectances."""
    scaled = (np.array(band, np.float64) * scale + offset for band in (a, b))
    return spyndex_index("NDVI", *scaled).tolist()


def evi(nir: Any, red: Any, blue: Any, *, scale: float = 1.0, offset: float = 0.0, **_: Any) -> Any:
    """Bring counts to reflectance, then take spyndex' EVI."""
    bands = (np.array(band, np.float64) * scale + offset for band in (nir, red, blue))
    return spyndex_index("EVI", *bands, g=2.5, C1=6.0, C2=7.5, L=1.0).tolist()


def exact_evi(nir: Any, red: Any, blue: Any, *, scale: float, offset: float, nodata: int, **_: Any) -> Any:
    """Take EVI as Huete et al. (2002) print it, in exact fractions of the decimal constants; over exactly 0 null."""
    factor, shift = decimal(scale), decimal(offset)
    found: list[float | None] = []
    for counts in zip(nir, red, blue, strict=True):
        n, r, b = (count * factor + shift for count in counts)
        below = n + 6 * r - Fraction(15, 2) * b + 1
        found.append(None if nodata in counts or below == 0 else float(Fraction(5, 2) * (n - r) / below))
    return found


def evi_with_constants(nir: Any, red: Any, blue: Any, *, G: float, C1: float, C2: float, L: float) -> Any:
    """Take spyndex' EVI with constants of one's own."""
    return spyndex_index("EVI", nir, red, blue, g=G, C1=C1, C2=C2, L=L).tolist()


def decimal(number: float) -> Fraction:
    """Return the decimal that a constant was before it became binary, with no more digits than metadata give."""
    return Fraction(f"{number:.7g}")


def exact_ratio(a: Any, b: Any, *, scale: float, offset: float, nodata: int | None, **_: Any) -> list[float | None]:
    """Scale, subtract, add and divide in exact fractions of the decimal constants; a sum of exactly 0 gives null."""
    factor, shift = decimal(scale), decimal(offset)
    found: list[float | None] = []
    for one, other in zip(a, b, strict=True):
        x, y = Fraction(one) * factor + shift, Fraction(other) * factor + shift
        found.append(None if nodata in (one, other) or x + y == 0 else float((x - y) / (x + y)))
    return found


def decoded(dn: Any, *, scale: float, offset: float, nodata: int, qa: Any, **quality: Any) -> Any:
    """Decode as CF conventions say, then keep what the quality band lets stay: what odc-algo's users do."""
    xarray = importlib.import_module("xarray")
    attrs = {"_FillValue": np.uint16(nodata), "scale_factor": np.float64(scale), "add_offset": np.float64(offset)}
    packed = xarray.Dataset({"dn": (("y", "x"), np.array(dn, np.uint16), attrs)})
    values = xarray.decode_cf(packed)["dn"]
    flags = xarray.DataArray(qa, dims=("y", "x"))
    seen = flags.isin(list(quality["keep"])) if "keep" in quality else (flags & quality["reject_bits"]) == 0
    return values.where(seen).values.tolist()


def fields_decoded(dn: Any, *, scale: float, offset: float, nodata: int, qa: Any, **rejected: Any) -> Any:
    """Read each word's binary digits as the product guides print them: rejected bits, then rejected fields.

    A field of a guide is its first and last bit; what the keyword calls it is a mask, and this never uses one.
    """
    single = [bit for bit in range(16) if rejected.get("reject_bits", 0) & 2**bit]
    found = []
    for counts, words in zip(dn, qa.tolist(), strict=True):
        digits = [f"{word:016b}"[::-1] for word in words]  # digit k is bit k
        bad = [any(word[bit] == "1" for bit in single) for word in digits]
        for (first, last), values in rejected["fields"].items():
            bad = [b or int(word[first : last + 1][::-1], 2) in values for b, word in zip(bad, digits, strict=True)]
        pairs = zip(counts, bad, strict=True)
        exact = (float(dn * decimal(scale) + decimal(offset)) if dn != nodata and not b else None for dn, b in pairs)
        found.append(list(exact))
    return found


def with_fields(fields: Mapping[tuple[int, int], Sequence[int]]) -> Callable[..., Any]:
    """Return `fields_decoded` for fields named by their first and last bit, as a product guide names them."""

    def answer(dn: Any, *, reject_fields: Any, **kwargs: Any) -> Any:
        asked = {sum(2**bit for bit in range(first, last + 1)): values for (first, last), values in fields.items()}
        if {mask: sorted(values) for mask, values in reject_fields.items()} != asked:
            raise ValueError(f"reject_fields: {reject_fields} are not the guide's {fields}")
        return fields_decoded(dn, fields=fields, **kwargs)

    return answer


def nan_statistics(x: Any, *, axis: int = 0, ddof: int = 0) -> Any:
    """Return NumPy's mean, deviation and number of the values that are not NaN."""
    values = np.array(x, np.float64)
    mean, std = np.nanmean(values, axis=axis), np.nanstd(values, axis=axis, ddof=ddof)
    return [mean.tolist(), std.tolist(), np.sum(~np.isnan(values), axis=axis).tolist()]


def exact_statistics(x: Sequence[int], *, ddof: int = 0, nodata: int | None = None) -> Any:
    """Return mean, deviation and number by Python's ``statistics``, which computes in exact fractions."""
    values = [Fraction(value) for value in x if value != nodata]
    deviation = statistics.stdev(values) if ddof else statistics.pstdev(values)
    return [float(statistics.mean(values)), float(deviation), len(values)]


def exact_mean(x: Sequence[int], *, nodata: int | None = None) -> float:
    """Return the mean by Python's ``statistics``, which computes in exact fractions."""
    return float(statistics.mean(Fraction(value) for value in x if value != nodata))


def published(expected: Any) -> Callable[..., Any]:
    """Return an answer that is copied from where it is printed."""
    return lambda *_arrays, **_kwargs: expected


MANUAL = [[10.0, NAN, 4.0], [3.0, 2.0, 1.0]]
MANUAL_2 = [[1.0, NAN], [3.0, 4.0]]
MANUAL_3 = [[1.0, 2.0], [3.0, NAN]]
COUNTS = ([6430, 7430, 2750, 0, 1500], [1750, 2750, 7430, 900, 500])
SCL = {"array": [[4, 8, 5], [7, 6, 7]], "dtype": "uint8"}
QA_PIXEL = {"array": [[21824, 22280, 54596], [23888, 21952, 1]], "dtype": "uint16"}
QA_PIXEL_2 = {"array": [[21824, 22080, 22280], [23888, 24088, 54596], [30048, 55052, 1]], "dtype": "uint16"}
"""As the guide's table of pixel values has them: clear; cloud of medium and of high confidence; shadow, and that with
cloud; cirrus; snow; cirrus with cloud of high confidence; fill."""
FMASK = {"array": [[64, 224, 192], [66, 68, 200], [130, 160, 255]], "dtype": "uint8"}
"""Clear with low, high (over water) and high aerosol; cloud; beside cloud; shadow with high aerosol; cloud with
moderate aerosol; water with moderate aerosol; fill."""
STATE_1KM = {"array": [[72, 73, 74], [75, 76, 200], [1096, 136, 330]], "dtype": "uint16"}
"""Land with low aerosol: clear, cloudy, mixed, not set, shadow; then high aerosol; internal cloud; average aerosol;
small cirrus with mixed cloud."""
DN_3 = [[7273, 18000, 43636], [9000, 8000, 30000], [12345, 20000, 0]]
HLS_DN = [[412, 3120, 1875], [-9999, 250, 2600], [980, 4400, 9000]]
MODIS_DN = [[1200, -28672, 4500], [-100, 16000, 2250], [800, 3333, 5120]]
HLS = {"scale": 1e-4, "offset": 0.0, "nodata": -9999}
MODIS = {"scale": 1e-4, "offset": 0.0, "nodata": -28_672}
DN = [[1000, 4000, 12345], [0, 900, 2500]]
FAR = [100_000_000, 100_000_001, 99_999_998, 100_000_004]
FARTHER = [10**15, 10**15 + 1, 10**15 - 2, 10**15 + 4, 10**15 + 3]
FARTHEST = [10**16, 10**16 + 2, 10**16 - 4, 10**16 + 8, 10**16 + 6]
LEAST = 5e-324
PASSED_THROUGH_FLOAT32 = {"scale": 9.999999747378752e-05, "offset": -0.10000000149011612}
OF_SPYNDEX, OF_XARRAY, OF_PYTHON = "spyndex 0.12", "xarray: decode_cf, isin, where", "Python's statistics module"
OF_FRACTIONS = "the same algebra in exact fractions"
OF_HUETE = "Huete et al. 2002, eq. 3, in exact fractions"

RECIPES = (
    Recipe("normalized_difference", "spyndex NDVI", "float64", ([[0.643]], [[0.175]]), f"{OF_SPYNDEX}, NDVI", ndvi,
           package="spyndex"),
    Recipe("normalized_difference", "spyndex NDVI in counts, bands swapped", "uint16", ([[1750]], [[6430]]),
           f"{OF_SPYNDEX}, NDVI (which is free of scale)", lambda a, b, **_: ndvi(a, b), {"dtype": "float64"},
           package="spyndex"),
    Recipe("evi", "spyndex EVI", "float64", ([0.643, 0.31, 0.9], [0.175, 0.05, 0.85], [0.045, 0.03, 0.95]),
           f"{OF_SPYNDEX}, EVI", evi, package="spyndex"),
    Recipe("evi", "spyndex EVI in counts", "uint16", ([6430, 3100], [1750, 500], [450, 300]),
           f"{OF_SPYNDEX}, EVI of counts / 10000", evi, {"scale": 1e-4, "offset": 0.0, "dtype": "float64"},
           package="spyndex"),
    Recipe("evi", "spyndex EVI in counts, baseline 04.00", "uint16", ([7430, 4100], [2750, 1500], [1450, 1300]),
           f"{OF_SPYNDEX}, EVI of scaled counts", evi, {"scale": 1e-4, "offset": -0.1, "dtype": "float64"},
           package="spyndex"),
    Recipe("evi", "spyndex EVI in Landsat's counts as floats", "float64", ([18000.0, 21000.5], [9000.0, 8000.0],
           [8000.0, 7600.0]), f"{OF_SPYNDEX}, EVI of scaled counts", evi, {"scale": 2.75e-5, "offset": -0.2},
           package="spyndex", rtol=1e-11),
    Recipe("evi", "baseline 04.00, a true zero", "uint16", ([7430, 2400, 0, 2500], [2750, 850, 900, 800],
           [1450, 2400, 700, 2400]), OF_HUETE, exact_evi, {**SENTINEL_2, "dtype": "float64"}),
    Recipe("evi", "scale and offset that passed through float32", "uint16", ([7430, 2400, 2500], [2750, 850, 800],
           [1450, 2400, 2400]), OF_HUETE, exact_evi, {**SENTINEL_2, **PASSED_THROUGH_FLOAT32, "dtype": "float64"}),
    Recipe("evi", "spyndex EVI, other constants", "float64", ([0.643], [0.175], [0.045]), f"{OF_SPYNDEX}, EVI",
           evi_with_constants, {"G": 2.4, "C1": 5.0, "C2": 6.5, "L": 0.5}, package="spyndex"),
    Recipe("normalized_difference_dn", "spyndex NDVI, baseline 04.00", "uint16", ([7430, 4100], [2750, 1500]),
           f"{OF_SPYNDEX}, NDVI of scaled counts", ndvi, {**SENTINEL_2, "dtype": "float64"}, package="spyndex"),
    Recipe("normalized_difference_dn", "baseline 04.00, a true zero", "uint16", COUNTS, OF_FRACTIONS, exact_ratio,
           {**SENTINEL_2, "dtype": "float64"}),
    Recipe("normalized_difference_dn", "before baseline 04.00", "int16", COUNTS, OF_FRACTIONS, exact_ratio,
           {**SENTINEL_2, "offset": 0.0, "nodata": None, "dtype": "float64"}),
    Recipe("normalized_difference_dn", "scale and offset that passed through float32", "uint16", COUNTS, OF_FRACTIONS,
           exact_ratio, {**SENTINEL_2, **PASSED_THROUGH_FLOAT32, "dtype": "float64"}),
    Recipe("normalized_difference_dn", "baseline 04.00, counts as floats", "float64",
           ([6430.0, 7430.5, 1500.0], [1750.0, 2750.0, 500.0]), OF_FRACTIONS, exact_ratio, SENTINEL_2),
    Recipe("normalized_difference_dn", "Landsat", "uint16", ([18000, 7272, 0], [9000, 7274, 8000]), OF_FRACTIONS,
           exact_ratio, {**LANDSAT, "dtype": "float64"}, rtol=1e-11),
    Recipe("mask_and_scale", "Sentinel-2 with its scene classes", "uint16", (DN,), OF_XARRAY, decoded,
           {**SENTINEL_2, "qa": SCL, "keep": [4, 5, 7], "dtype": "float64"}, "xarray"),
    Recipe("mask_and_scale", "Landsat with its quality bits", "uint16", (DN,), OF_XARRAY, decoded,
           {**LANDSAT, "qa": QA_PIXEL, "reject_bits": 31, "dtype": "float64"}, "xarray"),
    Recipe("mask_and_scale", "Landsat's confidences: no cloud of medium or high, no cirrus of high", "uint16", (DN_3,),
           "USGS LSDS-1619, QA_PIXEL: bits 8-9 cloud and 14-15 cirrus confidence, bit 0 fill",
           with_fields({(8, 9): [2, 3], (14, 15): [3]}),
           {**LANDSAT, "qa": QA_PIXEL_2, "reject_bits": 1, "reject_fields": {"fields": [[768, [2, 3]], [49152, [3]]]},
            "dtype": "float64"}),
    Recipe("mask_and_scale", "HLS: no cloud, none beside it, no shadow, no high aerosol", "int16", (HLS_DN,),
           "LP DAAC, HLS V2 User Guide, Fmask: bits 1 cloud, 2 adjacent, 3 shadow, 6-7 aerosol level",
           with_fields({(6, 7): [3]}),
           {**HLS, "qa": FMASK, "reject_bits": 0b1110, "reject_fields": {"fields": [[192, [3]]]}, "dtype": "float64"}),
    Recipe("mask_and_scale", "MODIS: neither cloudy nor mixed, no shadow, no high aerosol", "int16", (MODIS_DN,),
           "MOD09 User's Guide C6.1, 1 km State QA: bits 0-1 cloud state, 2 shadow, 6-7 aerosol, 10 internal cloud",
           with_fields({(0, 1): [1, 2], (6, 7): [3]}),
           {**MODIS, "qa": STATE_1KM, "reject_bits": 1 << 2 | 1 << 10,
            "reject_fields": {"fields": [[3, [1, 2]], [192, [3]]]}, "dtype": "float64"}),
    *(Recipe("temporal_max", f"NumPy manual, axis={axis}", "float64", (MANUAL_3,), "numpy.nanmax, Examples",
             published(expected), {"axis": axis}) for axis, expected in ((0, [3.0, 2.0]), (1, [2.0, 3.0]))),
    Recipe("temporal_max", "counts with nodata", "uint16", ([[0, 65535], [65535, 65535], [65534, 65535]],),
           "by hand: nodata is the largest count, and all that the second pixel has",
           published([65534.0, NAN]), {"nodata": 65535}),
    *(Recipe("temporal_mean", f"NumPy manual, axis={axis}", "float64", (MANUAL_2,), "numpy.nanmean, Examples",
             published(expected), {"axis": axis}) for axis, expected in ((0, [2.0, 4.0]), (1, [1.0, 3.5]))),
    Recipe("temporal_mean", "far from zero", "float64", (FAR,), OF_PYTHON, exact_mean),
    Recipe("temporal_mean", "counts with nodata", "uint16", ([[0], [65535], [65534], [0], [1]],), OF_PYTHON,
           lambda x, **kwargs: [exact_mean([row[0] for row in x], **kwargs)], {"nodata": 0, "dtype": "float64"}),
    *(Recipe("temporal_stats", f"NumPy manual, axis={axis}", "float64", (MANUAL_2,), "numpy.nanstd, Examples",
             published(expected), {"axis": axis})
      for axis, expected in ((0, [[2.0, 4.0], [1.0, 0.0], [2, 1]]), (1, [[1.0, 3.5], [0.0, 0.5], [1, 2]]))),
    Recipe("temporal_stats", "NumPy, one degree less", "float64", (MANUAL,), "numpy.nanmean and nanstd", nan_statistics,
           {"axis": 1, "ddof": 1}),
    Recipe("temporal_stats", "NIST NumAcc1", "float64", ([10_000_001.0, 10_000_003.0, 10_000_002.0],),
           "NIST Statistical Reference Datasets, univariate, NumAcc1, certified", published([10_000_002.0, 1.0, 3]),
           {"ddof": 1}),
    Recipe("temporal_stats", "NIST NumAcc4", "float64", ([10_000_000.2, *[10_000_000.1, 10_000_000.3] * 500],),
           "NIST Statistical Reference Datasets, univariate, NumAcc4, certified", published([10_000_000.2, 0.1, 1001]),
           {"ddof": 1}, rtol=1e-7),
    Recipe("temporal_stats", "far from zero", "float64", (FAR,), OF_PYTHON, exact_statistics),
    Recipe("temporal_stats", "at 1e15", "float64", (FARTHER,), OF_PYTHON, exact_statistics, {"ddof": 1}),
    Recipe("temporal_stats", "at 1e16, every value two units apart", "float64", (FARTHEST,), OF_PYTHON,
           exact_statistics),
    Recipe("temporal_median", "an even number of the least subnormal", "float64", ([LEAST] * 4,),
           "IEEE 754: the median of equal values is that value", published(LEAST)),
    *(Recipe("temporal_median", f"NumPy manual, axis={axis}", "float64", (MANUAL,), "numpy.nanmedian, Examples",
             published(expected), {"axis": axis}) for axis, expected in ((0, [6.5, 2.0, 2.5]), (1, [7.0, 2.0]))),
)  # fmt: skip


def plain(value: Any) -> Any:
    """Return nested lists that JSON can hold: NaN as null."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def entry(recipe: Recipe) -> dict[str, Any]:
    """Return what is stored of a recipe beside its answer."""
    fields = ("kernel", "name", "dtype", "source", "kwargs", "rtol")
    return {**{name: getattr(recipe, name) for name in fields}, "arrays": plain(recipe.arrays)}


def keyword(value: Any) -> Any:
    """Return a keyword's value: ``{"array": …, "dtype": …}`` is an array, ``{"fields": …}`` a mapping of masks."""
    if isinstance(value, dict):
        return dict(value["fields"]) if "fields" in value else np.array(value["array"], value["dtype"])
    return value


def answer(recipe: Recipe) -> Any:
    """Ask the outside function; arrays and fields among the keywords become what a call is handed."""
    kwargs = {name: keyword(value) for name, value in recipe.kwargs.items()}
    kwargs.pop("dtype", None)
    return plain(recipe.answer(*recipe.arrays, **kwargs))


def main() -> None:
    """Write the file anew."""
    versions = {name: metadata.version(name) for name in ("numpy", "spyndex", "xarray")}
    values = [{**entry(recipe), "expected": answer(recipe)} for recipe in RECIPES]
    lines = ",\n".join("  " + json.dumps(value, allow_nan=False, sort_keys=True) for value in values)
    STORED.write_text(f'{{"made_with": {json.dumps(versions)},\n "values": [\n{lines}\n ]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
