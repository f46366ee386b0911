"""Ratios of runs as they are kept, with a known spread over runs and processes and known changes."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from reports.read.baseline import Baseline, RatioCell, RatioName, RatioRun
from reports.stats.ratios import Measured

PROCESS_SD = 0.03
CASES = ("f32_256", "u16_256")
IMPLEMENTATIONS = ("numpy_naive", "numba", "rust")
FASTER = {"numpy_naive": 0.4, "numba": 3.0, "rust": 4.0}
"""Expert NumPy's time ÷ that of each."""
KNOWN = {
    "tier": "smoke", "machine": "testbench", "processor": "A processor (model 1)", "cores": "2", "simd": "avx512",
    "numpy": "2.4.6", "numba": "0.68.1", "python": "3.11.7", "rustc": "rustc 1.95.0", "wheel_digest": "feed",
}  # fmt: skip


def run(
    name: str,
    seed: int,
    slower: Mapping[tuple[str, str], float] | None = None,
    *,
    kernels: tuple[str, ...] = ("evi", "savi"),
    run_sd: float | Mapping[RatioName, float] = 0.0,
    process_sd: float = PROCESS_SD,
    processes: int = 6,
    **known: Any,
) -> RatioRun:
    """Return a run; `slower` says of a kernel and implementation how many times as long its calls take."""
    rng = np.random.default_rng(seed)
    cells = []
    for kernel in kernels:
        for case in CASES:
            for implementation in IMPLEMENTATIONS:
                at = RatioName(kernel, case, "call", implementation)
                sd = run_sd if isinstance(run_sd, float) else run_sd[at]
                centre = log(FASTER[implementation] / (slower or {}).get((kernel, implementation), 1.0))
                logs = centre + rng.normal(0, sd) + rng.normal(0, process_sd, processes)
                cells.append(RatioCell(*at, "version 1", (256, 256), 1, 2e-3, 0, tuple(logs.tolist())))
    receipt = KNOWN | {"commit": "c" * 40, "created": f"2026-11-28T{seed % 24:02d}:00:00+00:00"} | known
    return RatioRun(run_id=name, cells=tuple(cells), **receipt)


def kept(count: int, seed: int = 100, *, same: bool = True, **known: Any) -> Baseline:
    """Return a baseline of so many runs."""
    runs = tuple(run(f"kept-{number}", seed + number, **known) for number in range(count))
    return Baseline(Path("testbench.json"), runs, same)


def measured(ratios: RatioRun, disturbed: str = "", lacking: Mapping[RatioName, str] | None = None) -> Measured:
    """Return a run as it is judged."""
    return Measured(ratios, lacking or {}, disturbed)
