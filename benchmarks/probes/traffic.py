"""How often a kernel reads its input: bytes moved between memory and a cache, counted and not timed.

``python -m benchmarks.probes.traffic`` shows the table. Cachegrind simulates a last-level cache of the size of a usual
second level, far smaller than the stack, and counts the lines that are loaded into it. One process makes one call and
another makes three, so their difference is two warm calls, without start-up. The counts do not depend on what else the
machine does. Valgrind knows no AVX-512, so Rust runs its AVX2 path; compiling in a simulator takes too long for Numba.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT, registry
from benchmarks.environment.cause import sentence
from benchmarks.spec import Array
from inputs.host import surroundings

SHAPE = (73, 128, 401)
"""Of the float32 stack: 14 MiB, two fifths of them missing.

Where one date's bytes are a multiple of those of a way, all dates of a pixel share a set, and a second pass reads
again, as at a width of 384 and, in this cache, of 391. A last level that hashes its
addresses does not suffer from that.
"""
CACHE_BYTES, WAYS, LINE_BYTES = 2**20, 16, 64
CALLS = (1, 3)
CONTROL = "two passes"
"""A stand-in for an implementation: it sums the whole stack twice, and so must be seen to read it twice."""


class Uncountable(Exception):
    """Cachegrind is not here, or failed; the message says why."""


def moved_over_compulsory(kernel: str, implementation: str) -> float:
    """Return the bytes that a call moves, divided by those of its input read once and its outputs written once.

    Parameters
    ----------
    kernel
        Name of a kernel over time.
    implementation
        ``rust``, ``numpy``, ``numpy_naive``, or `CONTROL`.

    Raises
    ------
    Uncountable
        Where valgrind is not installed, or the process in it failed.
    """
    few, many = (_moved_bytes(kernel, implementation, calls) for calls in CALLS)
    outputs = registry.get(kernel).output_dtypes("float32")
    pixels = SHAPE[1] * SHAPE[2]
    compulsory = pixels * (SHAPE[0] * 4 + sum(dtype.itemsize for dtype in outputs))
    return (many - few) / (CALLS[1] - CALLS[0]) / compulsory


def _moved_bytes(kernel: str, implementation: str, calls: int) -> int:
    with tempfile.TemporaryDirectory(prefix="eolab-traffic-") as folder:
        counts = Path(folder) / "counts"
        command = [
            "valgrind", "--tool=cachegrind", "--cache-sim=yes", f"--LL={CACHE_BYTES},{WAYS},{LINE_BYTES}",
            f"--cachegrind-out-file={counts}", sys.executable, "-m", "benchmarks.probes.traffic", kernel,
            implementation, str(calls),
        ]  # fmt: skip
        # One seed of hashes: others move a tenth of the bytes more or less as Python starts.
        environment = surroundings.tools(
            EOKERNELS_SIMD="avx2", OPENBLAS_NUM_THREADS="1", PYTHONMALLOC="malloc", PYTHONHASHSEED="0"
        )
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
            )
        except FileNotFoundError:
            raise Uncountable("valgrind is not installed") from None
        if done.returncode or not counts.is_file():
            raise Uncountable(f"cachegrind ended with {done.returncode}: {sentence(done.stderr)}")
        return _lines_missed(counts.read_text(encoding="utf-8")) * LINE_BYTES


def _lines_missed(text: str) -> int:
    """Return the data lines, read and written, that the last level did not hold."""
    fields = {line.split(":")[0]: line.split(":")[1].split() for line in text.splitlines() if ":" in line}
    counts = dict(zip(fields["events"], map(int, fields["summary"]), strict=True))
    return counts["DLmr"] + counts["DLmw"]


def _stack() -> Array:
    rng = np.random.default_rng(1)
    stack = rng.random(SHAPE, np.float32)
    stack[rng.random(SHAPE, np.float32) < 0.4] = np.nan
    return stack


def _two_passes(stack: Array) -> Array:
    total: Array = np.add.reduce(stack, axis=0)
    np.add(total, np.add.reduce(stack, axis=0), out=total)
    return total


def _function(kernel: str, implementation: str) -> Callable[..., Any]:
    if implementation == CONTROL:
        return _two_passes
    found = registry.resolve(registry.get(kernel), implementation)
    if found is None:
        raise ValueError(f"implementation: was {implementation!r}; this wheel does not have it")
    return found


def main(arguments: Sequence[str]) -> int:
    """Make calls inside cachegrind, or without arguments print the table."""
    if arguments:
        kernel, implementation, calls = arguments
        function, stack = _function(kernel, implementation), _stack()
        for _ in range(int(calls)):
            function(stack)
        return 0
    for kernel in ("temporal_mean", "temporal_stats", "temporal_median"):
        for implementation in ("rust", "numpy", CONTROL):
            print(f"{kernel:<16} {implementation:<12} {moved_over_compulsory(kernel, implementation):6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
