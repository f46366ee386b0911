"""Selection networks over rows of pixels side by side, `LANES` at a time, as straight-line code for registers.

What limits a network on rows is not the comparing but the loading and storing. So a piece of a network is one function,
written here as source: a loop over the lanes that loads each row once, holds all comparisons between, and stores once.
LLVM turns it into one register per row and one instruction per minimum; where there are more rows than registers it
spills some, which still is less than a load and a store per comparison.

Up to `WHOLE` dates one piece finds the two middle ranks. Up to `LONGEST` both halves are sorted, by pieces for up to
`SORTED` rows and pieces that merge two sorted runs, and the middle ranks taken from them. The time of compilation grows
faster than a piece, hence the limits. Pieces do not depend on the number of dates: many share them.

``min`` and ``max`` are Numba's, which on scalars are one comparison and one selection: of (a, b) and (b, a) they return
each value once, whatever the signs of zeros. There must be no NaN. A piece is a C function that gets the address of its
first row, so that the loop over pieces is compiled once for all lengths. Its source has this file's name, as Numba
keeps compiled code beside the file that a function comes from.
"""
# ruff: noqa: PLR0917 - compiled functions take their arguments by position

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from eokernels._admit import Array
from eokernels._network import Step, merge, middle, sort
from eokernels.impl_numba._jit import OPTIONS, kernel

LANES = 128  # pixels at a time; 64 take 1.3 times as long at 73 dates, 256 1.1 times
WIDTH = 512  # pixels of a row
PITCH = 528  # elements from one row to the next: no power of two, as such rows share cache sets
WHOLE, SORTED, LONGEST = 32, 20, 160
REDUCED = 8  # pairs that are taken into account at a time


class Program(NamedTuple):
    """Pieces to call one after the other on `rows` rows of values and two more, in which the middle ranks end.

    Attributes
    ----------
    addresses
        Of the pieces.
    first
        First row of each one's.
    rows
        Number of dates.
    halves
        Length of the first sorted half; 0 where the pieces find the middle ranks.
    """

    addresses: Array
    first: Array
    rows: int
    halves: int


@lru_cache(maxsize=256)
def program(rows: int, dtype: np.dtype[Any]) -> Program:
    """Return the program for that many dates of a dtype, compiled or read from Numba's cache."""
    calls: list[tuple[int, int]] = []
    if rows <= WHOLE:
        steps, found = middle(rows)
        calls.append((_piece(f"middle_{rows}", dtype, rows, steps, zip((rows, rows + 1), found, strict=True)), 0))
    else:
        half = (rows + 1) // 2
        _sort(calls, 0, half, dtype)
        _sort(calls, half, rows - half, dtype)
    addresses, first = np.array(calls).T
    return Program(addresses.copy(), first.copy(), rows, 0 if rows <= WHOLE else half)


def _sort(calls: list[tuple[int, int]], first: int, rows: int, dtype: np.dtype[Any]) -> None:
    """Add calls that sort `rows` rows from `first` on."""
    steps: list[Step] = []
    if rows <= SORTED:
        name, order = f"sort_{rows}", sort(range(rows), steps)
    else:
        half = (rows + 1) // 2
        _sort(calls, first, half, dtype)
        _sort(calls, first + half, rows - half, dtype)
        name, order = f"merge_{rows}", merge(range(half), range(half, rows), steps)
    calls.append((_piece(name, dtype, rows, steps, enumerate(order)), first))


_PIECES: dict[tuple[str, np.dtype[Any]], Any] = {}


def _piece(name: str, dtype: np.dtype[Any], rows: int, steps: list[Step], stores: Iterable[tuple[int, int]]) -> int:
    """Return the address of a compiled piece: rows in, steps, and pairs of row and wire out."""
    piece = _PIECES.get((name, dtype))
    if piece is None:
        space: dict[str, Any] = {"carray": numba.carray, "__name__": __name__}
        exec(compile(_source(name, rows, steps, list(stores)), __file__, "exec"), space)
        signature = types.void(types.CPointer(numba.from_dtype(dtype)))
        try:
            piece = numba.cfunc(signature, cache=True, **OPTIONS)(space[name])
        except RuntimeError:  # no directory can be written
            piece = numba.cfunc(signature, **OPTIONS)(space[name])
        piece = _PIECES.setdefault(
            (name, dtype), piece
        )  # the first of two threads' stays, as its address may be in use
    address: int = piece.address
    return address


def _source(name: str, rows: int, steps: list[Step], stores: Sequence[tuple[int, int]]) -> str:
    """Write a piece. Every result has a name of its own, as Numba's analysis takes long over names that are reused."""
    wires = [f"v{row}" for row in range(rows)]
    lines = [f"def {name}(pointer):", f"    values = carray(pointer, ({(rows + 2) * PITCH},))"]
    lines += [f"    for k in range({LANES}):", *[f"        v{row} = values[{row * PITCH} + k]" for row in range(rows)]]
    for number, (kind, a, b) in enumerate(steps):
        low, high = f"        s{number} = min({wires[a]}, {wires[b]})", f"max({wires[b]}, {wires[a]})"
        lines += [] if kind == "max" else [low]
        lines += [] if kind == "min" else [f"        {'s' if kind == 'max' else 't'}{number} = {high}"]
        wires[a] = f"s{number}"
        if kind == "exchange":
            wires[b] = f"t{number}"
    lines += [f"        values[{row * PITCH} + k] = {wires[wire]}" for row, wire in stores]
    return "\n".join(lines)


@intrinsic
def _call(_, address, pointer):
    """Call the C function at an address with a pointer."""

    def generate(_context, builder, _signature, arguments):
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(arguments[1], ir.IntType(8).as_pointer())])

    return types.void(address, pointer), generate


@kernel
def run(values, pixels, addresses, first, halves, low, high):
    """Run a program over `values` (rows + 2, PITCH) for some pixels; the last two rows get the middle ranks."""
    start, flat = np.int64(values.ctypes.data), values.reshape(values.size)
    for lane in range(0, pixels, LANES):
        for k in range(addresses.size):
            _call(addresses[k], start + (first[k] * PITCH + lane) * values.itemsize)
        if halves:
            _take_middle(flat[lane:], len(values) - 2, halves, low, high)


@kernel
def _take_middle(flat, rows, half, low, high):
    """Find the middle ranks from two sorted halves, of which the first may be longer by one."""
    lower, upper = flat[rows * PITCH : rows * PITCH + LANES], flat[(rows + 1) * PITCH : (rows + 1) * PITCH + LANES]
    pairs = rows - half
    alone = half - pairs
    for k in range(LANES):
        lower[k] = flat[k] if alone else low
        upper[k] = high
    for pair in range(0, pairs, REDUCED):
        first = min(pair, pairs - REDUCED)  # a pair that is taken twice changes nothing
        a, b = (alone + first) * PITCH, (rows - first - REDUCED) * PITCH
        _reduce(flat[a : a + REDUCED * PITCH], flat[b : b + REDUCED * PITCH], lower, upper)


@kernel
def _reduce(a, b, lower, upper):
    for k in range(LANES):
        least, most = lower[k], upper[k]
        for pair in range(REDUCED):
            x, y = a[pair * PITCH + k], b[(REDUCED - 1 - pair) * PITCH + k]
            least = max(least, min(x, y))
            most = min(most, max(y, x))
        lower[k] = least
        upper[k] = most
