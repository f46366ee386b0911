"""``lab ratios`` from the command line: what it ends with and says, what it keeps, and that nothing broken is green."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import exp
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from synthetic_run import RECEIPT, Outcome, Spot, Writer

from benchmarks.environment import checkout
from benchmarks.registry import KERNELS
from benchmarks.runs import planning
from lab import __main__ as door
from reports.write import ratios_page

INDEX, MEDIAN = "normalized_difference", "temporal_median"
BOTH = {name: KERNELS[name] for name in (INDEX, MEDIAN)}
OURS = ("numpy", "numpy_naive", "numba", "rust")
KEPT = ("a", "b", "c")


class World:
    """Runs on disk, some of which are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kept, self.number = folder, folder / "ratios", 0

    def run(self, slower: dict[str, float] | None = None, **said: Any) -> str:
        """Write a run in which some implementations of the index take longer, and return its directory."""
        self.number += 1
        rng, effects = np.random.default_rng(self.number), {}

        def spoil(at: Spot, outcome: Outcome) -> Outcome:
            if outcome["time_s"] is None:
                return outcome
            effect = effects.setdefault((at.kernel, at.case, at.group, at.arm), exp(rng.normal(0, 0.005)))
            factor = (slower or {}).get(at.arm, 1.0) if at.kernel == INDEX else 1.0
            return outcome | {"time_s": outcome["time_s"] * effect * factor}

        kernels = {name: BOTH[name] for name in said.pop("kernels", BOTH)}
        tier, spoiler = said.pop("tier", "core"), said.pop("spoil", None)
        writer = Writer(self.folder / f"run-{self.number}", tier=tier, kernels=kernels, spoil=spoiler or spoil).write()
        created = f"2026-11-{self.number:02d}T10:00:00+00:00"
        self._alter(writer.directory / "plan.json", {"run_id": f"run-{self.number}", "created": created})
        processor = {"cpu": "Xeon", "cpu_model_numbers": "family 6"} | said.pop("machine", {})
        build = {"build": {"simd": said.pop("simd", "avx512")}}
        process = RECEIPT["measured_process"] | {"wheel": build} | said.pop("measured_process", {})
        self._alter(writer.directory / "receipt.json", {"machine": processor, "measured_process": process} | said)
        return str(writer.directory)

    def baseline(self, count: int = len(KEPT)) -> None:
        """Keep so many runs."""
        for _ in range(count):
            assert self.lab(self.run(), "--keep") == 0

    def lab(self, *arguments: str) -> int:
        """Run the command."""
        return door.main(["ratios", *arguments, "--baselines", str(self.kept)])

    def _alter(self, path: Path, changes: dict[str, Any]) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checkout, "changed", lambda *_: {})
    monkeypatch.setattr(planning, "RUNS", tmp_path / "no-runs")
    return World(tmp_path)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    values = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(ratios_page.schema()).validate(values)
    return values


def test_no_change_is_green_and_says_what_it_was_held_against(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline()
    assert world.lab(world.run()) == 0
    out = capsys.readouterr().out
    assert "Held against 3 kept runs of the same processor, 2026-11-01 to 2026-11-03, on Xeon (family 6)" in out
    assert "(standard deviation, from 3 kept runs)" in out
    assert "what matters is ±15" in out
    assert "no cell regressed" in out
    assert "regressed:" not in out


def test_a_slower_rust_ends_with_1_and_is_told_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline()
    report = world.folder / "latest" / "ratios.md"
    slow = world.run({"rust": 1.5})
    capsys.readouterr()
    assert world.lab(slow, "--markdown", str(report)) == 1
    out = capsys.readouterr().out
    assert f"regressed: {INDEX} · f32_2048 · rust, expert NumPy ÷ Rust" in out
    (again,) = [line.removeprefix("again: ") for line in out.splitlines() if line.startswith("again: ")]
    assert again.startswith(f"python -m lab run {INDEX} --case ")
    measured, compared = again.split(" && ")
    assert " --case f32_2048 " in measured
    assert compared == measured.replace(f"run {INDEX}", f"ratios --kernel {INDEX}")
    assert MEDIAN not in out
    assert "improved:" not in out
    text = report.read_text(encoding="utf-8")
    assert f"| regressed | {INDEX} · f32_2048 · rust | +5" in text
    assert again in text


def test_the_largest_change_comes_first_and_all_shows_the_rest(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.baseline()
    slow = world.run({"rust": 1.5, "numba": 2.5})
    capsys.readouterr()
    assert world.lab(slow) == 1
    out = capsys.readouterr().out
    assert out.index("· numba") < out.index("· rust")
    assert world.lab(slow, "--all") == 1
    every = capsys.readouterr().out
    assert f"equivalent: {MEDIAN}" in every
    assert len(every) > len(out)


def test_a_slower_expert_numpy_is_red(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline()
    slow = world.run({"numpy": 1.5})
    capsys.readouterr()
    assert world.lab(slow) == 1
    out = capsys.readouterr().out
    assert f"regressed: {INDEX} · f32_2048 · numpy, naive NumPy ÷ expert NumPy" in out
    assert f"improved: {INDEX} · f32_2048 · rust" in out


def test_json_is_all_that_is_printed_and_keeps_its_schema(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline()
    slow = world.run({"rust": 1.5})
    capsys.readouterr()
    assert world.lab(slow, "--json", "--kernel", INDEX) == 1
    values = told(capsys)
    assert (values["exit_code"], values["baseline"]["same_processor"]) == (1, True)
    assert len(values["baseline"]["runs"]) == 3
    assert {cell["kernel"] for cell in values["cells"]} == {INDEX}
    words = {(cell["arm"], cell["verdict"]) for cell in values["cells"] if cell["case"] == "f32_2048"}
    assert words == {("rust", "regressed"), ("numba", "equivalent"), ("numpy", "equivalent")}


def test_one_kept_run_says_that_more_would_tell_more(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline(1)
    world.lab(world.run(), "--json")
    capsys.readouterr()
    world.lab(world.run())
    assert "From run to run ratios differ by 3.2 % (standard deviation, as it was measured once; with 3 kept runs" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("said", [{"machine": {"cpu": "EPYC"}}, {"simd": "avx2"}])
def test_another_processor_or_set_of_instructions_is_said_and_more_is_allowed(
    world: World, said: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    world.baseline()
    other = world.run(**said)
    capsys.readouterr()
    assert world.lab(other) == 0
    out = capsys.readouterr().out
    assert "3 kept runs of another processor, or with other instructions" in out
    assert "±25 %" in out
    assert world.lab(other, "--json") == 0
    assert told(capsys)["processor_sd"] > 0


def test_without_a_baseline_it_ends_with_2_and_says_how_to_make_one(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.lab(world.run()) == 2
    error = capsys.readouterr().err
    assert "has no kept run" in error
    assert "lab ratios --keep" in error


def test_a_cut_baseline_ends_with_2_and_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline(1)
    (path,) = world.kept.iterdir()
    path.write_bytes(path.read_bytes()[:2000])
    for options in ([], ["--keep"]):
        assert world.lab(world.run(), *options) == 2
        assert "testbench.json is cut or not JSON" in capsys.readouterr().err


def test_cells_that_the_run_lacks_are_named_and_not_green(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.baseline()
    half = world.run(kernels=(INDEX,))
    capsys.readouterr()
    assert world.lab(half) == 2
    out = capsys.readouterr().out
    assert "inconclusive: the run has no ratio of it: it was not measured" in out
    assert MEDIAN in out
    assert "undecided" in out
    assert world.lab(half, "--kernel", INDEX) == 0


def unfinished(world: World) -> str:
    return world.run(problems=["temporal_median f32_73x64 rust: not measured"])


def uncertain(world: World) -> str:
    return world.run(input_versions={})


def noisy(world: World) -> str:
    run = Path(world.run())
    lines = [json.loads(line) | {"triad_2_gb_per_s": 2.0} for line in (run / "controls.jsonl").read_text().splitlines()]
    (run / "controls.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(run)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (unfinished, "only complete runs count"),
        (uncertain, "does not say which version the inputs"),
        (lambda _: "no_such_run", "run: was 'no_such_run'"),
        (lambda _: "", "has none that is complete"),
        (noisy, "noisy"),
    ],
)
def test_a_run_that_tells_nothing_is_neither_green_nor_kept(
    world: World, make: Callable[[World], str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.baseline()
    before = {path: path.read_bytes() for path in world.kept.iterdir()}
    run = make(world)
    for options in ([], ["--keep"]):
        assert world.lab(run, *options) == 2
        captured = capsys.readouterr()
        assert said in captured.out + captured.err
    assert {path: path.read_bytes() for path in world.kept.iterdir()} == before


def test_the_newest_complete_run_counts_and_the_others_are_named(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.baseline()
    runs = world.folder / "runs"
    runs.mkdir()
    for name, made in (("20261120-100000-aaaa", world.run()), ("20261121-100000-bbbb", unfinished(world))):
        Path(made).rename(runs / name)
    monkeypatch.setattr(planning, "RUNS", runs)
    capsys.readouterr()
    assert world.lab() == 0
    captured = capsys.readouterr()
    assert "Run run-4" in captured.out
    assert "passed over: 20261121-100000-bbbb" in captured.err
    assert world.lab("20261120-100000-aaaa") == 0
    assert world.lab("--json") == 0


def test_a_run_is_kept_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run = world.run()
    assert world.lab(run, "--keep") == 0
    (path,) = world.kept.iterdir()
    before = path.read_bytes()
    assert "Kept: " in capsys.readouterr().out
    assert world.lab(run, "--keep") == 0
    assert "Already kept: run-1" in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.mark.parametrize("room", ["kernels_rs/src/lib.rs", "reports/words.py"])
def test_nothing_is_kept_from_a_changed_checkout(
    world: World, room: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = world.run()
    monkeypatch.setattr(
        checkout, "changed", lambda paths, *_: {room: "digest"} if room.startswith(tuple(paths)) else {}
    )
    assert world.lab(run, "--keep") == 2
    assert room in capsys.readouterr().err
    assert not world.kept.exists()


def test_a_run_that_was_measured_with_a_changed_lab_is_not_kept(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run = world.run(lab={"changed_files": [" M benchmarks/spec.py"]})
    assert world.lab(run, "--keep") == 2
    assert "measured with benchmarks/spec.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keep", "--json"], "keep: keeps a whole run"),
        (["--keep", "--kernel", INDEX], "keep: keeps a whole run"),
        (["--kernel", "no_such"], "kernel: was 'no_such'"),
        (["--case", "f32_1"], "neither the run nor the baseline has a cell of f32_1"),
    ],
)
def test_what_cannot_be_asked_is_2_and_one_sentence(
    world: World, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.baseline(1)
    run = world.run()
    capsys.readouterr()
    assert world.lab(run, *arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
