"""whittaker-eilers: the same smoother in Rust, one series a call, factorised by a sparse LDLᵀ in float64.

It takes a list of numbers without NaN and weights of the whole series. A weight of 0 leaves a value out, but a NaN
there makes the result NaN, so gaps are filled with 0. One smoother serves all series of a call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers._common import as_floats, few_values, output_dtype, peer
from benchmarks.spec import Array


def whittaker_smooth(
    y: Array, weights: Array | None = None, times: Array | None = None, axis: int = 0, *, lmbda: float, d: int = 2,
    nodata: int | None = None, mask: Array | None = None, dtype: Any = None, out: Array | None = None,
) -> Array:  # fmt: skip
    """Smooth the series along `axis` one by one."""
    from whittaker_eilers import WhittakerSmoother

    doubles = np.moveaxis(as_floats(y, np.float64, nodata, mask), axis, -1)
    own = np.float64(1.0) if weights is None else np.moveaxis(np.broadcast_to(weights, y.shape), axis, -1)
    heavy = np.where(np.isnan(doubles) | ~(own > 0), 0.0, own)
    values = np.where(heavy > 0, doubles, 0.0)
    result = np.empty(y.shape, output_dtype(y, dtype)) if out is None else out
    target, dates = np.moveaxis(result, axis, -1), doubles.shape[-1]
    stamps = None if times is None else np.asarray(times, np.float64).tolist()
    smoother = WhittakerSmoother(lmbda, d, dates, x_input=stamps, weights=[1.0] * dates)
    for pixel in np.ndindex(values.shape[:-1]):
        smoother.update_weights(heavy[pixel].tolist())
        target[pixel] = smoother.smooth(values[pixel].tolist())
    return result


WHITTAKER_SMOOTH = peer(
    "whittaker-eilers", "whittaker_eilers", whittaker_smooth,
    "works in the basis of values: with few values and large lmbda its digits are lost; fewer values than d give a "
    "number, not NaN; an infinite value is not kept to its series", few_values,
)  # fmt: skip
