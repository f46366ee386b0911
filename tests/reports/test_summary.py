"""The numbers of summary.json: paired, in the right group, against the right limit, and described by the schema."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from synthetic_run import NS_PER_VALUE, TWO, Outcome, Spot, Writer

from reports import words
from reports.read.rows import Control, LeftOut, Run, Start
from reports.stats.break_even import BreakEven, SizePoint
from reports.stats.cells import Cell, Contest, Versus
from reports.stats.error_rates import Coverage as Held
from reports.stats.error_rates import ErrorRates, FalseFlags, Measured, Power, Rates, Verdicts
from reports.stats.found import Least
from reports.stats.limits import canary
from reports.stats.shares import Share
from reports.stats.summary import Coverage, Summary, Verification, gaps, summarise
from reports.stats.threads import ThreadScaling
from reports.write import render

MEDIAN = "temporal_median"
INDEX = "normalized_difference"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Writer(tmp_path_factory.mktemp("run")).write().read()


@pytest.fixture(scope="module")
def summary(run: Run) -> Summary:
    return summarise(run, TWO)


def cell(summary: Summary, kernel: str, case: str, arm: str) -> Cell:
    (found,) = (c for c in summary.cells if (c.kernel, c.case, c.implementation) == (kernel, case, arm))
    return found


def spoilt(tmp_path: Path, spoil: Any, **rest: Any) -> Summary:
    return summarise(Writer(tmp_path, spoil=spoil, **rest).write().read(), TWO)


def test_there_is_one_cell_for_every_planned_one_in_the_plans_order(run: Run, summary: Summary) -> None:
    planned = [(p.kernel, p.case, p.implementation) for p in run.plan]
    assert [(c.kernel, c.case, c.implementation) for c in summary.cells] == planned


def test_the_ratio_recovers_the_truth_through_slow_phases(summary: Summary) -> None:
    found = cell(summary, INDEX, "f32_2048", "rust")
    truth = NS_PER_VALUE[INDEX]["numpy"] / NS_PER_VALUE[INDEX]["rust"]
    assert found.ratio_vs_numpy == pytest.approx(truth, rel=0.05)
    assert found.ratio_low is not None
    assert found.ratio_high is not None
    assert found.ratio_low < truth < found.ratio_high
    assert (found.against_numpy, found.cropped, found.processes) == ("faster", False, 6)
    assert found.ratio_confidence == pytest.approx(0.96875)


def test_bandwidth_is_compulsory_bytes_over_the_median(run: Run, summary: Summary) -> None:
    found = cell(summary, INDEX, "f32_2048", "numba")
    (row,) = (r for r in run.rows if (r.case, r.implementation, r.kernel) == ("f32_2048", "numba", INDEX))
    assert found.median_s == median(row.samples_s.values())
    assert found.gb_per_s == pytest.approx(3 * 2**24 / found.median_s / 1e9)


def test_the_baseline_is_itself(summary: Summary) -> None:
    found = cell(summary, INDEX, "f32_2048", "numpy")
    assert (found.ratio_vs_numpy, found.ratio_low, found.ratio_high) == (1.0, 1.0, 1.0)
    assert found.against_numpy == "baseline"


def test_a_slow_baseline_moves_the_ratio_to_the_crop_and_leaves_the_time(summary: Summary) -> None:
    rust, numpy = cell(summary, MEDIAN, "f32_73x480", "rust"), cell(summary, MEDIAN, "f32_73x480", "numpy")
    assert rust.cropped
    assert numpy.cropped
    assert (rust.time_cropped, numpy.time_cropped) == (False, True)
    assert (rust.measured_shape, numpy.measured_shape) == ((73, 480, 480), (73, 64, 64))
    assert rust.ratio_vs_numpy == pytest.approx(20.0 / 3.1, rel=0.05)
    assert rust.median_s == pytest.approx(3.1e-9 * 73 * 480 * 480, rel=0.9)


def test_the_limit_of_a_streaming_kernel_is_the_wall_beside_it(summary: Summary) -> None:
    found = cell(summary, INDEX, "f32_2048", "rust")
    assert found.fraction_of_limit == pytest.approx(0.5 / 0.6, rel=0.05)
    assert found.limit == "memory"


def test_the_limit_of_a_selecting_kernel_is_the_declared_work_at_the_measured_rate(run: Run, summary: Summary) -> None:
    found = cell(summary, MEDIAN, "f32_73x64", "rust")
    operations = TWO[MEDIAN].cost.operations
    assert operations is not None
    (row,) = (r for r in run.rows if (r.case, r.implementation) == ("f32_73x64", "rust"))
    limit_s = operations((73, 64, 64)) / 9e9
    centre = math.exp(median(math.log(limit_s / t) for t in row.samples_s.values()))
    assert found.fraction_of_limit == pytest.approx(centre, rel=0.3)
    assert found.limit == "compute"


def test_two_threads_have_twice_the_peak_rate(summary: Summary) -> None:
    one, two = (cell(summary, MEDIAN, name, "rust") for name in ("f32_73x480", "f32_73x480_t2"))
    assert two.threads == 2
    assert two.fraction_of_limit == pytest.approx(one.fraction_of_limit, rel=0.9)


def test_the_subject_is_held_against_numba_and_the_best_peer_by_name(summary: Summary) -> None:
    (found,) = (c for c in summary.contests if (c.kernel, c.case) == (INDEX, "f32_2048"))
    rates = NS_PER_VALUE[INDEX]
    assert (found.best, found.best_peer, found.cost_class) == ("rust", "numexpr", "C1")
    assert found.rust_vs_numba is not None
    assert found.rust_vs_numba.ratio == pytest.approx(rates["numba"] / rates["rust"], rel=0.05)
    assert found.rust_vs_best_peer is not None
    assert found.rust_vs_best_peer.ratio == pytest.approx(rates["numexpr"] / rates["rust"], rel=0.05)
    assert found.rust_vs_best_peer.word == "faster"
    (refused,) = (c for c in summary.contests if (c.kernel, c.case) == (INDEX, "u16_2048"))
    assert (refused.best_peer, refused.rust_vs_best_peer) == (None, None)


def test_of_two_peers_the_one_that_is_hardest_to_beat_is_the_best(tmp_path: Path) -> None:
    kernel = TWO[INDEX]
    (peer,) = kernel.peers
    two = {INDEX: replace(kernel, peers=(peer, replace(peer, name="swift")))}

    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        return outcome | {"time_s": outcome["time_s"] / 30} if at.arm == "swift" and outcome["time_s"] else outcome

    run = Writer(tmp_path, tier="smoke", spoil=spoil, kernels=two).write().read()
    contests = {c.case: c for c in summarise(run, two).contests}
    found = contests["f32_2048"]
    assert (found.best, found.best_peer) == ("swift", "swift")
    assert found.losses == (found.rust_vs_best_peer,)


def test_what_was_too_slow_for_the_whole_never_ties_with_what_was_not(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        slower = at.arm == "rust" and at.group == "crop"
        return outcome | {"time_s": outcome["time_s"] * 50} if slower and outcome["time_s"] else outcome

    found = cell(spoilt(tmp_path, spoil, tier="smoke"), MEDIAN, "f32_73x480", "numpy")
    assert found.time_cropped
    assert found.standing is None


def test_the_best_ties_with_what_is_not_shown_to_be_slower(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        factor = {"numba": 0.6 / 0.62 * (1.02 if at.process % 2 else 0.98)}.get(at.arm, 1.0)
        return outcome if outcome["time_s"] is None else outcome | {"time_s": outcome["time_s"] * factor}

    found = spoilt(tmp_path, spoil, tier="smoke", spread=0.01)
    standing = {c.implementation: c.standing for c in found.cells if c.case == "f32_2048"}
    assert {standing["rust"], standing["numba"]} == {"best", "tied"}
    assert standing["numpy_naive"] == "behind"


def test_fewer_than_six_processes_have_an_estimate_and_no_verdict(tmp_path: Path) -> None:
    found = cell(spoilt(tmp_path, None, tier="smoke", processes=4), INDEX, "f32_256", "rust")
    assert found.ratio_vs_numpy is not None
    assert (found.ratio_low, found.ratio_high, found.ratio_confidence) == (None, None, None)
    assert found.against_numpy == "no interval"


def test_a_wrong_answer_has_no_number(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome:
        wrong = (at.case, at.group, at.arm, at.process) == ("f32_73x480", "crop", "rust", 2)
        return outcome | {"status": "failed", "reason": "wrong answer", "time_s": None} if wrong else outcome

    summary = spoilt(tmp_path, spoil, tier="smoke")
    found = cell(summary, MEDIAN, "f32_73x480", "rust")
    assert (found.status, found.reason) == ("failed", "process 2: wrong answer")
    assert {found.median_s, found.ratio_vs_numpy, found.gb_per_s, found.fraction_of_limit, found.standing} == {None}
    assert gaps(summary, TWO) == (found,)
    assert summary.verification.timed_cells_failed == 1


def test_what_was_not_measured_is_counted_and_named(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome | None:
        return None if (at.case, at.arm) == ("f32_256", "numpy") else outcome

    summary = spoilt(tmp_path, spoil, tier="smoke")
    (missing,) = summary.coverage.missing
    assert (missing.case, missing.implementation) == ("f32_256", "numpy")
    assert summary.coverage.planned == len(summary.cells)
    assert summary.coverage.planned == sum(
        (summary.coverage.measured, summary.coverage.skipped, summary.coverage.failed)
    )
    orphan = cell(summary, INDEX, "f32_256", "rust")
    assert (orphan.status, orphan.ratio_vs_numpy, orphan.against_numpy) == ("ok", None, "not known")


def test_where_nothing_was_measured_every_cell_is_missing_once(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    for name in TWO:
        (writer.directory / f"{name}.jsonl").unlink()
    summary = summarise(writer.read(), TWO)
    assert len(set(summary.coverage.missing)) == len(summary.coverage.missing) == summary.coverage.failed > 0
    assert summary.verification.timed_cells_failed == 0
    assert render.summary_json(summary)
    assert {c.reason for c in gaps(summary, TWO)} >= {"not measured"}


def test_a_peer_that_fails_is_no_gap_but_one_that_was_forgotten_is(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome | None:
        if (at.case, at.arm) == ("f32_73x64", "bottleneck"):
            return outcome | {"status": "failed", "reason": "wrong answer", "time_s": None}
        return None if (at.case, at.arm) == ("u16_73x480", "bottleneck") else outcome

    found = gaps(spoilt(tmp_path, spoil, tier="smoke"), TWO)
    assert [(c.case, c.reason) for c in found] == [("u16_73x480", "not measured")]


def test_a_cell_with_fewer_processes_than_planned_is_a_gap(tmp_path: Path) -> None:
    def spoil(at: Spot, outcome: Outcome) -> Outcome | None:
        return None if (at.case, at.arm, at.process) == ("f32_256", "rust", 5) else outcome

    summary = spoilt(tmp_path, spoil, tier="smoke")
    assert [(c.case, c.implementation) for c in gaps(summary, TWO)] == [("f32_256", "rust")]


def test_the_repro_command_names_the_cell(summary: Summary) -> None:
    found = cell(summary, MEDIAN, "u16_73x480", "bottleneck")
    assert found.repro == "python -m lab time temporal_median --case u16_73x480 --implementation bottleneck"


@pytest.mark.parametrize(
    ("two_threads", "steal", "load", "passed"),
    [
        (15.0, 0.0, 1.0, ()),
        (10.0, 0.0, 2.5, ()),
        (8.0, 0.0, 1.0, ("threads",)),
        (15.0, 0.2, 1.0, ("steal",)),
        (15.0, None, None, ()),
        (15.0, 0.0, 4.0, ("load",)),
        (8.0, 0.2, 4.0, ("threads", "steal", "load")),
    ],
)
def test_a_calm_machine_is_within_every_limit_and_the_sentence_says_which_was_passed(
    two_threads: float, steal: float | None, load: float | None, passed: tuple[str, ...]
) -> None:
    controls = [Control("k", p, 10.0, two_threads, steal_share=steal, threads=2, load_1min=load) for p in range(3)]
    found = canary(controls)
    assert found.disturbances() == passed
    assert found.state == ("noisy" if passed else "calm")
    sentence = words.canary_sentence(found)
    assert ("beyond" in sentence) == bool(passed)
    first = {"threads": "Two threads got 0.80×", "steal": "At most 20.0%", "load": "The load was 4.0 on 2 cores"}
    assert sentence.startswith(first[passed[0]] if passed else "Two threads got")


def test_the_load_is_held_against_all_cores_of_the_machine() -> None:
    for online, state in ((64, "calm"), (2, "noisy")):
        controls = [Control("k", 0, 10.0, 12.0, threads=2, load_1min=9.0, online_cores=online)]
        assert canary(controls).state == state
        assert f"the load was 9.0 on {online} cores" in words.canary_sentence(canary(controls)).lower()


def test_a_canary_without_bandwidth_is_unknown() -> None:
    found = canary([Control("k", p, 10.0, None, steal_share=0.0) for p in range(3)])
    assert found.state == "unknown"
    assert "was not measured" in words.canary_sentence(found)


@pytest.mark.parametrize(("most", "processes", "state"), [(12.9, 6, "calm"), (13.4, 6, "noisy"), (13.4, 1, "calm")])
def test_bandwidth_of_one_thread_is_steady_on_a_calm_machine(most: float, processes: int, state: str) -> None:
    half = processes // 2
    ones = [10.0] * half + [most] * (processes - half)
    found = canary([Control("k", p, one, 1.1 * one, steal_share=0.0) for p, one in enumerate(ones)])
    assert found.state == state
    assert ("the bandwidth of one varied by" in words.canary_sentence(found).lower()) == (processes > 1)


def _of_error_rates(described: dict[str, Any]) -> list[tuple[type, dict[str, Any]]]:
    """Return the records of error rates, each with its description."""
    within = {name: one["items"] for name, one in described["properties"].items() if one["type"] == "array"}
    by_rule = {name: one["items"] for name, one in within["rules"]["properties"].items() if one["type"] == "array"}
    return [
        (ErrorRates, described),
        (Rates, within["rules"]),
        (FalseFlags, by_rule["false_flags"]),
        (Share, by_rule["false_flags"]["properties"]["gates"]),
        (Power, by_rule["power"]),
        (Least, by_rule["least"]),
        (Verdicts, within["verdicts"]),
        (Held, within["coverage"]),
        (Measured, within["measured"]),
    ]


def test_the_schema_describes_every_field_and_accepts_a_summary(summary: Summary) -> None:
    schema = render.schema()
    items = {name: described.get("items") for name, described in schema["properties"].items()}.__getitem__
    values = render.summary_json(summary)
    assert values["schema_version"] == 1
    pairs = [
        (Summary, schema),
        (Cell, schema["properties"]["cells"]["items"]),
        (Coverage, schema["properties"]["coverage"]),
        (Verification, schema["properties"]["verification"]),
        (Contest, items("contests")),
        (Versus, items("contests")["properties"]["rust_vs_numba"]),
        (ThreadScaling, items("threads")),
        (Start, items("starts")),
        (BreakEven, items("break_even")),
        (SizePoint, items("break_even")["properties"]["points"]["items"]),
        (LeftOut, items("left_out")),
        *_of_error_rates(schema["properties"]["error_rates"]),
    ]
    for record, described in pairs:
        assert {f.name for f in fields(record)} == set(described["properties"]) == set(described["required"])
        assert all("description" in d for d in described["properties"].values())


def test_words_round_and_never_hide_which_side_of_one() -> None:
    assert [words.times(v) for v in (0.034, 0.987, 1.004, 3.14159, 12.345, 123.4)] == [
        "0.034×", "0.99×", "1.00×", "3.1×", "12.3×", "123×",
    ]  # fmt: skip
    assert [words.seconds(v) for v in (2.5e-9, 9.9996e-4, 1.23456e-3, 2.0, None)] == [
        "2.50 ns", "1.00 ms", "1.23 ms", "2.00 s", "–",
    ]  # fmt: skip
    assert words.size(4 * 2**20) == "4.00 MiB"


def test_the_sentence_quotes_the_expert_and_never_the_naive(summary: Summary) -> None:
    for kernel in TWO.values():
        text = words.sentence(kernel, summary)
        assert "expert NumPy" in text
        assert "naive" not in text
        assert "best peer" in text
        assert "limit" in text
