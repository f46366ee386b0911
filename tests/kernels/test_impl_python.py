"""The parts that the NumPy and Numba kernels are made of; the kernels' answers are the contract's business."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from importlib import import_module
from itertools import product

import numba
import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from eokernels import _admit
from eokernels._network import merge, middle, selection, sort
from eokernels.impl_numba import _digits, _jit, _program, _sums, _threads
from eokernels.impl_numpy import _series, blocks

jit_difference, jit_counts, jit_evi, jit_scale, jit_mean, jit_median, jit_stats = (
    import_module(f"eokernels.impl_numba.{kernel}")
    for kernel in (
        "normalized_difference", "normalized_difference_dn", "evi", "mask_and_scale", "temporal_mean",
        "temporal_median", "temporal_stats",
    )
)  # fmt: skip
numpy_difference, numpy_scale, numpy_mean, numpy_stats, numpy_median = (
    import_module(f"eokernels.impl_numpy.{kernel}")
    for kernel in ("normalized_difference", "mask_and_scale", "temporal_mean", "temporal_stats", "temporal_median")
)

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
        ({"nodata": 1e39}, ValueError),
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


@pytest.mark.parametrize("n", [*range(1, 18), 40, 73])
def test_network_brings_the_wanted_ranks_into_their_rows(n):
    values = np.random.default_rng(n).integers(0, n, size=(n + 1, 200))
    ranks = ((n - 1) // 2, min((n + 1) // 2, n - 1)) if n > 16 else tuple(range(n))
    expected = np.sort(values[:n], axis=0)[list(ranks)]
    network = selection(n, ranks)
    for i, j, spare in network.operations:
        values[spare], values[j] = np.minimum(values[i], values[j]), np.maximum(values[i], values[j])
    assert (values[list(network.rows)] == expected).all()


def follow(steps, values):
    """Do steps on the rows of `values`."""
    for kind, a, b in steps:
        low, high = np.minimum(values[a], values[b]), np.maximum(values[a], values[b])
        if kind == "exchange":
            values[a], values[b] = low, high
        else:
            values[a] = low if kind == "min" else high


@pytest.mark.parametrize("n", [*range(1, 34), 73])
def test_steps_sort_merge_and_find_the_middle(n):
    given = np.random.default_rng(n).integers(0, n, size=(n, 300))
    expected = np.sort(given, axis=0)
    values, (steps, found) = given.copy(), middle(n)
    follow(steps, values)
    assert (values[list(found)] == expected[[(n - 1) // 2, min((n - 1) // 2 + 1, n - 1)]]).all()
    values, steps = given.copy(), []
    order = sort(range(n), steps)
    follow(steps, values)
    assert (values[order] == expected).all()
    values, steps, half = given.copy(), [], n // 3
    values[:half].sort(axis=0)
    values[half:].sort(axis=0)
    order = merge(range(half), range(half, n), steps)
    follow(steps, values)
    assert (values[order] == expected).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("dates", [1, 2, 12, _program.WHOLE, _program.WHOLE + 1])
def test_programs_find_the_middle_ranks(dates, dtype):
    values = np.zeros((dates + 2, _program.PITCH), dtype)
    values[:dates] = np.random.default_rng(dates).integers(0, 200, size=values[:dates].shape)
    expected = np.sort(values[:dates], axis=0)[[(dates - 1) // 2, min((dates - 1) // 2 + 1, dates - 1)]]
    found = _program.program(dates, values.dtype)
    limits = np.array([0, 255] if dtype[0] != "f" else [-np.inf, np.inf]).astype(dtype)
    pixels = 300  # not a whole number of lanes
    _program.run(values, pixels, found.addresses, found.first, found.halves, *limits)
    assert (values[dates:, :pixels] == expected[:, :pixels]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int16", "uint16"])
def test_networks_and_digits_find_the_same_medians(monkeypatch, dtype):
    random = np.random.default_rng(0)
    stack = (random.normal(size=(41, 7, 9)) * 100).astype(dtype)
    stack[:, 0, :3] = stack[:1, 0, :3]  # all the same
    mask = random.random(stack.shape) < random.random(stack.shape[1:])
    mask[:, 1, 0], mask[1:, 1, 1] = True, True
    expected = jit_median.temporal_median(stack, mask=mask)
    monkeypatch.setattr(jit_median, "LONGEST", 0)
    assert np.array_equal(jit_median.temporal_median(stack, mask=mask), expected, equal_nan=True)
    monkeypatch.setattr(_digits, "SHORT", 0)
    assert np.array_equal(jit_median.temporal_median(stack, mask=mask), expected, equal_nan=True)
    monkeypatch.setattr(_digits, "LONG", 0)
    monkeypatch.setattr(_digits, "SLICE", 24)
    assert np.array_equal(jit_median.temporal_median(stack, mask=mask), expected, equal_nan=True)


def test_sums_kept_between_parts_of_the_dates_are_the_same_sums(monkeypatch):
    stack = scene((1100, 5, 7))
    expected = [array.tobytes() for array in (jit_mean.temporal_mean(stack), *jit_stats.temporal_stats(stack))]
    monkeypatch.setattr(_sums, "LONG", 0)
    monkeypatch.setattr(_sums, "SLICE", 700)
    monkeypatch.setattr(_sums, "BATCH", 11)
    for threads in (1, 2):
        monkeypatch.setattr(_threads, "SERIAL_BELOW", 1)
        found = (jit_mean.temporal_mean(stack), *jit_stats.temporal_stats(stack, num_threads=threads))
        assert [array.tobytes() for array in found] == expected


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
    gather, scatter = (numba.njit(**_jit.OPTIONS)(one.py_func) for one in (_jit.gather, _jit.scatter))
    flat, block = np.arange(100, dtype=np.int16), np.empty(20, np.int16)
    gather(flat, 60, step, block)
    assert block.tolist() == [60 + k * step for k in range(20)]
    target = np.zeros_like(flat)
    scatter(block, target, 60, step)
    assert (target[target > 0] == np.sort(block)).all()
    assert target[60] == 60


@pytest.mark.parametrize(("one", "other"), list(product(LAYOUTS, LAYOUTS)))
def test_numba_and_numpy_agree_to_the_bit_on_every_pair_of_layouts(one, other):
    a, b = LAYOUTS[one](scene((37, 41))), LAYOUTS[other](scene((37, 41), seed=1))
    expected = numpy_difference.normalized_difference(a, b)
    assert np.array_equal(jit_difference.normalized_difference(a, b), expected, equal_nan=True)


def test_threads_change_no_bit_from_several_callers_at_once(monkeypatch):
    monkeypatch.setattr(_threads, "SERIAL_BELOW", 1)
    monkeypatch.setattr(_admit, "usable_cores", lambda: 8)
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
    monkeypatch.setattr(_threads, "_call_helpers", None)
    jit_median.temporal_median(scene((3, 300, 300)), num_threads=1)


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
    medians = numba.njit(**_jit.OPTIONS)(jit_median._middle.py_func)
    medians(*(np.ones(128, kind) for kind in ("f4", "f4", "i4")), 3, one, np.ones(128, "f4"))
    counts = numba.njit(**_jit.OPTIONS)(jit_counts._ratios.py_func)
    counts(hole.view(np.uint8), hole.view(np.uint8), hole, row.copy(), one, one, False, hole.view(np.uint8)[0], False)
    scaled = numba.njit(**_jit.OPTIONS)(jit_scale._scale.py_func)
    scaled(hole.view(np.uint8), hole, row.copy(), one, one, False, hole.view(np.uint8)[0], False)
    indices = numba.njit(**_jit.OPTIONS)(jit_evi._indices.py_func)
    indices(row, row, row, hole, row.copy(), (one,) * 4, False, one, False, one)
    squares = numba.njit(**_jit.OPTIONS)(_sums._add_squares.py_func)
    squares(row, row, row, row, np.zeros((4, 64), np.bool_), False, one, False, np.ones(_sums.ROOM))
    for compiled in (ratios, medians, counts, scaled, indices, squares):
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
    monkeypatch.setattr(_series, "NARROW", 8)
    assert [array.tobytes() for array in jit_stats.temporal_stats(stack)] == expected
    assert [array.tobytes() for array in numpy_stats.temporal_stats(stack)] == expected


NUMPY_REDUCTIONS = (numpy_mean.temporal_mean, numpy_stats.temporal_stats, numpy_median.temporal_median)
MIB = 2**20


@pytest.mark.parametrize("dtype", ["float32", "uint8", "uint16"])
@pytest.mark.parametrize("shape", [(4_000_000,), (400_000, 10), (100_000, 64)])
def test_scratch_of_long_series_is_bounded(shape, dtype):
    stack = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    mask = np.broadcast_to(np.arange(shape[-1]) % 7 == 0, shape)
    for reduce in NUMPY_REDUCTIONS:
        tracemalloc.start()
        reduce(stack, nodata=3, mask=mask)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 64 * MIB + 2 * shape[0] * stack.itemsize, reduce.__name__


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("shape", [(300_000,), (150_000, 3), (3, 150_000), (2047, 5), (2048, 5), (30_000, 2, 37)])
def test_long_series_are_answered_as_short_ones(shape, dtype):
    rng = np.random.default_rng(1)
    stack = rng.integers(0, 120, shape).astype(dtype)
    mask = rng.random(shape) < 0.3
    stack[mask] = 119
    axis = int(np.argmax(shape))
    if stack.dtype.kind == "f":
        stack += rng.random(shape).astype(dtype)
        stack[rng.random(shape) < 0.1] = np.nan
    mask[(..., 0) if axis == 0 and len(shape) > 1 else (0, ...)] |= axis == 0 and len(shape) > 1
    data = np.where(mask | (stack == 7), np.nan, stack).astype(np.float64)
    ordered = np.sort(np.moveaxis(data, axis, 0), axis=0)
    valid = np.count_nonzero(~np.isnan(ordered), axis=0)
    low, high = (
        np.take_along_axis(ordered, rank[np.newaxis], axis=0)[0]
        for rank in (np.maximum(valid - 1, 0) // 2, np.minimum(valid // 2, len(ordered) - 1))
    )
    out = numpy_median.temporal_median(stack, axis, mask=mask, nodata=7)
    assert np.array_equal(out, (0.5 * low + 0.5 * high).astype(out.dtype), equal_nan=True)
    with np.errstate(invalid="ignore"):
        added = np.cumsum(np.nan_to_num(np.moveaxis(data, axis, 0)), axis=0)[-1]
        mean, std, number = numpy_stats.temporal_stats(stack, axis, mask=mask, nodata=7)
        assert np.array_equal(mean, (added / valid).astype(mean.dtype), equal_nan=True)
        assert np.allclose(std, np.sqrt(np.nansum((data - np.expand_dims(added / valid, axis)) ** 2, axis) / valid),
                           rtol=1e-6, equal_nan=True)  # fmt: skip
    assert np.array_equal(number, valid)
    again = numpy_mean.temporal_mean(stack, axis, mask=mask, nodata=7)
    assert np.array_equal(again, mean, equal_nan=True)


@pytest.mark.parametrize("pixels", [1, 2, 5, 70])
@pytest.mark.parametrize("dates", [3000, 300_000])
def test_squares_of_long_series_are_added_in_their_order(dates, pixels):
    stack = scene((dates, pixels), dtype="float64")[: 600_000 // pixels]
    there = ~np.isnan(stack)
    n = there.sum(axis=0)
    mean = np.cumsum(np.where(there, stack, 0.0), axis=0)[-1] / n
    residuals = np.where(there, stack - mean, 0.0)
    squares, distances = (np.cumsum(each, axis=0)[-1] for each in (residuals * residuals, residuals))
    expected = np.sqrt(np.maximum(squares - distances * distances / n, 0.0) / (n - 1))
    for stats in (numpy_stats.temporal_stats, numpy_stats.temporal_stats_naive):
        assert np.array_equal(stats(stack, ddof=1)[1], expected)


@pytest.mark.parametrize("form", ["temporal_stats", "temporal_stats_naive"])
def test_a_deviation_far_from_zero_is_corrected_for_the_rounding_of_its_mean(form):
    stack = (1e15 + np.array([0.25, 0.5, 0.0])).reshape(3, 1)
    _, std, _ = getattr(numpy_stats, form)(stack, ddof=1)
    exact = [Fraction(value) for value in stack[:, 0].tolist()]
    mean = sum(exact) / 3
    assert std[0] == pytest.approx(math.sqrt(sum((value - mean) ** 2 for value in exact) / 2), rel=1e-15)
    _, same, _ = getattr(numpy_stats, form)(np.full((7, 1), 1e17 + 16))
    assert same[0] == 0.0


@pytest.mark.parametrize("length", [2, 30, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_middles_are_the_median_even_where_their_halves_are_lost(length, dtype):
    tiny = np.full((length, 3), np.finfo(dtype).smallest_subnormal, dtype)
    assert (numpy_median.temporal_median(tiny) == tiny[0]).all()
