"""Who wins where, who loses, what threads give, and from which size on a compiled kernel pays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from synthetic_run import SMALL, TWO, Outcome, Spot, Writer

from benchmarks.registry import KERNELS
from benchmarks.spec import Kernel
from inputs.families import CASES, find
from inputs.sweep import centre
from reports.read.rows import SizeTimes
from reports.stats.break_even import break_even
from reports.stats.cells import Contest
from reports.stats.losses import losses, tallies
from reports.stats.summary import Summary, summarise
from reports.write import tables
from reports.write.chapters import groups
from reports.write.winners import axes

MEDIAN = "temporal_median"
INDEX = "normalized_difference"


def scaled(outcome: Outcome, factor: float) -> Outcome:
    return outcome if outcome["time_s"] is None else outcome | {"time_s": outcome["time_s"] * factor}


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """Return a run in which Rust is four times slower on long series and on a window."""

    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        worse = at.arm == "rust" and at.case in {"f32_365x215", "f32_460x192", "f32_2048_window"}
        return scaled(outcome, 4.0) if worse else outcome

    return summarise(Writer(tmp_path_factory.mktemp("run"), spoil=spoil).write().read(), TWO)


def contest(case: str, *winners: str) -> Contest:
    best, *tied = winners or (None,)
    return Contest(MEDIAN, "C5", case, best, tuple(arm for arm in tied if arm), None, None, None, None, ())


def test_the_winner_changes_where_the_run_says_so(summary: Summary) -> None:
    dates, sizes, threads, forms = axes(TWO[MEDIAN], centre("temporal"), summary.contests)
    assert [s.label for s in dates.steps] == ["T=12", "T=24", "T=73", "T=146", "T=365", "T=460"]
    assert [(c.before.label, c.after.label) for c in dates.changes] == [("T=146", "T=365")]
    assert (dates.changes[0].before.winners, dates.changes[0].after.winners) == (("rust",), ("numba",))
    assert (sizes.name, threads.name, forms.name) == ("sizes", "threads", "forms")
    assert not sizes.changes
    assert forms.steps[0].label == "centre"


def test_the_overview_lists_the_changes_of_all_kernels(summary: Summary) -> None:
    found = tables.of_changes(groups(summary, TWO))
    assert list(found["kernel"]) == [f"`{INDEX}`", f"`{MEDIAN}`"]
    window, dates = found["the winner changes"]
    assert window == "centre → a window of a larger tile: Rust ≈ Numba → expert NumPy"
    assert dates == "T=146 → T=365: Rust → Numba"


def test_a_tie_is_no_change_of_winner() -> None:
    contests = [
        contest("f32_12x1160", "numba"),
        contest("f32_24x820", "rust", "numba"),
        contest("f32_73x480", "rust"),
        contest("f32_146x340"),
        contest("f32_365x215", "bottleneck"),
    ]
    dates = axes(TWO[MEDIAN], centre("temporal"), contests)[0]
    assert [s.winners for s in dates.steps] == [("numba",), ("rust", "numba"), ("rust",), (), ("bottleneck",)]
    assert not dates.changes


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_every_core_case_stands_on_an_axis_unless_it_differs_in_two_things(kernel: Kernel) -> None:
    cases = [case for case in CASES[kernel.family] if case.tier != "full"]
    contests = [replace(contest(case.name, "rust"), kernel=kernel.name) for case in cases]
    found = axes(kernel, centre(kernel.family), contests)
    steps = [step for axis in found for step in axis.steps]
    assert len(steps) >= 0.75 * len(cases)
    for axis in found:
        assert len({s.label for s in axis.steps}) == len({s.case for s in axis.steps}) or axis.name == "forms"
    sizes = next(axis for axis in found if axis.name == "sizes")
    pixels = [find(kernel.family, s.case).pixels for s in sizes.steps]
    assert pixels == sorted(pixels)


def test_losses_come_worst_first_and_say_to_whom(summary: Summary) -> None:
    found = losses(summary)
    ratios = [loss.worst.ratio for loss in found]
    assert ratios == sorted(ratios)
    assert all(ratio < 1 for ratio in ratios)
    window = {loss.loser: loss for loss in found if loss.case == "f32_2048_window"}
    assert [v.other for v in window["rust"].against] == ["numpy", "numexpr"]
    assert [v.other for v in window["numba"].against] == ["numpy"]
    assert not [loss for loss in found if loss.case == "f32_2048"]


def test_the_tally_counts_the_cases_of_each_kind(summary: Summary) -> None:
    index, median = tallies(summary, losses(summary))
    assert (index.kernel, median.kernel) == (INDEX, MEDIAN)
    assert (index.to_numpy, index.to_numba, index.to_peer) == (1, 0, 1)
    assert (median.to_numpy, median.to_numba, median.to_peer) == (0, 2, 0)
    assert (index.first, median.first) == (index.cases - 1, median.cases - 2)
    assert median.worst is not None
    assert median.worst.worst.other == "numba"


def test_threads_are_held_against_the_control_of_the_same_kind(summary: Summary) -> None:
    known = {(t.kernel, t.case, t.implementation): t for t in summary.threads}
    index, median = known[INDEX, "f32_2048_t2", "rust"], known[MEDIAN, "f32_73x480_t2", "rust"]
    assert (index.control, median.control) == ("memory", "compute")
    assert (index.one_thread_case, index.threads) == ("f32_2048", 2)
    assert index.gain == pytest.approx(2.0, rel=0.05)
    assert index.triad == pytest.approx(17 / 11.25, rel=0.01)
    assert index.fma == pytest.approx(1.9)
    assert index.of_control == pytest.approx(index.gain / (17 / 11.25), rel=0.05)
    assert median.of_control == pytest.approx(2.0 / 1.9, rel=0.05)
    assert not [t for t in summary.threads if t.implementation not in {"numba", "rust"}]


def test_numpy_wins_up_to_the_size_that_the_run_says(summary: Summary) -> None:
    found = {b.implementation: b for b in summary.break_even if b.kernel == INDEX}
    assert [p.shape for p in found["rust"].points] == [(side, side) for side in SMALL]
    assert found["rust"].numpy_wins_up_to == (32, 32)
    assert found["rust"].faster_from == (128, 128)


def test_the_faster_numpy_of_a_process_is_the_one_to_beat() -> None:
    def times(arm: str, shape: tuple[int, int], *seconds: float) -> SizeTimes:
        return SizeTimes("k", arm, shape, dict(enumerate(seconds)))

    entries = [times("numpy", (4, 4), *[3.0] * 6), times("numpy_naive", (4, 4), *[1.0] * 5, 4.0)]
    (found,) = break_even([*entries, times("rust", (4, 4), *[2.0] * 6)])
    assert found.points[0].ratio == pytest.approx(0.5)
    (few,) = break_even([times("numpy", (4, 4), 1.0), times("rust", (4, 4), 2.0)])
    assert (few.numpy_wins_up_to, few.faster_from, few.points[0].word) == (None, None, "no interval")


def test_without_controls_or_small_sizes_nothing_is_said_of_them(tmp_path: Path) -> None:
    writer = Writer(tmp_path, kernels={INDEX: TWO[INDEX]}).write()
    for name in ("controls.jsonl", f"{INDEX}.sizes.jsonl", f"{INDEX}.start.jsonl"):
        (writer.directory / name).unlink()
    found = summarise(writer.read(), TWO)
    assert (found.starts, found.break_even) == ((), ())
    assert found.threads
    assert all((t.triad, t.fma, t.of_control) == (None, None, None) for t in found.threads)
