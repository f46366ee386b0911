"""Penalised least squares on lanes of series: the formulas of ``kernels_rs/src/algo/banded.rs``, an order at a time.

`j` is (d, d, lanes), of which the upper triangle counts, `h` and `k` are (d, lanes), the others (lanes,).
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

from eokernels.impl_numba._jit import helper


@helper
def change(j, h, k, g, lmbda):
    """Let the last difference change at a cost; write k and g."""
    d, lanes = h.shape
    if d == 1:
        for w in range(lanes):
            r = 1.0 / (j[0, 0, w] + lmbda)
            k[0, w] = lmbda * r
            g[w] = r * h[0, w]
            j[0, 0, w] *= k[0, w]
            h[0, w] *= k[0, w]
    elif d == 2:
        for w in range(lanes):
            b, c, last = j[0, 1, w], j[1, 1, w], h[1, w]
            r = 1.0 / (c + lmbda)
            first, own = b * r, lmbda * r
            k[0, w], k[1, w], g[w] = first, own, r * last
            j[0, 0, w] -= first * b
            j[0, 1, w], j[1, 1, w] = b * own, c * own
            h[0, w] -= first * last
            h[1, w] = last * own
    else:
        for w in range(lanes):
            a, b, c, last = j[0, 2, w], j[1, 2, w], j[2, 2, w], h[2, w]
            r = 1.0 / (c + lmbda)
            first, second, own = a * r, b * r, lmbda * r
            k[0, w], k[1, w], k[2, w], g[w] = first, second, own, r * last
            j[0, 0, w] -= first * a
            j[0, 1, w] -= first * b
            j[1, 1, w] -= second * b
            j[0, 2, w], j[1, 2, w], j[2, 2, w] = a * own, b * own, c * own
            h[0, w] -= first * last
            h[1, w] -= second * last
            h[2, w] = last * own


@helper
def turn(j, h, widths, weights, values):
    """Go on to the differences of the next date, and add its own value."""
    d, lanes = h.shape
    if d == 2:
        m = widths[0]
        for w in range(lanes):
            a, b = j[0, 0, w], j[0, 1, w]
            next_b = b - m * a
            j[0, 1, w], j[1, 1, w] = next_b, (j[1, 1, w] - m * b) - m * next_b
            h[1, w] -= m * h[0, w]
    elif d == 3:
        m, n = widths[0], widths[1]
        for w in range(lanes):
            b, c, e = j[0, 1, w], j[0, 2, w], j[1, 1, w]
            f, next_c = j[1, 2, w], c - n * b
            next_f = f - n * e
            corner = (j[2, 2, w] - n * f) - n * next_f
            next_b = b - m * j[0, 0, w]
            j[0, 1, w], j[0, 2, w], j[1, 1, w] = next_b, next_c, (e - m * b) - m * next_b
            j[1, 2, w], j[2, 2, w] = next_f - m * next_c, corner
            h[2, w] -= n * h[1, w]
            h[1, w] -= m * h[0, w]
    for w in range(lanes):
        j[0, 0, w] += weights[w]
        h[0, w] += values[w]


@helper
def last_state(j, h):
    """Solve J s = h; s stands in h then."""
    d, lanes = h.shape
    for w in range(lanes):
        for last in range(d - 1, 0, -1):
            r = 1.0 / j[last, last, w]
            for a in range(last):
                lower = j[a, last, w] * r
                for b in range(a, last):
                    j[a, b, w] -= lower * j[b, last, w]
                h[a, w] -= lower * h[last, w]
            h[last, w] *= r
            for a in range(last):
                j[last, a, w] = j[a, last, w] * r
        h[0, w] /= j[0, 0, w]
        for a in range(1, d):
            for b in range(a):
                h[a, w] -= j[a, b, w] * h[b, w]


@helper
def back(s, k, widths, g, values, free):
    """Write the result at a date, and go back to the state at the one before."""
    d, lanes = s.shape
    if d == 1:
        for w in range(lanes):
            values[w] = s[0, w]
            if free:
                s[0, w] = s[0, w] * k[0, w] + g[w]
    elif d == 2:
        m = widths[0]
        for w in range(lanes):
            first, last = s[0, w], s[1, w]
            values[w] = first
            first -= m * last
            s[0, w] = first
            if free:
                s[1, w] = (last * k[1, w] - k[0, w] * first) + g[w]
    else:
        m, n = widths[0], widths[1]
        for w in range(lanes):
            first, second, last = s[0, w], s[1, w], s[2, w]
            values[w] = first
            first, second = first - m * second, second - n * last
            s[0, w], s[1, w] = first, second
            if free:
                s[2, w] = ((last * k[2, w] - k[0, w] * first) - k[1, w] * second) + g[w]


@helper
def share_change(h, k, r, widths, values, g, free):
    """Do the same as :func:`change` and :func:`turn` to h alone, with factors that all lanes share."""
    d, lanes = h.shape
    if free:
        own = k[d - 1]
        for w in range(lanes):
            last = h[d - 1, w]
            g[w] = r * last
            h[d - 1, w] = last * own
            if d > 1:
                h[0, w] -= k[0] * last
            if d > 2:
                h[1, w] -= k[1] * last
    for a in range(d - 2, -1, -1):
        m = widths[a]
        for w in range(lanes):
            h[a + 1, w] -= m * h[a, w]
    for w in range(lanes):
        h[0, w] += values[w]


@helper
def share_back(s, k, widths, g, values, free):
    """Do the same as :func:`back`, with factors that all lanes share."""
    d, lanes = s.shape
    if d == 2:
        m, first_k, last_k = widths[0], k[0], k[1]
        for w in range(lanes):
            first, last = s[0, w], s[1, w]
            values[w] = first
            first -= m * last
            s[0, w] = first
            if free:
                s[1, w] = (last * last_k - first_k * first) + g[w]
        return
    for w in range(lanes):
        values[w] = s[0, w]
        for a in range(d - 1):
            s[a, w] -= widths[a] * s[a + 1, w]
        if free:
            last = s[d - 1, w] * k[d - 1]
            for a in range(d - 1):
                last -= k[a] * s[a, w]
            s[d - 1, w] = last + g[w]
