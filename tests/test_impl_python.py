"""The parts that the NumPy and Numba kernels are made of; the kernels' answers are the contract's business."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numba
import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from eokernels import _admit, _constants
from eokernels._network import selection
from eokernels._quality import quality
from eokernels.impl_numba import _jit, _lanes, _sums
from eokernels.impl_numba import evi as jit_evi
from eokernels.impl_numba import mask_and_scale as jit_scale
from eokernels.impl_numba import normalized_difference as jit_difference
from eokernels.impl_numba import normalized_difference_dn as jit_counts
from eokernels.impl_numba import temporal_mean as jit_mean
from eokernels.impl_numba import temporal_median as jit_median
from eokernels.impl_numba import temporal_stats as jit_stats
from eokernels.impl_numpy import _series, blocks
from eokernels.impl_numpy import evi as numpy_evi
from eokernels.impl_numpy import mask_and_scale as numpy_scale
from eokernels.impl_numpy import normalized_difference as numpy_difference
from eokernels.impl_numpy import temporal_mean as numpy_mean
from eokernels.impl_numpy import temporal_stats as numpy_stats

NOT_GIVEN = {"nodata": None, "mask": None, "dtype": None, "out": None}
LAYOUTS = {
    "c": lambda x: x,
    "f": np.asfortranarray,
    "reversed": lambda x: np.ascontiguousarray(x[:, ::-1])[:, ::-1],
    "sliced": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "window": lambda x: np.pad(x, 2)[2:-2, 2:-2],
    "row broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
}


def admit(a, b, **given):
    return _admit.elementwise({"a": a, "b": b}, **{**NOT_GIVEN, **given})


def scene(shape, seed=0, dtype="float32"):
    values = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    values[values < -0.5] = np.nan
    return values


def test_bands_woven_into_one_array_do_not_overlap():
    pixels = np.ones((64, 64, 3), np.float32)
    call = admit(pixels[..., 0], pixels[..., 1], out=pixels[..., 2])
    assert call.out is not None


@pytest.mark.parametrize("shift", [1, 2, 63])
def test_output_shifted_over_an_input_is_refused(shift):
    memory = np.ones(128, np.float32)
    with pytest.raises(ValueError, match=r"^out: it overlaps a"):
        admit(memory[:64], np.ones(64, np.float32), out=memory[shift : shift + 64])


def test_output_may_be_exactly_an_input_even_a_read_only_view_of_it():
    a = np.ones((4, 4), np.float32)
    view = a[:]
    view.flags.writeable = False
    assert admit(view, a, out=a).out is a
    square = np.ones((4, 4), np.float32)
    with pytest.raises(ValueError, match=r"^out: it overlaps x"):
        _admit.temporal(square, 0, **{**NOT_GIVEN, "out": square[0]})


def test_overlap_that_is_too_hard_to_rule_out_is_refused(monkeypatch):
    def too_hard(*_args, **_kwargs):
        raise np.exceptions.TooHardError

    monkeypatch.setattr(np, "shares_memory", too_hard)
    pixels = np.ones((8, 8, 2), np.float32)
    with pytest.raises(ValueError, match=r"^out: it overlaps a"):
        admit(pixels[..., 0], np.ones((8, 8), np.float32), out=pixels[..., 1])


def test_output_whose_elements_share_memory_is_refused():
    a = np.ones((4, 4), np.float32)
    for strides in ((0, 4), (4, 0), (4, 4), (8, 4)):
        with pytest.raises(ValueError, match=r"^out: some of its elements"):
            admit(a, a, out=as_strided(np.ones(32, np.float32), (4, 4), strides))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"nodata": 0}, ValueError),
        ({"mask": np.zeros((4, 4), np.uint8)}, TypeError),
        ({"mask": np.zeros((3, 4), bool)}, ValueError),
        ({"min_denominator": -1}, ValueError),
        ({"min_denominator": "0"}, TypeError),
        ({"dtype": "float64"}, TypeError),
        ({"num_threads": 0}, ValueError),
        ({"num_threads": True}, TypeError),
        ({"out": np.zeros((4, 4))}, TypeError),
        ({"out": np.zeros((4, 5), np.float32)}, ValueError),
    ],
)
def test_a_refusal_begins_with_the_name_of_the_argument(given, error):
    a = np.ones((4, 4), np.float32)
    with pytest.raises(error, match=f"^{next(iter(given))}: "):
        admit(a, a, **given)


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"keep": [4]}, ValueError, "keep: .*qa"),
        ({"reject_bits": 8}, ValueError, "reject_bits: .*qa"),
        ({"qa": "uint8"}, ValueError, "qa: .*keep, reject_bits"),
        ({"qa": "uint8", "keep": [4], "reject_bits": 8}, ValueError, "qa: .*keep, reject_bits"),
        ({"qa": "uint16", "keep": [4]}, TypeError, "qa: .*uint8"),
        ({"qa": "int16", "reject_bits": 8}, TypeError, "qa: .*uint16"),
        ({"qa": "uint8", "keep": [256]}, ValueError, "keep: .*255"),
        ({"qa": "uint8", "keep": [-1]}, ValueError, "keep: .*255"),
        ({"qa": "uint8", "keep": "45"}, TypeError, "keep: .*int"),
        ({"qa": "uint8", "keep": np.ones(3, bool)}, TypeError, "keep: .*int"),
        ({"qa": "uint8", "keep": 4}, TypeError, "keep: .*set"),
        ({"qa": "uint8", "reject_bits": 256}, ValueError, "reject_bits: .*255"),
        ({"qa": "uint16", "reject_bits": 65536}, ValueError, "reject_bits: .*65535"),
        ({"qa": "uint16", "reject_bits": 1.0}, TypeError, "reject_bits: .*int"),
    ],
)
def test_a_quality_band_that_cannot_be_read_is_refused_by_name(given, error, named):
    call = _admit.elementwise({"dn": np.ones((4, 4), np.uint16)}, _admit.COUNTS, **NOT_GIVEN)
    band = np.zeros((4, 4), given["qa"]) if "qa" in given else None
    with pytest.raises(error, match=f"^{named}"):
        quality(call, band, given.get("keep"), given.get("reject_bits"))


def test_classes_that_stay_are_read_alike_as_bits_and_as_a_table():
    call = _admit.elementwise({"dn": np.ones((4, 4), np.uint16)}, _admit.COUNTS, **NOT_GIVEN)
    for keep in ((), {0, 7}, np.array([4, 31]), (k for k in (4, 32, 255)), [5, 5]):
        classes = list(keep)
        checked = quality(call, np.zeros((4, 1), np.uint8), iter(classes), None)
        assert checked.array.shape == (4, 4)
        assert checked.classes() == sorted(set(classes))
        assert np.flatnonzero(~checked.table()).tolist() == checked.classes()


@pytest.mark.parametrize(
    ("value", "error"), [(True, TypeError), ("1", TypeError), (None, TypeError), (1j, TypeError), (np.nan, ValueError),
                         (-np.inf, ValueError), (10**400, ValueError)],
)  # fmt: skip
def test_a_constant_is_a_finite_real_number(value, error):
    with pytest.raises(error, match=r"^C1: "):
        _constants.reals(admit(*np.ones((2, 3), np.float32)), C1=value)


def test_a_constant_that_the_output_dtype_cannot_hold_is_infinite():
    assert _constants.reals(admit(*np.ones((2, 3), np.float32)), L=1e39, G=-1e39) == (np.inf, -np.inf)


def test_twice_the_offset_over_the_scale_is_whole_where_it_was_meant_to_be():
    call = admit(*np.ones((2, 3), np.uint16), dtype="float64", min_denominator=0.01)
    assert _constants.shift(call, 1e-4, -0.1) == (-2000.0, 0.01 / 1e-4)
    assert _constants.shift(call, -2.75e-5, -0.2)[0] == 0.4 / 2.75e-5
    with pytest.raises(ValueError, match=r"^scale: .*other than 0"):
        _constants.shift(call, 0, -0.1)


def outputs(shape=(4, 4)):
    return np.ones(shape, np.float32), np.ones(shape, np.float32), np.ones(shape, np.int32)


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        (list, TypeError, "out: .*tuple"),
        (lambda out: out[:2], ValueError, "out: .*tuple of 3"),
        (lambda out: (*out[:2], out[0]), TypeError, r"out\[2\]: .*int32"),
        (lambda out: (out[0], out[0], out[2]), ValueError, r"out\[1\]: it overlaps out\[0\]"),
        (lambda out: (out[0], out[1], out[1].view(np.int32)), ValueError, r"out\[2\]: it overlaps out\[1\]"),
        (lambda out: (out[0], outputs((4, 5))[1], out[2]), ValueError, r"out\[1\]: .*shape"),
    ],
)
def test_one_wrong_output_of_several_is_refused_by_its_place(change, error, named):
    out = outputs()
    for stats in (numpy_stats.temporal_stats, jit_stats.temporal_stats):
        with pytest.raises(error, match=f"^{named}"):
            stats(np.ones((3, 4, 4), np.float32), out=change(out))
    assert all((array == 1).all() for array in out)


@pytest.mark.parametrize("quads", [False, True])
@pytest.mark.parametrize("n", [*range(1, 18), 40, 73])
def test_network_brings_the_wanted_ranks_into_their_rows(n, quads):
    values = np.random.default_rng(n).integers(0, n, size=(n + 1, 200))
    ranks = ((n - 1) // 2, min((n + 1) // 2, n - 1)) if n > 16 else tuple(range(n))
    expected = np.sort(values[:n], axis=0)[list(ranks)]
    network = selection(n, ranks, quads=quads)
    for a, b, c, d in network.operations:
        pairs = [(a, c), (b, d), (b, c)] if d >= 0 else [(a, b)]
        for i, j in pairs:
            low, high = np.minimum(values[i], values[j]), np.maximum(values[i], values[j])
            values[i if d >= 0 else c], values[j] = low, high
    assert (values[list(network.rows)] == expected).all()


@pytest.mark.parametrize("shape", [(0,), (1,), (100,), (7, 13), (3, 0, 2), (5, 300), (2, 3, 4, 5)])
def test_blocks_cover_every_element_once(shape):
    seen = np.zeros(shape, int)
    for index in blocks(shape, 50):
        seen[index] += 1
        assert seen[index].size <= 50
    assert (seen == 1).all()


def way(*arrays):
    return _jit.way(*[(array.shape, array.strides, array.itemsize) for array in arrays])[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_way_through_flat_memory_meets_every_element_and_copies_none(layout):
    array = LAYOUTS[layout](np.arange(35, dtype=np.int16).reshape(5, 7))
    flat, path = _jit.flat(array), way(array, np.empty((5, 7)))
    assert flat.flags.c_contiguous
    assert not flat.flags.writeable
    assert np.shares_memory(flat, array)
    places = np.empty(2, int)
    for position, value in enumerate(array.flat):
        _jit.locate(position, path.offsets, path.lengths, path.steps, places)
        assert flat[places[0]] == value


def test_the_way_through_a_series_goes_by_pixels_and_knows_the_step_of_time():
    stack, result = np.ones((6, 4, 5))[::-2], np.empty((4, 5), np.float32)
    path = way(stack, result)
    assert path.lengths.tolist() == [20]
    assert path.leads.tolist() == [-40, 0]
    assert path.offsets.tolist() == [80, 0]


def test_contiguous_axes_merge_into_one_whatever_their_order():
    for x in (np.ones((3, 4, 5)), np.ones((3, 4, 5)).transpose(2, 0, 1)):
        assert way(x, x).lengths.tolist() == [60]


@pytest.mark.parametrize("step", [1, 2, -3])
def test_what_is_gathered_can_be_scattered_back(step):
    flat, block = np.arange(100, dtype=np.int16), np.empty(20, np.int16)
    _jit.gather(flat, 60, step, block)
    assert block.tolist() == [60 + k * step for k in range(20)]
    target = np.zeros_like(flat)
    _jit.scatter(block, target, 60, step)
    assert (target[target > 0] == np.sort(block)).all()
    assert target[60] == 60


@pytest.mark.parametrize(("one", "other"), list(product(LAYOUTS, LAYOUTS)))
def test_numba_and_numpy_agree_to_the_bit_on_every_pair_of_layouts(one, other):
    a, b = LAYOUTS[one](scene((37, 41))), LAYOUTS[other](scene((37, 41), seed=1))
    expected = numpy_difference.normalized_difference(a, b)
    assert np.array_equal(jit_difference.normalized_difference(a, b), expected, equal_nan=True)


def test_threads_change_no_bit_from_several_callers_at_once(monkeypatch):
    monkeypatch.setattr(_jit, "SERIAL_BELOW", 1)
    a, b, stack = scene((101, 103)), scene((101, 103), seed=1), scene((9, 57, 61))

    def call(threads):
        return (
            jit_difference.normalized_difference(a, b, num_threads=threads).tobytes(),
            jit_evi.evi(a, b, b, num_threads=threads).tobytes(),
            jit_median.temporal_median(stack, num_threads=threads).tobytes(),
            *(array.tobytes() for array in jit_stats.temporal_stats(stack, num_threads=threads)),
        )

    expected = call(1)
    with ThreadPoolExecutor(4) as callers:
        assert set(callers.map(call, [2, 3, 5, 8] * 3)) == {expected}


def test_one_thread_needs_no_pool(monkeypatch):
    monkeypatch.setattr(_jit, "_pool", None)
    jit_median.temporal_median(scene((3, 300, 300)), num_threads=1)


def test_a_forked_process_gets_a_pool_of_its_own():
    assert _jit._pool(2, -1) is _jit._pool(2, -1)
    assert _jit._pool(2, -1) is not _jit._pool(2, -2)


def test_one_signature_serves_every_layout_of_a_dtype():
    for layout in LAYOUTS.values():
        jit_difference.normalized_difference(layout(scene((9, 9))), layout(scene((9, 9))))
    kinds = [(signature[0].dtype, signature[3].dtype) for signature in jit_difference._blocks.signatures]
    assert len(kinds) == len(set(kinds)), "more than one for an input dtype and an output dtype"


def test_no_multiplication_is_fused_into_an_addition():
    row, hole = np.ones(64, np.float32), np.zeros(64, np.bool_)
    one = row[0]
    ratios = numba.njit(**_jit.OPTIONS)(jit_difference._ratios.py_func)
    ratios(row, row, hole, row.copy(), False, one, False, one)
    middle = numba.njit(**_jit.OPTIONS)(jit_median._middle.py_func)
    middle(*(np.ones(_lanes.LANES, kind) for kind in ("f4", "f4", "i4")), 3, one, np.ones(_lanes.LANES, "f4"))
    counts = numba.njit(**_jit.OPTIONS)(jit_counts._ratios.py_func)
    counts(hole.view(np.uint8), hole.view(np.uint8), hole, row.copy(), one, one, False, hole.view(np.uint8)[0], False)
    scaled = numba.njit(**_jit.OPTIONS)(jit_scale._scale.py_func)
    scaled(hole.view(np.uint8), hole, row.copy(), one, one, False, hole.view(np.uint8)[0], False)
    indices = numba.njit(**_jit.OPTIONS)(jit_evi._indices.py_func)
    indices(row, row, row, hole, row.copy(), (one,) * 4, False, one, False, one)
    squares = numba.njit(**_jit.OPTIONS)(_sums._add_squares.py_func)
    squares(row, row, row, row, np.zeros((4, 64), np.bool_), False, one, False, np.ones(64), np.ones(64))
    for compiled in (ratios, middle, counts, scaled, indices, squares):
        (code,) = compiled.inspect_asm().values()
        assert "div" in code or "mul" in code
        assert not re.search(r"\bv?fn?m(add|sub)|\bfml[as]\b", code)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zero_denominators_are_found_by_the_flags(dtype):
    top = np.finfo(dtype).max
    a = np.array([1, 0, top, np.inf, top, 5], dtype)
    b = np.array([-1, 0, -top, 1, top, np.nan], dtype)
    result = numpy_difference.normalized_difference(a, b)
    assert np.array_equal(result, np.array([np.nan, np.nan, np.nan, np.nan, 0, np.nan], dtype), equal_nan=True)


def test_numpy_kernels_do_not_import_numba():
    code = "import sys, eokernels.impl_numpy.temporal_median, eokernels.impl_numba; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("shape", [(1000, 1), (1000, 3), (37, 131, 40), (700, 2, 300)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_adds_the_dates_in_their_order(shape, dtype):
    stack = scene(shape, dtype=dtype)
    total, count = np.zeros(shape[1:]), np.zeros(shape[1:], int)
    for date in stack:
        total += np.where(np.isnan(date), 0, date)
        count += ~np.isnan(date)
    expected = (total / count).astype(dtype)
    for mean in (numpy_mean.temporal_mean, numpy_mean.temporal_mean_naive, jit_mean.temporal_mean):
        for x, axis in ((stack, 0), (np.moveaxis(stack, 0, -1).copy(), -1)):
            assert np.array_equal(mean(x, axis), expected, equal_nan=True), mean.__name__


def test_the_numba_sums_do_not_depend_on_the_length_of_a_run(monkeypatch):
    stack = scene((11, 50, 7))
    expected = [array.tobytes() for array in jit_stats.temporal_stats(stack)]
    monkeypatch.setattr(_sums, "RUN", 64)
    monkeypatch.setattr(_sums, "RESIDENT_BYTES", 1)
    monkeypatch.setattr(_series, "VALUES", 40)
    assert [array.tobytes() for array in jit_stats.temporal_stats(stack)] == expected
    assert [array.tobytes() for array in numpy_stats.temporal_stats(stack)] == expected


def test_an_infinite_gain_over_a_zero_denominator_needs_no_flag():
    nir, red, blue = (np.full(9, value, np.float32) for value in (5, 1, 12))
    assert np.isnan(numpy_evi.evi(nir, red, blue, G=1e39, C1=6, C2=1, L=1)).all()


@pytest.mark.parametrize("keep", [(), {4, 5}, {0, 31}, {32}, {63}, {64}, {0, 255}, set(range(256))])
def test_every_way_to_read_classes_says_the_same(keep):
    classes = np.arange(256, dtype=np.uint8)
    given = {"scale": 1.0, "offset": 0.0, "nodata": None, "qa": classes, "keep": keep}
    for kernel in (numpy_scale.mask_and_scale, numpy_scale.mask_and_scale_naive, jit_scale.mask_and_scale):
        result = kernel(np.ones(256, np.uint16), **given)
        assert (np.isnan(result) == ~np.isin(classes, list(keep))).all(), kernel.__name__
