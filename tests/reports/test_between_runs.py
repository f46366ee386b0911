"""The change of a ratio between runs: its direction, its error at each level, and how often its interval holds."""

from __future__ import annotations

from math import exp, hypot, log, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.stats.between_runs import FEWEST_RUNS, RUN_FREE, RUN_SD, RunSpread, change, run_spread

EXACT = (0.0,) * 6


def runs(count: int, run_sd: float, process_sd: float, seed: int, processes: int = 6) -> list[tuple[float, ...]]:
    """Return logs of so many runs of one ratio."""
    rng = np.random.default_rng(seed)
    found: NDArray[np.float64] = rng.normal(0, run_sd, (count, 1)) + rng.normal(0, process_sd, (count, processes))
    return [tuple(one) for one in found.tolist()]


def test_a_ratio_that_falls_is_a_slower_candidate_and_swapping_mirrors() -> None:
    was, now = (log(4.0),) * 6, (log(3.2),) * 6
    found = change([was], now, RunSpread())
    assert exp(found.log) == pytest.approx(1.25)
    assert change([now], was, RunSpread()).log == pytest.approx(-found.log)
    assert found.interval().estimate == pytest.approx(1.25)
    low, high = found.ends(0.9)
    assert low < found.log < high


@pytest.mark.parametrize("count", [1, 2])
def test_few_kept_runs_have_the_stated_spread(count: int) -> None:
    assert run_spread({("evi", "case"): [EXACT] * count}) == RunSpread(RUN_SD, RUN_FREE, 0)
    found = change([EXACT] * count, EXACT, RunSpread())
    assert found.error == pytest.approx(RUN_SD * sqrt(1 + 1 / count))
    assert found.free == pytest.approx(RUN_FREE)


def test_the_stated_spread_is_what_two_runs_differ_by_beyond_their_processes() -> None:
    assert hypot(RUN_SD * sqrt(2), 0.022) == pytest.approx(0.050)


def test_no_number_of_processes_averages_the_run_away() -> None:
    (many, head) = runs(2, 0.0, 0.03, 1, processes=100)
    found = change([many], head, RunSpread())
    assert found.error > RUN_SD * sqrt(2)
    (few, small) = runs(2, 0.0, 0.03, 1)
    assert change([few], small, RunSpread()).error > found.error


def test_three_runs_tell_their_own_spread_without_that_of_processes() -> None:
    kernels = [f"kernel {k}" for k in range(8)]
    cells = {(k, f"case {c}"): runs(4, 0.02, 0.03, 100 * n + c) for n, k in enumerate(kernels) for c in range(25)}
    found = run_spread(cells)
    assert found.sd == pytest.approx(0.02, rel=0.1)
    assert (found.free, found.runs) == (24.0, 4), "the cells of a kernel share its minutes: each kernel counts once"
    assert run_spread({cell: runs(4, 0.0, 0.03, n) for n, cell in enumerate(cells)}).sd < 0.008, (
        "0.012 is processes alone"
    )


def test_a_cell_whose_own_runs_differ_more_has_its_own_error() -> None:
    spread = RunSpread(0.01, 30.0, 3)
    calm, restless = [EXACT] * 3, [EXACT, (0.1,) * 6, (-0.1,) * 6]
    assert change(calm, EXACT, spread).error == pytest.approx(0.01 * sqrt(4 / 3))
    assert change(restless, EXACT, spread).error == pytest.approx(0.1 * sqrt(4 / 3))


def test_noise_beside_the_error_makes_less_sure() -> None:
    found = change([EXACT], (-0.5,) * 6, RunSpread())
    assert found.p() < found.p(0.1) < found.p(1.0) < 1


@pytest.mark.parametrize("count", [1, 3, 5])
def test_the_interval_holds_the_truth_as_often_as_it_says(count: int) -> None:
    """Of ratios that did not change, measured in runs that differ; above 95 % for a cell's own spread, where larger."""
    others = {(f"kernel {k}", "case"): runs(count, RUN_SD, 0.03, 10_000 + k) for k in range(100)}
    spread = run_spread(others) if count >= FEWEST_RUNS else RunSpread(RUN_SD, 1e6, 0)
    held, many = 0, 2000
    for seed in range(many):
        *base, head = runs(count + 1, RUN_SD, 0.03, seed)
        low, high = change(base, head, spread).ends(0.95)
        held += low < 0 < high
    assert 0.935 <= held / many <= 0.985, held


@pytest.mark.parametrize(("base", "head"), [([], EXACT), ([()], EXACT), ([EXACT], ())])
def test_a_run_without_processes_is_refused(base: list[tuple[float, ...]], head: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="each run needs one"):
        change(base, head, RunSpread())


def test_equal_numbers_are_no_certainty_of_a_change() -> None:
    found = change([EXACT] * 3, EXACT, RunSpread(0.0, 10.0, 3))
    assert found.p() == pytest.approx(1.0)
