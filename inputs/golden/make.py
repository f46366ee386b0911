"""Makes ``values.json``: each golden value computed by an outside package, or copied from where it is published.

It needs packages that the lab does not have, so it runs in an environment of its own, from the root of the repository::

    python3 -m venv /tmp/golden
    /tmp/golden/bin/python -m pip install spyndex==0.12.0 xarray
    /tmp/golden/bin/python inputs/golden/make.py

The file names the versions that it was made with. ``tests/test_golden.py`` holds its inputs against the recipes here
without any of these packages, and its values against those recipes that need nothing but Python and NumPy.
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


def evi(nir: Any, red: Any, blue: Any, *, L: float = 1.0, **_: Any) -> Any:
    """Bring counts of `L` to the unit of reflectance, then take spyndex' EVI."""
    bands = (np.array(band, np.float64) / L for band in (nir, red, blue))
    return spyndex_index("EVI", *bands, g=2.5, C1=6.0, C2=7.5, L=1.0).tolist()


def evi_with_constants(nir: Any, red: Any, blue: Any, *, G: float, C1: float, C2: float, L: float) -> Any:
    """Take spyndex' EVI with constants of one's own."""
    return spyndex_index("EVI", nir, red, blue, g=G, C1=C1, C2=C2, L=L).tolist()


def exact_ratio(a: Any, b: Any, *, scale: float, offset: float, nodata: int | None, **_: Any) -> list[float | None]:
    """Scale, subtract, add and divide in exact fractions of the decimal constants; a sum of exactly 0 gives null."""
    factor, shift = Fraction(repr(scale)), Fraction(repr(offset))
    found: list[float | None] = []
    for one, other in zip(a, b, strict=True):
        x, y = one * factor + shift, other * factor + shift
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
COUNTS = ([6430, 7430, 2750, 0, 1500], [1750, 2750, 7430, 900, 500])
SCL = {"array": [[4, 8, 5], [7, 6, 7]], "dtype": "uint8"}
QA_PIXEL = {"array": [[21824, 22280, 54596], [23888, 21952, 1]], "dtype": "uint16"}
DN = [[1000, 4000, 12345], [0, 900, 2500]]
FAR = [100_000_000, 100_000_001, 99_999_998, 100_000_004]
OF_SPYNDEX, OF_XARRAY, OF_PYTHON = "spyndex 0.12", "xarray: decode_cf, isin, where", "Python's statistics module"
OF_FRACTIONS = "the same algebra in exact fractions"

RECIPES = (
    Recipe("normalized_difference", "spyndex NDVI", "float64", ([[0.643]], [[0.175]]), f"{OF_SPYNDEX}, NDVI", ndvi,
           package="spyndex"),
    Recipe("normalized_difference", "spyndex NDVI in counts, bands swapped", "uint16", ([[1750]], [[6430]]),
           f"{OF_SPYNDEX}, NDVI (which is free of scale)", lambda a, b, **_: ndvi(a, b), {"dtype": "float64"},
           package="spyndex"),
    Recipe("evi", "spyndex EVI", "float64", ([0.643, 0.31, 0.9], [0.175, 0.05, 0.85], [0.045, 0.03, 0.95]),
           f"{OF_SPYNDEX}, EVI", evi, package="spyndex"),
    Recipe("evi", "spyndex EVI in counts", "uint16", ([6430, 3100], [1750, 500], [450, 300]),
           f"{OF_SPYNDEX}, EVI of counts / 10000", evi, {"L": 10_000.0, "dtype": "float64"}, package="spyndex"),
    Recipe("evi", "spyndex EVI, other constants", "float64", ([0.643], [0.175], [0.045]), f"{OF_SPYNDEX}, EVI",
           evi_with_constants, {"G": 2.4, "C1": 5.0, "C2": 6.5, "L": 0.5}, package="spyndex"),
    Recipe("normalized_difference_dn", "spyndex NDVI, baseline 04.00", "uint16", ([7430, 4100], [2750, 1500]),
           f"{OF_SPYNDEX}, NDVI of scaled counts", ndvi, {**SENTINEL_2, "dtype": "float64"}, package="spyndex"),
    Recipe("normalized_difference_dn", "baseline 04.00, a true zero", "uint16", COUNTS, OF_FRACTIONS, exact_ratio,
           {**SENTINEL_2, "dtype": "float64"}),
    Recipe("normalized_difference_dn", "before baseline 04.00", "int16", COUNTS, OF_FRACTIONS, exact_ratio,
           {**SENTINEL_2, "offset": 0.0, "nodata": None, "dtype": "float64"}),
    Recipe("normalized_difference_dn", "Landsat", "uint16", ([18000, 7272, 0], [9000, 7274, 8000]), OF_FRACTIONS,
           exact_ratio, {**LANDSAT, "dtype": "float64"}, rtol=1e-11),
    Recipe("mask_and_scale", "Sentinel-2 with its scene classes", "uint16", (DN,), OF_XARRAY, decoded,
           {**SENTINEL_2, "qa": SCL, "keep": [4, 5, 7], "dtype": "float64"}, "xarray"),
    Recipe("mask_and_scale", "Landsat with its quality bits", "uint16", (DN,), OF_XARRAY, decoded,
           {**LANDSAT, "qa": QA_PIXEL, "reject_bits": 31, "dtype": "float64"}, "xarray"),
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


def answer(recipe: Recipe) -> Any:
    """Ask the outside function; arrays among the keywords become arrays."""
    kwargs = {k: np.array(v["array"], v["dtype"]) if isinstance(v, dict) else v for k, v in recipe.kwargs.items()}
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
