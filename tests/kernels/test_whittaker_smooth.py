"""Whittaker's smoother: all implementations against the oracle, exact arithmetic, lines and the contract's refusals."""

from __future__ import annotations

import importlib
import sys
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eokernels

sys.path.append(str(Path(__file__).parents[1]))
from benchmarks.kernels._whittaker import GOLDENS, oracle

_numpy = importlib.import_module("eokernels.impl_numpy.whittaker_smooth")
_numba = importlib.import_module("eokernels.impl_numba.whittaker_smooth")
ALL = {
    "rust": eokernels.whittaker_smooth, "numpy": _numpy.whittaker_smooth, "numba": _numba.whittaker_smooth,
    "numpy_naive": _numpy.whittaker_smooth_naive,
}  # fmt: skip
GOOD = [name for name in ALL if name != "numpy_naive"]
DTYPES = ("float32", "float64", "uint8", "int16", "uint16")
NODATA = {"uint8": 7, "int16": -3, "uint16": 9}

every = pytest.mark.parametrize("name", ALL)


def stack(rng, shape, dtype, axis=0, gaps=0.3):
    """Return (stack, keywords) of that shape, time at `axis`, with gaps of the dtype's kind."""
    walk = np.cumsum(rng.normal(size=shape), axis=axis) * 8 + 100
    y = walk.astype(dtype)
    gone = rng.random(shape) < gaps
    if dtype.startswith("float"):
        y[gone] = np.nan
        return y, {}
    y[gone] = NODATA[dtype]
    return y, {"nodata": NODATA[dtype]}


def check(name, result, expected, axis=0, bound=None):
    """Hold a result against the oracle's: in units of the largest magnitude of its series."""
    assert result.shape == expected.shape
    assert np.array_equal(np.isnan(result), np.isnan(expected))
    largest = np.nanmax(np.abs(expected), axis=axis, keepdims=True, initial=0)
    bound = bound or (1e-9 if name == "numpy_naive" else 1e-11)
    bound = max(bound, float(np.finfo(result.dtype).eps) / 2 * 1.01)
    off = np.nan_to_num(np.abs(result.astype(np.float64) - expected))
    assert (off <= bound * largest).all(), (off / np.maximum(largest, 1e-300)).max()


@every
@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_goldens(name, golden):
    arrays = [None if array is None else np.array(array) for array in golden.arrays]
    # The textbook's matrix, which the naive form solves, loses digits where two values of 365 are known.
    rtol = 1e-6 if name == "numpy_naive" else golden.rtol
    np.testing.assert_allclose(ALL[name](*arrays, **golden.kwargs), golden.expected, rtol=rtol)


@every
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_against_the_oracle(name, dtype, d):
    rng = np.random.default_rng(d)
    for shape, axis in [((5,), 0), ((9, 1), 0), ((37, 3), -1), ((2, 17, 5), 1), ((20, 70), 0)]:
        y, how = stack(rng, shape, dtype, axis)
        how |= {"lmbda": 20.0, "d": d, "axis": axis}
        if y.shape[axis] < 5:
            continue
        check(name, ALL[name](y, **how), oracle(y, **how), axis)


@every
def test_weights_times_mask_and_nodata_together(name):
    rng = np.random.default_rng(7)
    y, _ = stack(rng, (24, 3, 40), "float32")
    y[2, 0, :] = -1.5
    times = np.cumsum(rng.integers(1, 9, 24))
    for dtype in ("float32", "float64"):
        weights = rng.uniform(-0.2, 1, (24, 1, 40)).astype(dtype)
        weights[3, 0, 5] = np.nan
        how = {"weights": weights, "times": times, "lmbda": 300.0, "mask": rng.random((3, 40)) < 0.1, "nodata": -1.5}
        check(name, ALL[name](y, **how), oracle(y, **how))


@every
def test_layouts_and_out_give_the_same_bits(name):
    rng = np.random.default_rng(3)
    y, _ = stack(rng, (19, 6, 11), "float32")
    weights = rng.uniform(0, 1, y.shape).astype("float32")
    smooth, how = ALL[name], {"lmbda": 5.0, "mask": rng.random(y.shape) < 0.1}
    plain, heavy = smooth(y, **how), smooth(y, weights, **how)
    record = np.zeros(y.shape, [("pad", "u1"), ("y", "<f4"), ("w", "<f4")])
    record["y"], record["w"] = y, weights
    for view in (
        np.asfortranarray(y),
        y[::-1, :, ::-1].copy()[::-1, :, ::-1],
        record["y"],
        np.repeat(y, 2, 2)[..., ::2],
    ):
        assert np.array_equal(smooth(view, **how), plain, equal_nan=True)
        assert np.array_equal(smooth(view, record["w"], **how), heavy, equal_nan=True)
        assert np.array_equal(smooth(view, np.asfortranarray(weights), **how), heavy, equal_nan=True)
    outs = [
        np.empty_like(y),
        np.asfortranarray(np.empty_like(y)),
        np.empty((6, 11, 19, 2), "f4")[..., 0].transpose(2, 0, 1),
    ]
    for out in outs:
        assert smooth(y, weights, **how, out=out) is out
        assert np.array_equal(out, heavy, equal_nan=True)
    last, back = np.moveaxis(y, 0, -1), {**how, "mask": np.moveaxis(how["mask"], 0, -1), "axis": -1}
    assert np.array_equal(np.moveaxis(smooth(last, **back), -1, 0), plain, equal_nan=True)
    assert np.array_equal(np.moveaxis(smooth(last.copy(), **back), -1, 0), plain, equal_nan=True)


@pytest.mark.parametrize("name", GOOD)
def test_pixels_do_not_depend_on_their_neighbours(name):
    rng = np.random.default_rng(5)
    for gaps in (0.0, 0.3):
        y, _ = stack(rng, (30, 150), "float64", gaps=gaps)
        y[3, 140] = np.nan
        whole = ALL[name](y, lmbda=9.0)
        for some in (slice(0, 64), slice(7, 8), slice(60, 83), slice(130, 150)):
            assert np.array_equal(ALL[name](y[:, some], lmbda=9.0), whole[:, some])


@pytest.mark.parametrize("name", ["rust", "numba"])
def test_threads_give_the_same_bits(name):
    y, _ = stack(np.random.default_rng(1), (40, 260, 300), "float32")
    one = ALL[name](y, lmbda=50.0)
    for threads in (2, 5):
        assert np.array_equal(ALL[name](y, lmbda=50.0, num_threads=threads), one, equal_nan=True)


@every
@pytest.mark.parametrize("d", [1, 2, 3])
def test_too_few_values_and_infinities_make_a_series_nan_and_no_other(name, d):
    y = np.full((9, 5), np.nan)
    y[:, 0] = np.arange(9)
    y[: d - 1, 1] = 1.0
    y[:d, 2] = np.arange(d) ** (d - 1)
    y[:, 3], y[4, 3] = 1.0, np.inf
    y[:, 4], y[4, 4] = 1.0, -np.inf
    result = ALL[name](y, lmbda=3.0, d=d)
    assert np.isnan(result).all(axis=0).tolist() == [False, True, False, True, True]
    assert not np.isnan(result[:, [0, 2]]).any()
    kept = ALL[name](y, lmbda=3.0, d=d, mask=np.isinf(y))
    assert not np.isnan(kept[:, 3:]).any()
    weights = np.ones_like(y)
    weights[2, 0] = np.inf
    assert np.isnan(ALL[name](y, weights, lmbda=3.0, d=d)[:, 0]).all()


def exact(y, lmbda, d):
    """Solve the system of one series in fractions, by a banded LDLᵀ."""
    dates = len(y)
    c = [(-1) ** (d - i) * comb(d, i) for i in range(d + 1)]
    a = [[Fraction(0)] * (d + 1) for _ in range(dates)]
    for t in range(dates - d):
        for i in range(d + 1):
            for j in range(i + 1):
                a[t + i][i - j] += Fraction(lmbda) * c[i] * c[j]
    z = [Fraction(0) if np.isnan(value) else Fraction(float(value)) for value in y]
    pivots = []
    lower = [[Fraction(0)] * (d + 1) for _ in range(dates)]
    for t in range(dates):
        a[t][0] += int(not np.isnan(y[t]))
        for k in range(min(d, t), 0, -1):
            inner = sum(lower[t][m] * lower[t - k][m - k] * pivots[t - m] for m in range(k + 1, min(d, t) + 1))
            lower[t][k] = (a[t][k] - inner) / pivots[t - k]
        near = range(1, min(d, t) + 1)
        pivots.append(a[t][0] - sum(lower[t][k] ** 2 * pivots[t - k] for k in near))
        z[t] -= sum(lower[t][k] * z[t - k] for k in near)
    z = [value / pivot for value, pivot in zip(z, pivots, strict=True)]
    for t in range(dates - 1, -1, -1):
        z[t] -= sum(lower[t + k][k] * z[t + k] for k in range(1, min(d, dates - 1 - t) + 1))
    return np.array([float(value) for value in z])


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(("places", "lmbda", "bound"), [
    ((0, 1), 1e4, 1e-10), ((0, 1), 1e7, 1e-8), ((100, 250), 1e4, 1e-12), ((180, 183), 1e4, 1e-11),
    ((0, 364), 1e4, 1e-12), ((363, 364), 1e4, 1e-11), ((0, 1), 0.01, 1e-9),
])  # fmt: skip
def test_two_valid_dates_of_365_lie_on_a_line(name, places, lmbda, bound):
    y = np.full(365, np.nan)
    y[list(places)] = 0.3, 0.7
    first, last = places
    line = 0.3 + (np.arange(365) - first) * 0.4 / (last - first)
    result = ALL[name](y, lmbda=lmbda)
    assert np.abs(result - line).max() <= bound * np.abs(line).max()
    single = ALL[name](y.astype("float32"), lmbda=lmbda)
    assert np.abs(single - line).max() <= 1.3e-7 * np.abs(line).max() + 1e-7 * 364 / (last - first)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("lmbda", [1e-2, 1.0, 1e4, 1e7])
def test_hard_series_against_exact_arithmetic(name, d, lmbda):
    rng = np.random.default_rng(d)
    y = rng.normal(size=120)
    y[rng.random(120) < 0.6] = np.nan
    true = exact(y, lmbda, d)
    assert np.abs(ALL[name](y, lmbda=lmbda, d=d) - true).max() <= 1e-11 * np.abs(true).max()
    assert np.abs(oracle(y, lmbda=lmbda, d=d) - true).max() <= 1e-15 * np.abs(true).max()


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_properties(name, data):
    dates, d = data.draw(st.integers(5, 40)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    lmbda = data.draw(st.sampled_from([0.1, 1.0, 50.0, 1e4]))
    y = rng.normal(size=(dates, 3))
    y[rng.random(y.shape) < 0.3] = np.nan
    y[:d] = rng.normal(size=(d, 3))
    times = np.cumsum(rng.uniform(0.5, 3, dates)) if data.draw(st.booleans()) else None
    smooth = ALL[name](y, times=times, lmbda=lmbda, d=d)
    near = 1e-6 * np.abs(smooth).max()
    # Linear; polynomials below the order are reproduced; time may run backwards; weights of 0 are gaps.
    np.testing.assert_allclose(ALL[name](2 * y, times=times, lmbda=lmbda, d=d), 2 * smooth, atol=near)
    stamps = np.arange(dates) if times is None else times
    curve = np.where(np.isnan(y), np.nan, (stamps / dates)[:, None] ** (d - 1))
    np.testing.assert_allclose(
        ALL[name](curve, times=times, lmbda=lmbda, d=d), (stamps / dates)[:, None] ** (d - 1) + 0 * y[:1], atol=1e-6
    )
    mirrored = ALL[name](y[::-1], times=None if times is None else -times[::-1], lmbda=lmbda, d=d)[::-1]
    np.testing.assert_allclose(mirrored, smooth, atol=near)
    weighted = ALL[name](np.nan_to_num(y), (~np.isnan(y)).astype(float), times, lmbda=lmbda, d=d)
    assert np.array_equal(weighted, smooth)


REFUSED = {
    "few dates": (ValueError, r"\by\b.*4 dates", {"y": np.zeros((4, 3))}),
    "no dimension": (ValueError, r"\by\b", {"y": np.array(1.0)}),
    "complex": (TypeError, r"\by\b", {"y": np.zeros((6, 2), complex)}),
    "list": (TypeError, r"\by\b", {"y": [1.0] * 6}),
    "axis": (ValueError, "axis", {"axis": 2}),
    "lmbda 0": (ValueError, "lmbda", {"lmbda": 0.0}),
    "lmbda negative": (ValueError, "lmbda", {"lmbda": -1}),
    "lmbda infinite": (ValueError, "lmbda", {"lmbda": np.inf}),
    "lmbda nan": (ValueError, "lmbda", {"lmbda": np.nan}),
    "lmbda text": (TypeError, "lmbda", {"lmbda": "1"}),
    "d 0": (ValueError, r"\bd\b", {"d": 0}),
    "d 4": (ValueError, r"\bd\b", {"d": 4}),
    "d float": (TypeError, r"\bd\b", {"d": 2.0}),
    "weights dtype": (TypeError, "weights", {"weights": np.ones((6, 2), "i4")}),
    "weights shape": (ValueError, "weights", {"weights": np.ones((6, 3))}),
    "weights list": (TypeError, "weights", {"weights": [1.0] * 6}),
    "times length": (ValueError, "times", {"times": np.arange(5)}),
    "times equal": (ValueError, "times", {"times": np.array([0, 1, 1, 2, 3, 4])}),
    "times nan": (ValueError, "times", {"times": np.array([0, 1, np.nan, 2, 3, 4])}),
    "times dtype": (TypeError, "times", {"times": np.arange(6).astype("M8[D]")}),
    "times shape": (ValueError, "times", {"times": np.arange(6)[:, None]}),
    "times too near": (ValueError, "lmbda", {"times": np.arange(6) * 1e-200}),
    "mask shape": (ValueError, "mask", {"mask": np.zeros((5, 2), bool)}),
    "mask dtype": (TypeError, "mask", {"mask": np.zeros((6, 2))}),
    "dtype": (TypeError, "dtype", {"dtype": "float32"}),
    "nodata": (TypeError, "nodata", {"nodata": "x"}),
    "out shape": (ValueError, "out", {"out": np.zeros((6, 3))}),
    "out dtype": (TypeError, "out", {"out": np.zeros((6, 2), "f4")}),
    "threads": (ValueError, "num_threads", {"num_threads": 0}),
}


@every
@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_the_argument(name, case):
    error, text, change = REFUSED[case]
    if name.startswith("numpy") and "num_threads" in change:
        pytest.skip("NumPy has no threads")
    with pytest.raises(error, match=text):
        ALL[name](**{"y": np.zeros((6, 2)), "lmbda": 1.0} | change)


@every
def test_memory_that_is_shared_is_refused(name):
    memory = np.zeros((7, 4))
    y, out, weights = memory[:6], memory[1:], np.ones((6, 4))
    for arrays in ({"y": y, "out": out}, {"y": y.copy(), "out": weights, "weights": weights}):
        with pytest.raises(ValueError, match="out"):
            ALL[name](lmbda=1.0, **arrays)


class Unit(np.ndarray):
    """A subclass whose values have a meaning of their own."""

    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented


@every
def test_subclasses_and_masked_arrays(name):
    y = np.arange(12.0).reshape(6, 2)
    for array in (y.view(Unit), np.ma.masked_array(y)):
        with pytest.raises(TypeError, match="y"):
            ALL[name](array, lmbda=1.0)
    assert type(ALL[name](y, lmbda=1.0)) is np.ndarray


@every
def test_empty_other_axes_and_untouched_inputs(name):
    assert ALL[name](np.zeros((6, 0, 3), "f4"), lmbda=1.0).shape == (6, 0, 3)
    y, weights, times = np.arange(12.0).reshape(6, 2), np.ones((6, 1)), np.arange(6.0)
    before = [array.copy() for array in (y, weights, times)]
    for array in (y, weights, times):
        array.flags.writeable = False
    ALL[name](y, weights, times, lmbda=1.0)
    assert all(np.array_equal(one, other) for one, other in zip(before, (y, weights, times), strict=True))


@pytest.mark.parametrize("name", GOOD)
def test_long_series_in_segments(name):
    dates = 9001
    y = np.sin(np.arange(dates) / 50)[:, None] + np.zeros((dates, 2))
    y[::3, 1] = np.nan
    result = ALL[name](y, lmbda=1e3)
    assert np.abs(result[100:-100] - y[100:-100, :1]).max() < 0.01
    times = ALL[name](y, times=np.arange(dates), lmbda=4e3)
    np.testing.assert_allclose(times, result, atol=1e-9)
