"""An int of any size is an int: what is beyond 64 or 128 bits is as large as can be, and never refused for its size."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

HUGE = [2**31, 2**63, 2**64, 10**30, 2**127, 2**130]


@pytest.mark.parametrize("ddof", HUGE)
@pytest.mark.parametrize("package", ["eokernels", "eokernels.impl_numpy", "eokernels.impl_numba"])
def test_more_than_there_can_be_values_leaves_no_deviation(package: str, ddof: int) -> None:
    stats = import_module(package).temporal_stats
    mean, std, count = stats(np.ones((3, 4, 5), np.float32), ddof=ddof)
    assert (mean == 1).all()
    assert np.isnan(std).all()
    assert (count == 3).all()
    with pytest.raises(ValueError, match=r"^ddof"):
        stats(np.ones((3, 4, 5), np.float32), ddof=-ddof)


@pytest.mark.parametrize("threads", HUGE)
@pytest.mark.parametrize("package", ["eokernels", "eokernels.impl_numba"])
def test_more_threads_than_there_are_cores_are_capped(package: str, threads: int) -> None:
    mean = import_module(package).temporal_mean
    assert (mean(np.ones((3, 4, 5), np.float32), num_threads=threads) == 1).all()
    with pytest.raises(ValueError, match=r"^num_threads"):
        mean(np.ones((3, 4, 5), np.float32), num_threads=-threads)
