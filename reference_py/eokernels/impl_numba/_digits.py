"""Medians of long series, one pixel after the other: a search for the middle rank by digits of 8 or 11 bits.

Values become unsigned integers in the same order. A count of their first digits says in which one the rank lies; values
with that digit are kept, and so on with the next digit. That passes over a series a few times, whatever its length,
where a network grows faster than the series. The next rank is the same value, or the least of those passed over that
are greater.

Series are gathered for a tile of pixels at a time, so that each cache line of the stack is read once. Long work is cut
into dates, between which Python handles signals.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

import numpy as np

from eokernels._checks import fresh
from eokernels.impl_numba._jit import helper, kernel, locate, walk_pixels
from eokernels.impl_numba._threads import SLICE, share

SHORT, DIGIT, LONG_DIGIT = 2**12, 8, 11  # bits of a digit up to so many dates, and beyond; the counts stay in L1
DATES = 8  # taken of one pixel before the next: few enough for rows that share a cache set
FEW = 16  # keys that are sorted at last
TILE, TILE_BYTES = 64, 2**18  # pixels at most, and bytes so that gathered series stay in L2; but for long ones
LEAST, LEAST_BYTES = 16, 2**25  # pixels, so that cache lines are used whole, and bytes of them in all threads
LONG = 2**21  # dates beyond which a series is cut


def medians_by_digits(call, result):
    """Write the medians of an admitted call that has dates and pixels."""
    (series,) = call.arrays
    flats, way = walk_pixels(call, result)
    kind, dates = series.dtype, len(series)
    nodata = kind.type(0 if call.nodata is None else call.nodata)
    gaps = call.nodata is not None, nodata, call.mask is not None
    tile = min(result.size, _tile(dates * kind.itemsize, call.threads))
    half, digit = call.dtype.type(0.5), DIGIT if dates <= SHORT else LONG_DIGIT

    def part(start, stop):
        values = fresh((tile, dates), kind)
        keys, counts = values.view(f"u{kind.itemsize}"), np.zeros(2**digit, np.int64)
        _tiles(*flats, *way, *gaps, _FORMS[kind.kind], values, keys, digit, counts, half, start, stop)

    if dates <= LONG:
        share(part, result.size, call.threads, 16 * series.size)
    else:
        _long(call, result, flats, way, gaps, half)


def _tile(series_bytes, threads):
    """Return how many series to gather at a time."""
    least = min(LEAST, LEAST_BYTES // threads // series_bytes)
    return max(1, least, min(TILE, TILE_BYTES // series_bytes))


_FORMS = {"u": 0, "i": 1, "f": 2}


@kernel
def _tiles(
    x, mask, out, offsets, lengths, steps, leads, has_nodata, nodata, masked, form, values, keys, digit, counts, half,
    start, stop,
):  # fmt: skip
    tile, dates = values.shape
    places, kept = np.empty((tile, offsets.size), np.int64), np.empty(tile, np.int64)
    for first in range(start, stop, tile):
        pixels = min(tile, stop - first)
        for k in range(pixels):
            locate(first + k, offsets, lengths, steps, places[k])
        kept[:] = 0
        _collect(x, mask, places[:pixels], leads, has_nodata, nodata, masked, values, kept, 0, dates)
        for k in range(pixels):
            n = kept[k]
            if n > 0:
                _order(keys[k, :n], form, False)
                _find_middle(keys[k], n, digit, counts)
                _order(keys[k, :2], form, True)
            out[places[k, 2]] = _median(values[k], n, half)


@kernel
def _collect(x, mask, places, leads, has_nodata, nodata, masked, values, kept, first, last):
    """Append the values of dates `first` to `last` that are not missing to each pixel's row of `values`."""
    for begin in range(first, last, DATES):
        end = min(begin + DATES, last)
        for k in range(len(places)):
            n, row, at = kept[k], values[k], places[k, 0]
            for t in range(begin, end):
                value = x[at + t * leads[0]]
                gap = (value != value) | (has_nodata & (value == nodata))  # noqa: PLR0124 - which NaN alone is not
                if masked:
                    gap |= mask[places[k, 1] + t * leads[1]]
                row[n] = value
                n += 0 if gap else 1
            kept[k] = n


@kernel
def _order(keys, form, back):
    """Turn bits of signed integers or floats into unsigned integers in the same order, or back."""
    top = keys.dtype.type(1) << keys.dtype.type(8 * keys.itemsize - 1)
    if form == 1:
        for k in range(keys.size):
            keys[k] ^= top
    elif form == 2:
        for k in range(keys.size):
            key = keys[k]
            negative = (key & top) == 0 if back else (key & top) != 0
            keys[k] = ~key if negative else key ^ top


@kernel
def _find_middle(keys, n, digit, counts):
    """Move the lower and the upper middle rank of the first `n` keys to the front; the same key where `n` is odd."""
    rank, upper, apart, above = (n - 1) // 2, n // 2, False, keys[0]
    shift = _differing(*_span(keys[:n], keys[0], keys[0]))
    while shift > 0 and n > FEW:
        shift = max(0, shift - digit)
        counts[:] = 0
        _count(keys[:n], shift, counts)
        place, below = _digit_at(rank, counts)
        leaves = upper >= below + counts[place]
        n, higher = _keep(keys, 0, n, shift, counts.size - 1, place, 0, ~keys.dtype.type(0))
        if leaves and not apart:
            apart, above = True, higher
        rank, upper = rank - below, upper - below
    if shift > 0:
        _sort(keys[:n])
    lower, above = keys[rank], above if apart else keys[upper]
    keys[0] = lower
    keys[1] = above


@kernel
def _span(keys, least, most):
    """Return the least and the greatest of keys and what is given for them."""
    for k in range(keys.size):
        least, most = min(least, keys[k]), max(most, keys[k])
    return least, most


@kernel
def _differing(least, most):
    """Return how many low bits it takes to tell keys in between apart: all others are the same."""
    differing, bits = least ^ most, 0
    while differing:
        differing >>= type(differing)(1)
        bits += 1
    return bits


@helper
def _sort(keys):
    """Sort a few keys by insertion."""
    for k in range(1, keys.size):
        key, place = keys[k], k
        while place > 0 and keys[place - 1] > key:
            keys[place] = keys[place - 1]
            place -= 1
        keys[place] = key


@kernel
def _count(keys, shift, counts):
    """Add to `counts` how many keys have each digit."""
    last, by = keys.dtype.type(counts.size - 1), keys.dtype.type(shift)
    for k in range(keys.size):
        counts[(keys[k] >> by) & last] += 1


@kernel
def _digit_at(rank, counts):
    """Return the digit of the key of that rank, and how many keys have lower ones."""
    below = 0
    for digit in range(counts.size):
        if rank < below + counts[digit]:
            return digit, below
        below += counts[digit]
    return counts.size - 1, below


@kernel
def _keep(keys, first, last, shift, mask, digit, kept, higher):
    """Move keys `first` to `last` with a digit to place `kept` and the next; return the place after, and `higher`.

    That is the least of the keys with higher digits and of what is given for it.
    """
    most, by, wanted = keys.dtype.type(mask), keys.dtype.type(shift), keys.dtype.type(digit)
    for k in range(first, last):
        key = keys[k]
        own = (key >> by) & most
        keys[kept] = key
        kept += 1 if own == wanted else 0
        higher = min(higher, key) if own > wanted else higher
    return kept, higher


@kernel
def _median(middle, n, half):
    """Return the mean of two values that are the middle ranks of `n`, NaN where there are none."""
    wide = type(half)
    a, b = wide(middle[0]), wide(middle[1])
    if n == 0:
        return wide(np.nan)
    return a if a == b else half * a + half * b


def _long(call, result, flats, way, gaps, half):
    """Write the medians of series of very many dates."""
    (series,) = call.arrays
    kind, dates = series.dtype, len(series)
    values, counts = fresh((1, dates), kind), np.zeros(2**LONG_DIGIT, np.int64)
    keys, form = values.view(f"u{kind.itemsize}")[0], _FORMS[kind.kind]
    places, cut = np.empty((1, 3), np.int64), SLICE // 2
    x, mask, out, (offsets, lengths, steps, leads) = *flats, way
    for pixel in range(result.size):
        locate(pixel, offsets, lengths, steps, places[0])
        kept = np.zeros(1, np.int64)
        for t in range(0, dates, cut):
            _collect(x, mask, places, leads, *gaps, values, kept, t, min(t + cut, dates))
        n = int(kept[0])
        for t in range(0, n, cut):
            _order(keys[t : min(t + cut, n)], form, False)
        if n > 0:
            _find_middle_in_parts(keys, n, counts, cut)
        _order(keys[:2], form, True)
        out[places[0, 2]] = _median(values[0], n, half)


def _find_middle_in_parts(keys, n, counts, cut):
    """Do what :func:`_find_middle` does for as long as there are many keys, with Python between parts of them."""
    rank, upper, above = (n - 1) // 2, n // 2, None
    least = most = keys[0]
    for t in range(0, n, cut):
        least, most = (keys.dtype.type(key) for key in _span(keys[t : min(t + cut, n)], least, most))
    shift = _differing(least, most)
    while shift > 0:
        shift = max(0, shift - LONG_DIGIT)
        counts[:] = 0
        for t in range(0, n, cut):
            _count(keys[t : min(t + cut, n)], shift, counts)
        digit, below = _digit_at(rank, counts)
        leaves, kept, higher = upper >= below + counts[digit], 0, ~keys.dtype.type(0)
        for t in range(0, n, cut):
            kept, higher = _keep(keys, t, min(t + cut, n), shift, counts.size - 1, digit, kept, keys.dtype.type(higher))
        if leaves and above is None:
            above = higher
        n, rank, upper = kept, rank - below, upper - below
    keys[1] = keys[0] if above is None else above
