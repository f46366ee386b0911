"""``TemporalStats``: dates that come one or a few at a time give what the whole stack gives."""

from __future__ import annotations

import copy
import itertools
import pickle
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eokernels
from benchmarks import registry
from eokernels import TemporalStats

FLOATS = ("float32", "float64")
DTYPES = (*FLOATS, "uint8", "int16", "uint16")
U = 2.0**-53


def stack(dtype: str, shape: tuple[int, ...] = (23, 5, 7), seed: int = 0) -> Any:
    """Return values of the whole range, with gaps: NaN in floats, 0 in integers."""
    rng = np.random.default_rng(seed)
    if dtype in FLOATS:
        values = (rng.standard_normal(shape) * 1e3 + 1e4).astype(dtype)
        values[rng.random(shape) < 0.3] = np.nan
        return values
    return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def one_by_one(values: Any, steps: list[int], **options: Any) -> TemporalStats:
    """Return what was seen of values, in updates of so many dates."""
    seen = TemporalStats()
    for first, last in itertools.pairwise([0, *itertools.accumulate(steps)]):
        seen.update(values[first:last], **options)
    return seen


def assert_close(found: tuple[Any, ...], expected: tuple[Any, ...], values: Any, parts: int) -> None:
    """Assert the stated tolerance, and one rounding of each side to its dtype; `values` are the whole stack."""
    np.testing.assert_array_equal(found[2], expected[2], strict=True)
    valid = np.where(np.isfinite(values), values.astype("float64"), 0.0)
    root = np.sqrt((valid**2).sum(axis=0) / np.maximum(expected[2], 1))
    bound = (len(values) + 8 * parts) * U * root
    for one, plain in zip(found[:2], expected[:2], strict=True):
        assert one.dtype == plain.dtype
        np.testing.assert_array_equal(np.isnan(one), np.isnan(plain))
        finite = np.isfinite(plain)
        np.testing.assert_array_equal(one[~finite], plain[~finite])
        rounding = np.spacing(np.abs(plain[finite])).astype("float64") if plain.dtype == np.float32 else 0.0
        distance = np.abs(one[finite].astype("float64") - plain[finite].astype("float64"))
        assert (distance <= bound[finite] + rounding).all(), (distance / root[finite] / U).max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ddof", [0, 1, 4])
@pytest.mark.parametrize("out", [None, "float64"])
def test_one_update_has_the_bits_of_the_kernel(dtype: str, ddof: int, out: Any) -> None:
    out = None if dtype in FLOATS else out
    values = stack(dtype)
    nodata = None if dtype in FLOATS else 0
    seen = TemporalStats()
    seen.update(values, nodata=nodata)
    expected = eokernels.temporal_stats(values, ddof=ddof, nodata=nodata, dtype=out)
    for one, plain in zip(seen.result(ddof, out), expected, strict=True):
        np.testing.assert_array_equal(one, plain, strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [[1] * 23, [5, 5, 5, 5, 3], [1, 22], [22, 1], [0, 10, 0, 13, 0]])
def test_updates_give_the_numbers_of_the_stack(dtype: str, steps: list[int]) -> None:
    values = stack(dtype)
    expected = eokernels.temporal_stats(values, ddof=1)
    found = one_by_one(values, steps).result(ddof=1)
    assert_close(found, expected, values, len(steps))
    if dtype not in FLOATS:
        np.testing.assert_array_equal(found[0], expected[0])


def test_the_oracle_says_the_same() -> None:
    values = stack("float64")
    mean, std, count = registry.get("temporal_stats").oracle(values, ddof=1)
    found = one_by_one(values, [4] * 5 + [3]).result(ddof=1)
    assert_close(found, (mean, std, count.astype("int32")), values, 6)


@dataclass(frozen=True)
class Split:
    """A stack, the dates of each update, and which pairs of neighbours are merged one after the other."""

    dtype: str
    seed: int
    steps: list[int]
    merges: list[int]
    centre: float
    spread: float


@st.composite
def splits(draw: st.DrawFn) -> Split:
    steps = draw(st.lists(st.integers(0, 6), min_size=1, max_size=10))
    objects = draw(st.integers(1, len(steps)))
    merges = [draw(st.integers(0, left)) for left in range(objects - 2, -1, -1)]
    numbers = st.floats(-1e6, 1e6), st.sampled_from([0.0, 1e-6, 1.0, 1e3, 1e9])
    return Split(draw(st.sampled_from(DTYPES)), draw(st.integers(0, 2**32 - 1)), steps, merges, *map(draw, numbers))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(splits())
def test_any_updates_and_merges_are_within_the_tolerance(split: Split) -> None:
    values = stack(split.dtype, (sum(split.steps), 2, 3), split.seed)
    if split.dtype in FLOATS:
        values = ((values - 1e4) * split.spread + split.centre).astype(split.dtype)
    updates = np.split(values, np.cumsum(split.steps)[:-1])
    objects = [TemporalStats() for _ in range(len(split.merges) + 1)]
    shares = np.array_split(np.arange(len(updates)), len(objects))
    for seen, share in zip(objects, shares, strict=True):
        for k in share:
            seen.update(updates[k])
    for k in split.merges:
        objects[k].merge(objects.pop(k + 1))
    (seen,) = objects
    assert seen.dates == len(values)
    expected = eokernels.temporal_stats(values, ddof=1)
    found = seen.result(ddof=1)
    assert_close(found, expected, values, len(split.steps))
    if split.dtype not in FLOATS:
        np.testing.assert_array_equal(found[0], expected[0])


@pytest.mark.parametrize("steps", [[1] * 5, [2, 3], [4, 1]])
def test_infinities_are_what_they_are_to_the_kernel(steps: list[int]) -> None:
    special = [np.nan, np.inf, -np.inf, 1.0, -2.5]
    values = np.array(list(itertools.product(special, repeat=5))).T.copy()
    found = one_by_one(values, steps).result(ddof=1)
    assert_close(found, eokernels.temporal_stats(values, ddof=1), values, len(steps))


@pytest.mark.parametrize("dtype", DTYPES)
def test_masks_and_nodata_of_each_update(dtype: str) -> None:
    values, gaps = stack(dtype), np.random.default_rng(1).random((23, 5, 7)) < 0.4
    missing = float(values[1, 2, 3]) if dtype not in FLOATS else None
    seen = TemporalStats()
    for date, gap in zip(values, gaps, strict=True):
        seen.update(date, axis=None, nodata=None if missing is None else int(missing), mask=gap)
    expected = eokernels.temporal_stats(values, nodata=None if missing is None else int(missing), mask=gaps)
    assert_close(seen.result(), expected, values, 23)


def test_a_bool_masks_a_whole_update() -> None:
    values = stack("float32")
    seen = TemporalStats()
    seen.update(values[:9], mask=False)
    seen.update(values[9:], mask=True)
    assert_close(seen.result(), eokernels.temporal_stats(values[:9]), values[:9], 2)
    assert seen.dates == 23


def test_time_may_be_any_axis_and_a_date_needs_none() -> None:
    values = stack("uint16")
    expected = eokernels.temporal_stats(values, nodata=0)
    ways = [
        one_by_one(values, [23], nodata=0),
        TemporalStats(),
        TemporalStats(),
    ]
    ways[1].update(np.moveaxis(values, 0, -1), axis=-1, nodata=0)
    for date in values:
        ways[2].update(date, axis=None, nodata=0)
    for seen in ways:
        assert seen.dates == 23
        assert_close(seen.result(), expected, values, 23)


def test_a_single_pixel_and_no_pixels() -> None:
    series = stack("float64", (12,))
    seen = one_by_one(series, [5, 7])
    assert [one.shape for one in seen.result()] == [(), (), ()]
    assert_close(
        tuple(one[None] for one in seen.result()), eokernels.temporal_stats(series[:, None]), series[:, None], 2
    )
    nothing = one_by_one(np.empty((4, 0, 3), "uint8"), [2, 2])
    assert [one.shape for one in nothing.result()] == [(0, 3)] * 3


def test_more_pixels_than_a_block_and_any_strides() -> None:
    values = stack("int16", (6, 150, 260))
    for laid in (values, np.asfortranarray(values), np.repeat(values, 2, axis=2)[..., ::2], values.transpose(0, 2, 1)):
        found = one_by_one(laid, [2, 1, 3]).result(ddof=1)
        assert_close(found, eokernels.temporal_stats(laid, ddof=1), laid, 3)


def test_a_small_spread_around_a_large_offset_survives() -> None:
    values = 1e9 + np.random.default_rng(3).standard_normal((500, 4))
    std = one_by_one(values, [1] * 500).result()[1]
    np.testing.assert_allclose(std, np.std(values, axis=0), rtol=1e-6)


def test_inputs_and_partners_stay_as_they_are() -> None:
    values, gaps = stack("uint16"), np.zeros((23, 5, 7), bool)
    before = values.copy()
    values.flags.writeable = gaps.flags.writeable = False
    one, other = one_by_one(values[:9], [9], mask=gaps[:9]), one_by_one(values[9:], [14])
    right = [result.copy() for result in other.result()]
    empty = TemporalStats()
    empty.merge(other)
    empty.merge(one)
    one.merge(other)
    for result in one.result():
        result[...] = 0
    for now, then in zip(other.result(), right, strict=True):
        np.testing.assert_array_equal(now, then, strict=True)
    np.testing.assert_array_equal(values, before)
    assert_close(one.result(), eokernels.temporal_stats(values), values, 2)
    assert one.dates == empty.dates == 23


def test_merged_with_itself_every_date_counts_twice() -> None:
    values = stack("float64")
    seen = one_by_one(values, [9, 14])
    seen.merge(seen)
    assert_close(
        seen.result(), eokernels.temporal_stats(np.concatenate([values, values])), np.tile(values, (2, 1, 1)), 4
    )


def test_merging_nothing_changes_nothing() -> None:
    seen = one_by_one(stack("uint8"), [23])
    right = seen.result()
    seen.merge(TemporalStats())
    for now, then in zip(seen.result(), right, strict=True):
        np.testing.assert_array_equal(now, then, strict=True)
    nothing = TemporalStats()
    nothing.merge(TemporalStats())
    assert repr(nothing) == "TemporalStats()"
    assert repr(seen) == "<TemporalStats of 23 dates of (5, 7) uint8>"


@pytest.mark.parametrize("buffers", [False, True])
def test_a_copy_that_travelled_goes_on_for_itself(buffers: bool) -> None:
    values = stack("float32")
    seen = one_by_one(values[:9], [4, 5])
    if buffers:  # as process clusters send arrays: inside of bytes, at odd addresses, read-only
        sent: list[Any] = []
        data = pickle.dumps(seen, protocol=5, buffer_callback=sent.append)
        odd = [memoryview(b"x" + bytes(buffer.raw()))[1:] for buffer in sent]
        assert odd
        travelled = pickle.loads(data, buffers=odd)
    else:
        travelled = pickle.loads(pickle.dumps(seen))
    for other in (travelled, copy.deepcopy(seen)):
        other.update(values[9:])
        assert_close(other.result(), eokernels.temporal_stats(values), values, 3)
    assert seen.dates == 9
    assert_close(seen.result(), eokernels.temporal_stats(values[:9]), values[:9], 2)


def test_dates_are_read_from_a_file(tmp_path: Path) -> None:
    values = stack("int16")
    values.tofile(tmp_path / "dates.bin")
    seen = TemporalStats()
    for date in np.memmap(tmp_path / "dates.bin", "int16", "r", shape=values.shape):
        seen.update(date, axis=None, nodata=0)
    assert_close(seen.result(), eokernels.temporal_stats(values, nodata=0), values, 23)


def test_it_keeps_twenty_bytes_a_pixel() -> None:
    pixels = 1 << 20
    date = np.ones((1, pixels), "uint8")
    tracemalloc.start()
    try:
        seen = one_by_one(np.repeat(date, 3, axis=0), [1, 1, 1])
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        seen.update(date)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    slack = 1.5e6  # blocks of pixels, and what Python keeps
    assert 20 * pixels <= kept <= 20 * pixels + 3 * pixels + slack
    assert now <= kept + slack
    assert peak - kept <= 20 * pixels + slack


def test_threads_change_no_bit() -> None:
    values = stack("float64", (9, 400, 300))
    one, two = one_by_one(values, [4, 5]), one_by_one(values, [4, 5], num_threads=2)
    for first, second in zip(one.result(), two.result(), strict=True):
        np.testing.assert_array_equal(first, second, strict=True)


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda seen: seen.update(stack("uint8")), TypeError, "x: its dtype is uint8; accepted is uint16"),
    (lambda seen: seen.update(stack("uint16")[:, 1:]), ValueError, r"x: its dates have the shape \(4, 7\)"),
    (lambda seen: seen.update(stack("uint16")[0]), ValueError, r"x: its dates have the shape \(7,\)"),
    (lambda seen: seen.update(stack("uint16"), nodata=70_000), ValueError, "^nodata"),
    (lambda seen: seen.update(stack("uint16"), mask=np.zeros(7)), TypeError, "^mask"),
    (lambda seen: seen.update(stack("uint16"), axis=3), ValueError, "^axis"),
    (lambda seen: seen.update(stack("uint16").tolist(), axis=None), TypeError, "^x"),
    (lambda seen: seen.update(np.ma.masked_array(stack("uint16"))), TypeError, "^x.*mask="),
    (lambda seen: seen.update(stack("uint16").astype("int64")), TypeError, "^x"),
    (lambda seen: seen.merge(one_by_one(stack("uint8"), [23])), TypeError, "other: its dtype is uint8"),
    (lambda seen: seen.merge(one_by_one(stack("uint16")[:, 1:], [23])), ValueError, "other: its dates have the shape"),
    (lambda seen: seen.merge(stack("uint16")), TypeError, "other: it is of type ndarray; accepted is a TemporalStats"),
    (lambda seen: seen.result(ddof=-1), ValueError, "^ddof"),
    (lambda seen: seen.result(ddof=0.5), TypeError, "^ddof"),
    (lambda seen: seen.result(dtype="int16"), TypeError, "^dtype"),
    (lambda seen: TemporalStats().result(), ValueError, "no date came yet"),
]


@pytest.mark.parametrize(("call", "kind", "said"), ERRORS, ids=[said for *_, said in ERRORS])
def test_a_refusal_says_why_and_changes_nothing(call: Any, kind: type[Exception], said: str) -> None:
    seen = one_by_one(stack("uint16"), [23])
    right = seen.result()
    with pytest.raises(kind, match=said):
        call(seen)
    assert seen.dates == 23
    for now, then in zip(seen.result(), right, strict=True):
        np.testing.assert_array_equal(now, then, strict=True)


def test_floats_stay_what_they_are() -> None:
    seen = one_by_one(stack("float64"), [23])
    with pytest.raises(TypeError, match=r"^dtype"):
        seen.result(dtype="float32")


def test_more_dates_than_can_be_counted_are_refused() -> None:
    seen = one_by_one(np.ones((4, 2), "uint8"), [4])
    for _ in range(28):
        seen.merge(seen)
    assert seen.dates == 2**30
    np.testing.assert_array_equal(seen.result()[2], 2**30)
    with pytest.raises(OverflowError, match="other: with it 2147483648 dates came"):
        seen.merge(seen)
    assert seen.dates == 2**30
