"""Networks of :mod:`eokernels._network` over lanes: rows of `LANES` pixels, exchanged element by element."""

from __future__ import annotations

from eokernels.impl_numba._jit import kernel

LANES = 128  # pixels side by side; from 64 to 512 the time hardly changes, from 12 to 146 steps


@kernel
def exchange(values, operations):
    """Run `operations` over `values` (rows, LANES), which must hold no NaN."""
    for k in range(operations.shape[0]):
        a, b, c, d = operations[k, 0], operations[k, 1], operations[k, 2], operations[k, 3]
        if d < 0:
            _comparator(values[a], values[b], values[c])
        else:
            _quad(values[a], values[b], values[c], values[d])


@kernel
def _comparator(upper, lower, spare):
    for k in range(spare.size):  # as a constant the length would be unrolled whole, which takes up to 2.7 times as long
        a, b = upper[k], lower[k]
        spare[k] = a if a < b else b
        lower[k] = b if a < b else a


@kernel
def _quad(first, second, third, fourth):
    """Compare (a, c), (b, d), (b, c). What is stored first must not be a selected load, or its store is masked."""
    for k in range(first.size):
        a, b, c, d = first[k], second[k], third[k], fourth[k]
        low, high = (a if a < c else c), (c if a < c else a)
        b, d = (b if b < d else d), (d if b < d else b)
        second[k] = b if b < high else high
        third[k] = high if b < high else b
        fourth[k] = d
        first[k] = low
