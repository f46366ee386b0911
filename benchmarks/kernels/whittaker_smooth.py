"""Whittaker's smoother along time: the series that is near the values and bends little, gaps filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.kernels import _whittaker
from benchmarks.kernels._shared import NUMBERS, over_time
from benchmarks.peers import scipy_, whittaker_
from benchmarks.spec import Authority, Contract, Cost, Kernel, Prose
from inputs import build
from inputs.cases import Case


def keywords(case: Case) -> Mapping[str, Any]:
    """Return the keywords of a case: time is where it has it, and lmbda is a usual one."""
    days = {"times": build.days(case), "lmbda": 1e4} if case.uneven else {"lmbda": 100.0}
    return {**days, **over_time(case)}


KERNEL = Kernel(
    name="whittaker_smooth", title="Whittaker smoother", cost_class="C8", family="series",
    signature="(t),(t)?->(t)", oracle=_whittaker.oracle, bands=("ndvi",), arguments=("y",), keywords=keywords,
    companions={"weights": lambda case: "weights" if case.weights else None},
    roles={"weights": "weights", "times": "times"}, required={"lmbda": 100.0}, least={"t": 5},
    probes={"lmbda": (0.5, 1e4), "d": (1, 3)},
    contract=Contract(
        dtypes=NUMBERS,
        tolerance_ulp={"float32": 1, "float64": 4},
        scratch_bytes=48 * 2**20,  # factors of a block of series
        slack=_whittaker.slack,
        promises=_whittaker.promises,
        tolerance_reason="Every value depends on all others of its series, so that what is rounded is of the size of "
        "the largest: beside the ulp a value may be 2⁻³⁰ of it off. In float64 the state is kept in differences: with "
        "40 % gaps and lmbda of 0.01 to 1e7 the error was at most 3e-15 of the largest for d of 1, 6e-15 for 2, 4e-13 "
        "for 3 (against fractions). With d values alone it was 5e-15, 2e-10 and 6e-5, as the rest is extrapolated: of "
        "3 values no digits are promised then. With days 0.25 to 12 apart, lmbda of 0.5 and d of 3 it was 8e-8 (1e-11 "
        "for d of 2): hence 2⁻¹³ there.",
        missing="NaN, nodata, True in the mask or a weight that is not above 0 leaves a value out, and its place is "
        "filled; fewer values than d, and an infinite value or weight, make a series NaN. Digits are "
        "promised for finite values below 1e100, weights from 1e-6 to 1e6 and lmbda up to 1e9.",
    ),
    cost=Cost(lambda shape: 33.0 * float(np.prod(shape)), "flop"),
    golden=_whittaker.GOLDENS,
    authority=Authority("scipy.linalg.cholesky_banded", _whittaker.by_scipy, rtol=1e-9),
    peers=(whittaker_.WHITTAKER_SMOOTH, scipy_.WHITTAKER_SMOOTH),
    prose=Prose(
        why="The usual way to a gapless vegetation index: phenology and crop maps start from it.",
        expect="A recurrence along time with a division a value: one series at a time waits for each step, many side "
        "by side do not. Without gaps all series share their factors, and two short recurrences are left.",
        surprise="The textbook's factorisation is right to 1e-3 only where two dates of 365 are known and lmbda is "
        "large. The same one in differences is right to 1e-10, and as fast.",
        does="a series smoothed and its gaps filled: Whittaker's smoother",
        limit="arithmetic: a recurrence along time",
    ),
    source=("Eilers 2003, Analytical Chemistry 75, 3631–3636", "Whittaker 1923, Proc. Edinburgh Math. Soc. 41, 63–75"),
)  # fmt: skip
