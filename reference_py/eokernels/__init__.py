"""Earth Observation array kernels under one explicit contract.

Every public function runs Rust. ``eokernels.impl_numpy`` and ``eokernels.impl_numba`` hold the same kernels under the
same names, for comparison.
"""

from eokernels._rust import (
    __version__,
    build_info,
    evi,
    mask_and_scale,
    normalized_difference,
    normalized_difference_dn,
    temporal_mean,
    temporal_median,
    temporal_stats,
    whittaker_smooth,
    zonal_stats,
)
from eokernels.streamed import TemporalStats

__all__ = [
    "TemporalStats",
    "__version__",
    "build_info",
    "evi",
    "mask_and_scale",
    "normalized_difference",
    "normalized_difference_dn",
    "temporal_mean",
    "temporal_median",
    "temporal_stats",
    "whittaker_smooth",
    "zonal_stats",
]
