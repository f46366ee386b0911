"""numbagg: Numba generalised ufuncs over the reduced axis. It sums float32 in float64, as the contract does.

It runs on all cores unless Numba is told otherwise. Compiling its median takes 8 s, so Numba's disk cache is switched
on for it: numbagg warns of processes that fork, and measured processes do not.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.peers._common import SQUARES, as_floats, deliver, deliver_all, output_dtype, peer
from benchmarks.spec import Array, Peer


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep Numba to one thread, and NumPy from warning of the NaN and the huge values in numbagg's loops."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            yield
    finally:
        numba.set_num_threads(before)


def temporal_mean(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the mean over `axis`."""
    import numbagg

    kind = output_dtype(x, dtype)
    with _one_thread():
        return deliver(numbagg.nanmean(as_floats(x, kind, nodata, mask), axis=axis), kind, out)


def temporal_stats(
    x: Array, axis: int = 0, ddof: int = 0, *, nodata: int | None = None, mask: Array | None = None,
    dtype: Any = None, out: tuple[Array, ...] | None = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return mean, deviation and count over `axis`, by three calls."""
    import numbagg

    kind = output_dtype(x, dtype)
    floats = as_floats(x, kind, nodata, mask)
    with _one_thread():
        mean, std = numbagg.nanmean(floats, axis=axis), numbagg.nanstd(floats, axis=axis, ddof=ddof)
        return deliver_all((mean, std, numbagg.nancount(floats, axis=axis)), kind, out)


def temporal_median(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the median over `axis`; numbagg has it for float64 alone and casts by itself."""
    import numbagg

    kind = output_dtype(x, dtype)
    with _one_thread():
        return deliver(numbagg.nanmedian(as_floats(x, kind, nodata, mask), axis=axis), kind, out)


def temporal_max(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the maximum over `axis` in the output dtype."""
    import numbagg

    kind = output_dtype(x, dtype)
    with _one_thread():
        return deliver(numbagg.nanmax(as_floats(x, kind, nodata, mask), axis=axis), kind, out)


def _peer(adapter: Any, semantics: str) -> Peer:
    known = peer("numbagg", "numbagg", adapter, semantics)

    def load() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            before = os.environ.get("NUMBAGG_CACHE")
            os.environ["NUMBAGG_CACHE"] = "1"  # read once, when it is imported
            try:
                return known.load()
            finally:
                os.environ.pop("NUMBAGG_CACHE") if before is None else os.environ.update(NUMBAGG_CACHE=before)

    return Peer(known.name, load, known.refuses, known.semantics)


_INTEGERS = "integers become float32 with NaN gaps inside the timed call; out is a copy"

TEMPORAL_MEAN = _peer(temporal_mean, _INTEGERS)
TEMPORAL_STATS = _peer(temporal_stats, f"mean, deviation and count are three calls; {SQUARES}; {_INTEGERS}")
TEMPORAL_MEDIAN = _peer(
    temporal_median,
    "float64 alone, so float32 is cast both ways in its time; infinities may give NaN, and huge middles overflow; "
    f"{_INTEGERS}",
)
TEMPORAL_MAX = _peer(temporal_max, f"axes without a date raise an error; a zero keeps its sign; {_INTEGERS}")
