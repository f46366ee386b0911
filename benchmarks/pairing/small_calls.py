"""Small sizes, on which the call itself decides: below which of them NumPy wins, if it ever does.

Every process of a measurement runs our implementations over a row of small arrays, paired and checked as always, with
shorter blocks. The lines go to ``<kernel>.sizes.jsonl``; `benchmarks.pairing.runlines.read_sizes` says how they are
read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.calls.answers import stacked
from benchmarks.calls.binding import logical_shape, target
from benchmarks.environment.jsonlines import append
from benchmarks.pairing.runlines import Line, read_sizes
from benchmarks.pairing.stage import Stage
from benchmarks.spec import Kernel
from inputs import families
from inputs.cases import Case

BLOCK_S = 1e-3


def small_cases(kernel: Kernel) -> tuple[Case, ...]:
    """Return the family's centre in small: one row of sizes, or one for each number of dates."""
    family = families.get(kernel.family)
    return tuple(replace(family.centre, name=f"size_{'x'.join(map(str, one))}", shape=one) for one in family.small)


def measure(kernel: Kernel, case: Case, process: int, rng: np.random.Generator) -> Line:
    """Measure our implementations on one small case in this process."""
    arms = kernel.implementations
    onto = target(kernel, case)
    expected = stacked(kernel.oracle(*onto.arrays, **onto.named, **kernel.keywords(case)))
    stage = Stage(kernel, onto, expected, arms, block_s=BLOCK_S)
    for arm in list(stage.bound):
        if stage.check(arm, "before"):
            stage.estimate(arm, compiled=False)
    stage.measure([str(arm) for arm in rng.permutation(arms)])
    return stage.line(process, "call", logical_shape(case, None), arms)


def run(kernel: Kernel, run_dir: Path, process: int, rng: np.random.Generator) -> None:
    """Measure all small cases that this process has not measured, in an order of its own, and write a line for each."""
    done = {line.case for line in read_sizes(run_dir, kernel.name) if line.process == process}
    cases = [case for case in small_cases(kernel) if case.name not in done]
    for k in rng.permutation(len(cases)):
        append(run_dir / f"{kernel.name}.sizes.jsonl", measure(kernel, cases[k], process, rng))
