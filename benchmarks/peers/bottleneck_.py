"""bottleneck: C loops over the reduced axis, one series after the other, NaN left out.

Its float32 reductions add in float32: after 73 dates the mean is 6 ulp off. The contract adds in float64, so mean and
deviation are handed a float64 copy, and making it is in their time. Median and maximum need none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers._common import SQUARES, as_floats, count, deliver, deliver_all, output_dtype, peer
from benchmarks.spec import Array


def temporal_mean(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the mean over `axis` of a float64 copy."""
    import bottleneck

    doubles = as_floats(x, np.float64, nodata, mask)
    return deliver(bottleneck.nanmean(doubles, axis=axis), output_dtype(x, dtype), out)


def temporal_stats(
    x: Array, axis: int = 0, ddof: int = 0, *, nodata: int | None = None, mask: Array | None = None,
    dtype: Any = None, out: tuple[Array, ...] | None = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Return mean, deviation and count over `axis` of a float64 copy; bottleneck has no count, NumPy counts."""
    import bottleneck

    doubles = as_floats(x, np.float64, nodata, mask)
    mean, std = bottleneck.nanmean(doubles, axis=axis), bottleneck.nanstd(doubles, axis=axis, ddof=ddof)
    return deliver_all((mean, std, count(doubles, axis)), output_dtype(x, dtype), out)


def temporal_median(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the median over `axis` in the output dtype."""
    import bottleneck

    kind = output_dtype(x, dtype)
    return deliver(bottleneck.nanmedian(as_floats(x, kind, nodata, mask), axis=axis), kind, out)


def temporal_max(
    x: Array, axis: int = 0, *, nodata: int | None = None, mask: Array | None = None, dtype: Any = None,
    out: Array | None = None,
) -> Array:  # fmt: skip
    """Return the maximum over `axis` in the output dtype."""
    import bottleneck

    kind = output_dtype(x, dtype)
    return deliver(bottleneck.nanmax(as_floats(x, kind, nodata, mask), axis=axis), kind, out)


TEMPORAL_MEAN = peer(
    "bottleneck", "bottleneck", temporal_mean, "adds float32 in float32 (6 ulp off): handed a float64 copy, in its time"
)
TEMPORAL_STATS = peer(
    "bottleneck", "bottleneck", temporal_stats,
    "adds float32 in float32: handed a float64 copy, in its time; mean and deviation are two calls, NumPy counts; "
    f"{SQUARES}",
)  # fmt: skip
TEMPORAL_MEDIAN = peer(
    "bottleneck", "bottleneck", temporal_median,
    "integers become float32 with NaN gaps inside the timed call; huge middles overflow; out is a copy",
)  # fmt: skip
TEMPORAL_MAX = peer(
    "bottleneck", "bottleneck", temporal_max,
    "axes without a date raise an error; a zero keeps its sign; integers become float32 with NaN gaps inside the timed "
    "call; out is a copy",
)  # fmt: skip
