"""A kernel that picks one of its values gives +0 for a zero, whatever the signs of the zeros and their order."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import registry

KERNEL = registry.get("temporal_max")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dates", [1, 2, 13, 40, 331])
@pytest.mark.parametrize("name", KERNEL.implementations)
def test_the_largest_zero_is_positive(name: str, dates: int, dtype: str) -> None:
    function = registry.resolve(KERNEL, name)
    assert function is not None
    rng = np.random.default_rng(dates)
    stack = rng.choice(np.array([0.0, -0.0, -1.0, np.nan], dtype), (dates, 7, 19))
    stack[0, ::2] = -0.0
    for x, axis in ((stack, 0), (stack[::-1], 0), (np.moveaxis(stack, 0, -1).copy(), -1)):
        found = function(x, axis=axis)
        assert (found[::2] == 0).all()
        assert not np.signbit(found[found == 0]).any()
