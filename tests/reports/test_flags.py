"""What became slower, since when and which layer: over histories whose truth is known, and as each reader gets it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pytest
from synthetic_run import TWO, Writer, write_asv

from benchmarks import registry
from benchmarks.counting.counts import counted_case
from benchmarks.environment import checkout
from benchmarks.runs import history, planning
from lab import __main__ as door
from lab import histories
from lab import report as report_verb
from reports.stats import flags, layers
from reports.stats.flags import Flag, Flagged
from reports.stats.series import by_machine
from reports.stats.summary import summarise
from reports.write import flagging, history_page, render
from reports.write.offline import external_loads_of

KERNEL = "temporal_median"
CASE = "f32_73x480"
ARMS = ("numpy", "numba", "rust", "wall")
SECONDS = {"numpy": 32e-3, "numba": 12e-3, "rust": 8e-3, "wall": 3e-3}
DAY_MS = 86_400_000
ATOM = "{http://www.w3.org/2005/Atom}"
Factor = Callable[[str, int], float]
"""Takes an arm and the number of a commit, and returns by how much its time is changed there."""


def name(number: int) -> str:
    return f"{number:08x}" + "0" * 32


@dataclass(frozen=True)
class Told:
    """A history of one case of one kernel: what happened to each arm's time, and to each commit."""

    factor: Factor = lambda arm, at: 1.0
    commits: int = 12
    processes: int = 3
    group: str = "call"
    version: Callable[[int], str] = lambda at: "v1"
    missing: Sequence[int] = ()
    numpy: Callable[[int], str] = lambda at: "2.4.6"
    peaks: Mapping[str, Callable[[int], float]] | None = None
    counts: Mapping[str, Mapping[str, Callable[[int], float]]] = field(default_factory=dict)
    case: str = CASE

    def write(self, folder: Path) -> Path:
        random = np.random.default_rng(7)
        params = [[repr(self.case)], [repr(arm) for arm in ARMS]]
        for at in range(self.commits):
            phase = random.normal(0, 0.05, self.processes)  # of the machine, which every arm of a process shares
            samples = []
            for arm in ARMS:
                logs = phase + random.normal(0, 0.01, self.processes)
                samples.append((SECONDS[arm] * self.factor(arm, at) * np.exp(logs)).tolist())
            if at in self.missing:
                continue
            row = [[float(np.median(some)) for some in samples], params, self.version(at)] + [None] * 8 + [samples]
            results: dict[str, Any] = {f"bench_kernels.{KERNEL}.ktime_{self.group}": row}
            if self.peaks:
                counts = [self.peaks[arm](at) if arm in self.peaks else math.nan for arm in ARMS]
                results[f"bench_kernels.{KERNEL}.kpeak_call"] = [counts, params, self.version(at)]
            for kind, by_arm in self.counts.items():
                mine = [by_arm[arm](at) if arm in by_arm else math.nan for arm in ARMS[:3]]
                results[f"bench_kernels.{KERNEL}.{kind}"] = [mine, [params[1][:3]], self.version(at)]
            path = write_asv(folder, results, commit=name(at), date=1_780_000_000_000 + at * DAY_MS)
            data = json.loads(path.read_text()) | {"requirements": {"numpy": self.numpy(at)}}
            path.write_text(json.dumps(data))
        return folder


def found(told: Told, folder: Path) -> Flagged:
    return flags.find(by_machine(told.write(folder)), [KERNEL])


def one(told: Told, folder: Path) -> Flag:
    (flag,) = found(told, folder).flags
    return flag


def step(layer: str, size: float, start: int = 6, stop: int = 99) -> Factor:
    return lambda arm, at: size if arm == layer and start <= at < stop else 1.0


@pytest.mark.parametrize("layer", ["rust", "numba", "numpy"])
@pytest.mark.parametrize("size", [1.3, 0.7])
def test_who_moved_bears_the_flag_and_slower_is_more(layer: str, size: float, tmp_path: Path) -> None:
    flag = one(Told(step(layer, size)), tmp_path)
    assert (flag.layer, flag.word) == (layer, "regressed" if size > 1 else "improved")
    assert flag.percent == pytest.approx((size - 1) * 100, abs=3)
    assert (flag.good, flag.since) == (name(5), name(6))
    assert (flag.before, flag.after, flag.until) == (6, 6, None)
    assert flag.confidence is not None
    assert flag.confidence > 0.9999
    assert flag.stands is (size > 1)
    assert flag.since_date == datetime.fromtimestamp(1_780_000_000 + 6 * DAY_MS / 1000, UTC)
    assert flag.repro == f"python -m lab gate {name(5)[:12]} {name(6)[:12]} --kernel {KERNEL} --case {CASE}"
    own = {change.layer: change.percent for change in flag.own}
    assert set(own) == set(ARMS)
    assert own[layer] == pytest.approx((size - 1) * 100, abs=9)
    assert flag.asv


def test_where_nothing_happened_there_is_no_flag(tmp_path: Path) -> None:
    calm = found(Told(), tmp_path)
    assert (calm.flags, calm.judged, calm.short, calm.commits) == ((), 2, 0, 12)
    assert flags.exit_code(calm) == 0


def test_a_slower_machine_is_nobodys_regression(tmp_path: Path) -> None:
    """Memory became slower: the wall, and Rust which is near it, but not NumPy, which computes."""
    slower = one(Told(lambda arm, at: 1.4 if arm in ("rust", "wall") and at > 5 else 1.0), tmp_path)
    assert (slower.layer, slower.word, slower.stands) == ("wall", "machine", False)


def test_a_regression_on_a_machine_that_became_slower_is_one_all_the_same(tmp_path: Path) -> None:
    def both(arm: str, at: int) -> float:
        return (1.4 if at > 5 else 1.0) * (1.5 if arm == "rust" and at > 5 else 1.0)

    flag = one(Told(both), tmp_path)
    assert (flag.layer, flag.word) == ("rust", "regressed")
    assert flag.percent == pytest.approx(50, abs=4)


@pytest.mark.parametrize(
    ("own", "layer"),
    [
        ({"rust": 0.3, "numpy": 0.0, "wall": 0.0}, "rust"),
        ({"rust": 0.0, "numpy": -0.3, "wall": 0.0}, "numpy"),
        ({"rust": 0.3, "numpy": 0.0, "wall": 0.28}, "wall"),
        ({"rust": 0.0, "numpy": -0.3, "wall": -0.3}, "wall"),
        ({"rust": 0.6, "numpy": 0.3, "wall": 0.3}, "rust"),
        ({"rust": 0.2, "numpy": -0.1, "wall": -0.1}, "rust"),
        ({"rust": 0.3, "numpy": 0.0}, "rust"),
        ({"rust": 0.5, "numpy": 0.2}, "rust"),
    ],
)
def test_the_wall_tells_the_machine_from_the_code(own: dict[str, float], layer: str) -> None:
    assert layers.moved(own["rust"] - own["numpy"], "rust", own) == layer


def test_a_regression_that_was_mended_does_not_stand(tmp_path: Path) -> None:
    seen = found(Told(step("rust", 1.5, 5, 9), commits=14), tmp_path)
    worse, better = sorted(seen.flags, key=lambda flag: flag.since)
    assert (worse.word, worse.since, worse.until) == ("regressed", name(5), name(9))
    assert (better.word, better.since, better.until) == ("improved", name(9), None)
    assert flags.exit_code(seen) == 0


def test_of_two_regressions_both_stand(tmp_path: Path) -> None:
    seen = found(Told(lambda arm, at: 1.3 ** ((at > 4) + (at > 9)) if arm == "rust" else 1.0, commits=15), tmp_path)
    assert [(flag.since, flag.stands) for flag in sorted(seen.flags, key=lambda flag: flag.since)] == [
        (name(5), True),
        (name(10), True),
    ]
    assert flags.exit_code(seen) == 1


def test_a_single_commit_is_named_and_does_not_stand(tmp_path: Path) -> None:
    flag = one(Told(step("rust", 4.0, 6, 7)), tmp_path)
    assert (flag.word, flag.layer, flag.since, flag.confidence) == ("once", "rust", name(6), None)
    assert flag.percent == pytest.approx(300, rel=0.1)


def test_the_range_is_as_wide_as_what_was_not_measured(tmp_path: Path) -> None:
    told = Told(step("rust", 1.5), missing=(5, 6, 7)).write(tmp_path)
    asked: list[tuple[str, str]] = []

    def between(good: str, since: str) -> int:
        asked.append((good, since))
        return 3

    (flag,) = flags.find(by_machine(told), [KERNEL], between).flags
    assert asked == [(name(4), name(8))]
    assert (flag.good, flag.since, flag.between) == (name(4), name(8), 3)
    assert flagging.place(flag) == "00000008, or one of 3 before it"


def test_the_commits_between_are_those_that_changed_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def git(*arguments: str) -> str:
        asked.append(arguments)
        return "bad\nmiddle\nother" if arguments[0] == "rev-list" else "bad"

    monkeypatch.setattr(checkout, "git", git)
    assert history.unmeasured("good", "bad") == 2
    assert "good..bad" in asked[0]
    assert asked[0][-len(checkout.MEASURED) :] == tuple(checkout.MEASURED)
    monkeypatch.undo()
    assert history.unmeasured("no-such-commit", "HEAD") is None


def test_another_recipe_begins_another_series(tmp_path: Path) -> None:
    """The jump of the time is that of the input, which is another one since the seventh commit."""
    seen = found(Told(step("rust", 1.5), version=lambda at: "v1" if at < 6 else "v2"), tmp_path)
    assert seen.flags == ()
    assert seen.judged == 2
    assert found(Told(step("rust", 1.5), version=lambda at: "v1" if at < 9 else "v2"), tmp_path / "b").short == 2


def test_crops_are_series_of_their_own(tmp_path: Path) -> None:
    flag = one(Told(step("rust", 1.5), group="crop"), tmp_path)
    assert flag.group == "crop"
    assert flagging.case(flag) == f"{CASE} (crop)"


def test_what_else_differs_is_named(tmp_path: Path) -> None:
    flag = one(Told(step("numpy", 0.6), numpy=lambda at: "2.4.6" if at < 6 else "2.5.0"), tmp_path)
    assert flag.packages == ("numpy 2.4.6 → 2.5.0",)


def test_memory_is_flagged_beyond_what_a_process_takes_for_itself(tmp_path: Path) -> None:
    peaks = {
        "rust": lambda at: 16e6 + (at > 6) * 4e6 + (at % 2) * 4096,
        "numba": lambda at: 16e6 + (at > 6) * 0.7e6,
        "numpy": lambda at: 16e6 + (at == 6) * 8e6,
    }
    flag = one(Told(peaks=peaks), tmp_path)
    assert (flag.quantity, flag.layer, flag.word, flag.since) == ("peak memory", "rust", "regressed", name(7))
    assert flag.percent == pytest.approx(25, abs=1)
    both = f"--commit {name(6)[:12]} --commit {name(7)[:12]}"
    assert flag.repro == f"python -m lab history {KERNEL} {both} --case {CASE} --again"


@pytest.mark.parametrize(
    ("kind", "quantity"), [("track_instructions", "instructions"), ("track_allocated_bytes", "allocated bytes")]
)
def test_what_is_counted_exactly_is_flagged_on_its_own_case_with_the_command_that_counts_again(
    kind: str, quantity: str, tmp_path: Path
) -> None:
    """Three percent are enough where a time would not show them; one percent is what a compiler does."""
    counts: dict[str, Callable[[int], float]] = {
        "rust": lambda at: 1_000_000 * (1.03 if at > 6 else 1),
        "numba": lambda at: 1_000_000 * (1.01 if at > 6 else 1),
        "numpy": lambda at: math.nan if at in (2, 3) else 5_000_000 + at % 2,
    }
    seen = found(Told(counts={kind: counts}), tmp_path)
    (flag,) = seen.flags
    assert seen.judged == 2 + 3
    assert (flag.quantity, flag.layer, flag.implementation, flag.word) == (quantity, "rust", "rust", "regressed")
    assert (flag.good, flag.since, flag.before, flag.after, flag.stands) == (name(6), name(7), 7, 5, True)
    assert flag.percent == pytest.approx(3)
    assert flag.own == (flags.OwnChange("rust", pytest.approx(3)),)
    assert flag.case == counted_case(registry.get(KERNEL)).name
    both = f"--commit {name(6)[:12]} --commit {name(7)[:12]}"
    assert flag.repro == f"EOLAB_COUNTS=1 python -m lab history {KERNEL} {both} --case f32_73x64 --again"
    assert flagging.word(flag) == f"regressed ({quantity})"
    jsonschema.Draft202012Validator(flagging.schema()).validate(flagging.values(seen))


def test_a_count_that_was_taken_back_does_not_stand_and_one_on_another_case_begins_another_series(
    tmp_path: Path,
) -> None:
    mended = Told(counts={"track_instructions": {"rust": lambda at: 1e6 if at < 4 or at > 8 else 2e6}}, commits=14)
    worse, better = sorted(found(mended, tmp_path / "mended").flags, key=lambda flag: flag.since)
    assert (worse.since, worse.until, worse.percent) == (name(4), name(9), pytest.approx(100))
    assert (better.word, better.since) == ("improved", name(9))
    counts = {"track_instructions": {"rust": lambda at: 1e6 if at < 6 else 2e6}}
    other = Told(counts=counts, version=lambda at: "v1" if at < 6 else "v2")
    assert found(other, tmp_path / "other").flags == ()


def test_a_history_that_says_nothing_is_not_green(tmp_path: Path) -> None:
    assert flags.exit_code(found(Told(commits=3), tmp_path)) == 2
    assert flags.exit_code(flags.find({}, [KERNEL])) == 2
    assert flags.exit_code(found(Told(), tmp_path / "b"), ["a file is cut"]) == 2
    assert flags.exit_code(found(Told(step("rust", 1.5)), tmp_path / "c"), ["a file is cut"]) == 1


# What readers get


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the machine's own results are looked for, with nothing anywhere."""
    folder = tmp_path / "own"
    monkeypatch.setattr(histories, "RECORD", tmp_path / "record")
    monkeypatch.setattr(history, "RESULTS", tmp_path / "history")
    monkeypatch.setattr(planning, "ASV_RESULTS", folder)
    monkeypatch.setattr(checkout, "lost", lambda _: "")
    return folder


def test_the_verb_says_no_regression_a_regression_or_that_it_cannot_tell(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["flags"]) == 2
    assert "Cannot tell: there is no history" in capsys.readouterr().err
    Told().write(own)
    assert door.main(["flags"]) == 0
    assert "0 standing regressions in 2 series over 12 commits" in capsys.readouterr().out
    Told(step("rust", 1.5)).write(own)
    assert door.main(["flags"]) == 1
    said = capsys.readouterr().out
    assert f"python -m lab gate {name(5)[:12]} {name(6)[:12]} --kernel {KERNEL} --case {CASE}" in said
    assert "1 standing regression in" in said
    assert door.main(["flags", "evi"]) == 2, "of that kernel there is no history"


def test_a_cut_file_is_named_and_never_green(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Told().write(own)
    cut = own / "testbench" / f"{name(3)[:8]}-virtualenv-py3.11.json"
    cut.write_text(cut.read_text()[:100])
    assert door.main(["flags"]) == 2
    assert cut.name in capsys.readouterr().err
    assert door.main(["flags", "--json"]) == 2
    assert cut.name in json.loads(capsys.readouterr().out)["unreadable"][0]


def test_json_keeps_its_schema_in_every_field(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Told(step("rust", 1.5)).write(own)
    assert door.main(["flags", "--json"]) == 1
    values = json.loads(capsys.readouterr().out)
    schema = flagging.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(values)
    (flag,) = values["flags"]
    assert set(schema["properties"]["flags"]["items"]["properties"]) == set(flag)
    assert set(schema["properties"]) == set(values)
    assert (flag["layer"], flag["stands"], flag["since"]) == ("rust", True, name(6))


def test_what_came_before_a_commit_is_accepted(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Told(step("rust", 1.5)).write(own)
    dates = {str(at): datetime.fromtimestamp(1_780_000_000 + at * DAY_MS / 1000, UTC).isoformat() for at in (6, 7)}
    monkeypatch.setattr(history, "commit", lambda rev: history.Commit(name(int(rev)), dates[rev], "a subject"))
    assert door.main(["flags", "--since", "6"]) == 1
    assert door.main(["flags", "--since", "7"]) == 0
    capsys.readouterr()
    monkeypatch.undo()
    assert door.main(["flags", "--since", "no-such-commit"]) == 2
    assert "no-such-commit" in capsys.readouterr().err


def test_the_feed_is_valid_atom(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Told(step("rust", 1.5, 4, 8)).write(own)
    feed = tmp_path / "flags.atom"
    assert door.main(["flags", "--atom", str(feed)]) == 0
    root = ET.parse(feed).getroot()
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}updated", "")[:10] for entry in entries] == ["2026-06-05", "2026-06-01"]
    for element in (root, *entries):
        for required in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{required}")) == 1
            assert element.findtext(f"{ATOM}{required}")
        stamp = element.findtext(f"{ATOM}updated", "")
        assert stamp.endswith("Z")
        assert datetime.fromisoformat(stamp).tzinfo is not None
        assert element.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
        (link,) = element.findall(f"{ATOM}link")
        assert (link.get("rel"), link.get("href", "").split("#")[0]) == ("alternate", history_page.FILE)
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    assert len({element.findtext(f"{ATOM}id") for element in (root, *entries)}) == 3
    before = feed.read_bytes()
    assert door.main(["flags", "--atom", str(feed)]) == 0
    assert feed.read_bytes() == before
    assert "lab gate" in before.decode()


def test_the_scoreboard_alone_can_be_spliced(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["flags", "--splice"]) == 2
    assert "--scoreboard --splice is accepted" in capsys.readouterr().err


def test_the_report_has_a_section_of_steps_only_where_there_are_some(tmp_path: Path) -> None:
    run = Writer(tmp_path / "run", tier="smoke").write().read()
    summary = summarise(run, TWO)
    stepped = found(Told(step("rust", 1.5)), tmp_path / "asv").flags
    render.write(run, summary, TWO, tmp_path / "with", stepped)
    render.write(run, summary, TWO, tmp_path / "without")
    for file in ("index.html", "report.md"):
        with_steps, without = ((tmp_path / out / file).read_text() for out in ("with", "without"))
        assert "Steps in the history" in with_steps
        assert "+50 %" in with_steps or "+49 %" in with_steps
        assert stepped[0].repro in with_steps
        assert "Steps in the history" not in without
    assert not external_loads_of(tmp_path / "with")


def test_counts_stand_in_the_verb_the_report_and_the_dashboard(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Told(counts={"track_allocated_bytes": {"rust": lambda at: 65_536 * (2 if at > 5 else 1)}}).write(own)
    assert door.main(["flags"]) == 1
    said = capsys.readouterr().out
    command = f"EOLAB_COUNTS=1 python -m lab history {KERNEL} --commit {name(5)[:12]} --commit {name(6)[:12]}"
    assert command in said
    assert "allocated" in said
    run = Writer(tmp_path / "run", tier="smoke").write().read()
    stepped = report_verb._flags(run)
    render.write(run, summarise(run, TWO), TWO, tmp_path / "latest", stepped)
    texts = [(tmp_path / "latest" / file).read_text() for file in ("index.html", "report.md")]
    texts.append(history_page.write(own, TWO, tmp_path).read_text())
    assert all(command in text and "regressed (allocated bytes)" in text for text in texts)


def test_the_report_looks_at_the_history_of_its_machine(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Writer(tmp_path / "run", tier="smoke").write().read()
    Told(step("rust", 1.5)).write(own)
    assert [flag.since for flag in report_verb._flags(run)] == [name(6)]
    (own / "testbench").rename(own / "another")
    assert report_verb._flags(run) == ()
    (own / "another").rename(own / "testbench")
    for path in (own / "testbench").glob("0*.json"):
        path.write_text("{}")
    assert report_verb._flags(run) == ()
    assert "left out of the steps in the history" in capsys.readouterr().err


def test_the_page_of_the_history_shows_steps_and_names_its_feed(tmp_path: Path) -> None:
    stepped = Told(step("rust", 1.5)).write(tmp_path / "asv")
    page = history_page.write(stepped, TWO, tmp_path).read_text()
    assert 'href="flags.atom"' in page
    assert "lab gate" in page
    assert ET.parse(tmp_path / history_page.FEED).getroot().findall(f"{ATOM}entry")
    calm = history_page.write(Told().write(tmp_path / "calm"), TWO, tmp_path).read_text()
    assert "lab gate" not in calm
    assert not external_loads_of(tmp_path)
