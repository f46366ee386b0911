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

from eokernels import _admit
from eokernels._network import selection
from eokernels.impl_numba import _jit, _lanes
from eokernels.impl_numba import normalized_difference as jit_difference
from eokernels.impl_numba import temporal_median as jit_median
from eokernels.impl_numpy import blocks
from eokernels.impl_numpy import normalized_difference as numpy_difference

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
    return _admit.elementwise(a, b, **{**NOT_GIVEN, "min_denominator": 0.0, **given})


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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_span_finds_every_element_and_copies_none(layout):
    array = LAYOUTS[layout](np.arange(35, dtype=np.int16).reshape(5, 7))
    flat, offset, steps = _jit.span(array)
    assert flat.flags.c_contiguous
    assert np.shares_memory(flat, array)
    found = [[flat[offset + i * steps[0] + j * steps[1]] for j in range(7)] for i in range(5)]
    assert (np.array(found) == array).all()


def test_contiguous_axes_merge_into_one_whatever_their_order():
    for x in (np.ones((3, 4, 5)), np.ones((3, 4, 5)).transpose(2, 0, 1)):
        steps = _jit.span(x).steps
        assert _jit.merged(x.shape, steps, steps)[0].tolist() == [60]


@pytest.mark.parametrize(("one", "other"), list(product(LAYOUTS, LAYOUTS)))
def test_numba_and_numpy_agree_to_the_bit_on_every_pair_of_layouts(one, other):
    a, b = LAYOUTS[one](scene((37, 41))), LAYOUTS[other](scene((37, 41), seed=1))
    expected = numpy_difference.normalized_difference(a, b)
    assert np.array_equal(jit_difference.normalized_difference(a, b), expected, equal_nan=True)


def test_threads_change_no_bit_from_several_callers_at_once(monkeypatch):
    monkeypatch.setattr(_jit, "SERIAL_BELOW", 1)
    a, b, stack = scene((101, 103)), scene((101, 103), seed=1), scene((9, 57, 61))
    expected = (
        jit_difference.normalized_difference(a, b).tobytes(),
        jit_median.temporal_median(stack).tobytes(),
    )

    def call(threads):
        return (
            jit_difference.normalized_difference(a, b, num_threads=threads).tobytes(),
            jit_median.temporal_median(stack, num_threads=threads).tobytes(),
        )

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
    for compiled in (ratios, middle):
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
