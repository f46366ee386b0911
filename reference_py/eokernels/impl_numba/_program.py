"""Selection networks over rows of pixels side by side, `LANES` at a time, as straight-line code for registers.

What limits a network on rows is not the comparing but the loading and storing. So a piece of a network is one function:
a loop over the lanes that loads each row once, does all comparisons, and stores once. LLVM turns it into one register
per row and one instruction per minimum; where there are more rows than registers it spills some, which still is less
than a load and a store per comparison.

Up to `WHOLE` dates one piece finds the two middle ranks. Up to `LONGEST` both halves are sorted, by pieces for up to
`SORTED` rows and pieces that merge two sorted runs, and the middle ranks taken from them. Pieces do not depend on the
number of dates: many share them.

The loop is handed to LLVM as it is. Written in Python it becomes the same instructions, but Numba's own analysis takes
ten times as long for it as LLVM does: 3.0 against 0.26 s for the merge of 73 rows.

A minimum or maximum is one comparison and one selection: of two wires, each value is returned once, whatever the signs
of zeros. There must be no NaN. A piece is a C function that gets the address of its first row, so that the loop over
pieces is compiled once for all lengths. Its name and this file's are where Numba's cache looks for it.
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
from numba.core.cgutils import for_range
from numba.extending import intrinsic

from eokernels._admit import Array
from eokernels._network import Step, merge, middle, sort
from eokernels.impl_numba._jit import OPTIONS, helper, kernel

LANES = 128  # pixels at a time; both fewer and more take longer (docs/decisions/0011)
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
        space: dict[str, Any] = {"network": _network(dtype, rows, steps, list(stores)), "__name__": __name__}
        exec(compile(f"def {name}(pointer): network(pointer)", __file__, "exec"), space)
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


def _network(dtype: np.dtype[Any], rows: int, steps: Sequence[Step], stores: Sequence[tuple[int, int]]) -> Any:
    """Return a function of a pointer that runs steps over `LANES` lanes from there on."""
    index, size = ir.IntType(64), dtype.itemsize

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> None:
        with for_range(builder, ir.Constant(index, LANES)) as lanes:
            lane = builder.gep(arguments[0], [lanes.index])
            places = [builder.gep(lane, [ir.Constant(index, row * PITCH)]) for row in range(rows + 2)]
            wires = [builder.load(place, align=size) for place in places[:rows]]
            for step in steps:
                _do(builder, dtype.kind, step, wires)
            for row, wire in stores:
                builder.store(wires[wire], places[row], align=size)

    @intrinsic
    def network(_, pointer):  # type: ignore[no-untyped-def]
        return types.void(pointer), generate

    return network


def _do(builder: Any, kind: str, step: Step, wires: list[Any]) -> None:
    """Add the instructions of a step on values of a kind of dtype."""
    compare = {"f": builder.fcmp_ordered, "i": builder.icmp_signed, "u": builder.icmp_unsigned}[kind]
    a, b = wires[step.a], wires[step.b]
    if step.kind != "max":
        wires[step.a] = builder.select(compare("<", b, a), b, a)
    if step.kind != "min":
        wires[step.a if step.kind == "max" else step.b] = builder.select(compare(">", a, b), a, b)


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


@helper
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


@helper
def _reduce(a, b, lower, upper):
    for k in range(LANES):
        least, most = lower[k], upper[k]
        for pair in range(REDUCED):
            x, y = a[pair * PITCH + k], b[(REDUCED - 1 - pair) * PITCH + k]
            least = max(least, min(x, y))
            most = min(most, max(y, x))
        lower[k] = least
        upper[k] = most
