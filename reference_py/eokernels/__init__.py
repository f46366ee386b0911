"""Earth Observation array kernels under one explicit contract.

Every public function runs Rust. ``eokernels.impl_numpy`` and ``eokernels.impl_numba`` hold the same kernels under the
same names, for comparison.
"""

from eokernels import _rust
from eokernels._rust import *  # noqa: F403 - the compiled module says by its `__all__` which kernels there are
from eokernels.streamed import TemporalStats

__all__ = ["TemporalStats"]
__all__ += _rust.__all__
