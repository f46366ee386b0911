"""Several runs of one wheel held against each other: coverage, closeness, and the variance between runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reports.read.rows import Row, Run
from reports.stats.repeats import Agreement, RepeatedCell, agreement, cells, expected

KNOWN: dict[str, Any] = {
    "dtype": "float32", "threads": 1, "commit": "c" * 40, "machine": "here", "group": "call", "status": "ok",
    "reason": "", "shape": (8, 8), "measured_shape": (8, 8), "input_bytes": 1, "output_bytes": 1,
}  # fmt: skip


def run(name: str, times: dict[str, dict[str, list[float]]], wheel: str = "w") -> Run:
    """Make a run of which each case has the seconds of each implementation's processes."""
    rows = tuple(
        Row(kernel="k", implementation=arm, case=case, samples_s=dict(enumerate(mine)), **KNOWN)
        for case, arms in times.items()
        for arm, mine in arms.items()
    )
    return Run(name, "2026-11-29T03:00:00", "c" * 40, "core", "here", 6, wheel, (), rows)


def drawn(of_processes: float, of_runs: float, seconds: float = 1e-3, runs: int = 6, count: int = 150) -> list[Run]:
    """Make runs whose ratios vary by so much over processes and between runs."""
    rng = np.random.default_rng(3)
    made = []
    for number in range(runs):
        times = {}
        for case in range(count):
            logs = rng.normal(rng.normal(0, of_runs), of_processes, 6)
            times[f"c{case}"] = {"numpy": [4 * seconds] * 6, "rust": (seconds * np.exp(logs)).tolist()}
        made.append(run(f"r{number}", times))
    return made


def of(found: list[Agreement], size: str) -> Agreement:
    return next(one for one in found if one.size == size)


def test_where_processes_alone_vary_intervals_hold_as_many_as_expected() -> None:
    found = of(agreement(cells(drawn(0.02, 0.0))), "1 ms and more")
    assert found.covered == pytest.approx(found.expected, abs=0.03)
    assert found.process == pytest.approx(0.02, rel=0.05)
    assert found.run < 0.003


def test_what_varies_between_runs_is_found_and_costs_coverage() -> None:
    found = of(agreement(cells(drawn(0.02, 0.04))), "1 ms and more")
    assert found.run == pytest.approx(0.04, rel=0.1)
    assert found.process == pytest.approx(0.02, rel=0.05)
    assert found.covered < found.expected - 0.2
    assert found.close < of(agreement(cells(drawn(0.02, 0.0))), "1 ms and more").close


def test_the_expected_share_is_that_of_an_estimate_with_an_error_of_its_own() -> None:
    assert expected(6, 6) == pytest.approx(0.91, abs=0.01)
    assert expected(6, 200) == pytest.approx(0.969, abs=0.01), "against what is nearly the truth it is the confidence"


def test_estimates_that_differ_by_three_per_cent_are_close_and_more_are_not() -> None:
    two = [run(name, {"c": {"numpy": [1.0] * 6, "rust": [by * 1e-3] * 6}}) for name, by in (("a", 1.0), ("b", 1.0299))]
    assert of(agreement(cells(two)), "1 ms and more").close == 1
    two[1] = run("b", {"c": {"numpy": [1.0] * 6, "rust": [1.0301e-3] * 6}})
    assert of(agreement(cells(two)), "1 ms and more").close == 0


def test_cells_are_of_a_size_and_those_from_a_tenth_of_a_millisecond_on_together() -> None:
    times = {"numpy": [1.0] * 6}
    sizes = {name: {**times, "rust": [s] * 6} for name, s in (("large", 1e-3), ("middle", 1e-4), ("small", 9e-5))}
    found = agreement(cells([run("a", sizes), run("b", sizes)]))
    assert [(one.size, one.cells) for one in found] == [
        ("0.1 ms and more", 2), ("1 ms and more", 1), ("0.1 to 1 ms", 1), ("below 0.1 ms", 1),
    ]  # fmt: skip


def test_ratios_pair_by_process_and_numpy_and_the_wall_are_no_cells() -> None:
    drift = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    arms = {"numpy": drift, "rust": [one / 5 for one in drift], "wall": drift}
    (found,) = cells([run("a", {"c": arms}), run("b", {"c": arms})])
    assert found.implementation == "rust"
    assert found.logs[0] == pytest.approx([np.log(5)] * 6)
    assert found.within == pytest.approx(0, abs=1e-20)


def test_a_cell_that_one_run_lacks_is_left_out() -> None:
    arms = {"numpy": [1.0] * 6, "rust": [1.0] * 6}
    found = cells([run("a", {"c": arms, "d": arms}), run("b", {"d": arms})])
    assert [one.case for one in found] == ["d"]


def test_what_cannot_be_held_against_each_other_is_refused() -> None:
    arms = {"numpy": [1.0] * 6, "rust": [1.0] * 6}
    one = run("a", {"c": arms})
    with pytest.raises(ValueError, match="runs: 1 of one wheel"):
        cells([one])
    with pytest.raises(ValueError, match="2 wheels or machines"):
        cells([one, run("b", {"c": arms}, wheel="v")])
    with pytest.raises(ValueError, match="2 wheels or machines"):
        cells([one, replace(one, machine="there")])
    with pytest.raises(ValueError, match="no cell has 6 processes"):
        cells([one, run("b", {"c": {"numpy": [1.0] * 5, "rust": [1.0] * 5}})])


def test_the_variance_between_runs_is_that_of_means_less_what_processes_explain() -> None:
    cell = RepeatedCell("k", "c", "call", "rust", 1.0, ((0.0, 0.2), (0.4, 0.6)))
    assert cell.within == pytest.approx(0.02)
    assert cell.between == pytest.approx(0.08 - 0.02 / 2)
