"""What the verbs show: whole numbers on any width, plain letters where a terminal has no others, colours if wanted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.contract.verdict import Verdict
from benchmarks.fuzzing.child import Tally
from benchmarks.pairing.runlines import Line, Outcome
from benchmarks.runs.budget import LeftOut
from benchmarks.runs.inventory import Found
from benchmarks.runs.planning import Entry, Plan
from inputs.families import CASES
from lab import data, experts, fuzz, info, progress, report, run, runs, terminal, time, try_, verify
from reports.stats.experts import Standing
from reports.stats.speedup import Interval
from reports.words import Line as Shown

ROOT = Path(__file__).resolve().parents[2]
LONG = "normalized_difference_of_everything"
CASE = "f32_2048_strided_out"
NUMBER = re.compile(r"(?<![^\s\[(])[+]?\d[\d.,/:×%*]*(?![^\s\])])")
"""A word that is a number, with what belongs to it; digits within names are none."""
SENTENCES = ("Report: ", "20260101-000001-bbbbbbbb: ")
"""They stay on one line, so that paths and names can be copied and searched for."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def lines(*arms: str) -> list[Line]:
    outcomes = {
        arm: Outcome("ok", time_s=s, calls=1) for s, arm in zip((1.234567e-3, 2.5e-3, 3.75e-5), arms, strict=True)
    }
    outcomes["wall"] = Outcome("skipped", "it has no limit here, and says so in a sentence that is long")
    return [Line(k, CASE, "call", (10980, 10980), 1, 1, outcomes) for k in range(6)]


def shown_verify() -> None:
    verdicts = [Verdict(LONG, "an-implementation-of-mine", "float32", f"c{k}", "ok", "", 0.123) for k in range(1234)]
    verify._show(verdicts, [], 12.3)


def shown_time() -> None:
    time.show(terminal.console(), lines("numpy", "numpy_naive", "an-implementation-of-mine"), "evi", CASE)


def shown_try() -> None:
    arms = ("numpy", "numba", "/home/somebody/files/functions.py:my_own_function_with_a_long_name")
    try_.show(terminal.console(), lines(*arms), "evi", CASE)


def shown_experts() -> None:
    standing = Standing(CASE, f"alternatives.{LONG}:another_form_with_a_long_name", Interval(1.25, 0.91, 1.42, 0.95, 6))
    experts._show(terminal.console(), LONG, [standing])


def shown_fuzz() -> None:
    fuzz._show(terminal.console(), {LONG: Tally(1234567, 654321, 98765, 2**22, 0, 12.5)}, [], 7)


def shown_report() -> None:
    widest = (LONG, CASE, "eo-processor", "28.3 ms*", "0.055× [0.053, 0.056]*", "no difference shown")
    report._show([Shown(*widest, "0.0038", "yes, 0.50 ulp")], "calm.", Path("index.html"))


def shown_runs() -> None:
    kernels = {LONG: (Entry(CASE, ("numpy", "rust")),)}
    plan = Plan("id", "2026-01-01T00:00:00+00:00", "a" * 40, "history", 6, "", kernels)
    found = Found(Path("20260101-000000-aaaaaaaa"), "not complete", "", plan, 12345, 67890)
    runs._show([found, Found(Path("20260101-000001-bbbbbbbb"), "unreadable", "plan.json is empty")], datetime.now(UTC))


def shown_run() -> None:
    left = tuple(LeftOut(LONG, f"{CASE}_{name}", 1234.5, "") for name in ("one", "two"))
    plan = Plan("id", "", "", "core", 6, "", {LONG: (Entry(CASE, ("numpy",)),)}, budget_s=600.0, left_out=left)
    run._show_left_out(terminal.console(), plan, "10m")


def shown_data() -> None:
    data._datasets(terminal.console())
    data._cases(terminal.console(), "counts", CASES["counts"])


TABLES: dict[str, Callable[[], None]] = {
    "verify": shown_verify,
    "time": shown_time,
    "try": shown_try,
    "experts": shown_experts,
    "fuzz": shown_fuzz,
    "report": shown_report,
    "runs": shown_runs,
    "run": shown_run,
    "info": info.info,
    "data": shown_data,
}


def rendered(verb: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    TABLES[verb]()
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("verb", TABLES)
def test_every_number_is_there_whole(
    verb: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = Counter(NUMBER.findall(rendered(verb, 400, monkeypatch, capsys)))
    narrow = rendered(verb, width, monkeypatch, capsys)
    assert wanted, "there is no number to be lost"
    lost = wanted - Counter(NUMBER.findall(narrow))
    assert not lost, f"lost at {width} columns: {dict(lost)} in\n{narrow}"
    unwrapped = [line for line in narrow.splitlines() if len(line) > width and not line.startswith(SENTENCES)]
    assert not unwrapped, f"the terminal would break these where it likes: {unwrapped}"


def test_80_columns_hold_a_table_and_long_names_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = rendered("time", 80, monkeypatch, capsys).replace("─", "")
    assert "…" not in text
    (row,) = [line for line in text.splitlines() if "an-implementation-of-mine" in line]
    assert "0.0375 ms" in row
    assert Counter(text.split()) == Counter(rendered("time", 400, monkeypatch, capsys).replace("─", "").split()), text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_bar_keeps_its_numbers(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    bar = progress.bar(12345)
    bar.add_task(f"{LONG}: asv builds and prepares", total=12345, completed=6789)
    with bar.console.capture() as captured:
        bar.console.print(bar.get_renderable())
    text = COLOUR.sub("", captured.get())
    assert re.search(r"6789/12345 \d:\d\d:\d\d left [-\d]:[-\d]{2}:[-\d]{2}", text), text
    assert text.startswith(LONG[:5])
    assert max(map(len, text.splitlines())) <= width


# Colours


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)],
)
def test_colours_are_there_only_where_they_are_wanted(variables: dict[str, str], coloured: bool) -> None:
    for arguments in (["verify", "no_such_kernel"], ["report", "--run", "no_such_run"]):
        ran = lab(*arguments, **variables)
        assert ran.returncode == 2
        assert (b"\x1b[31m" in ran.stderr) == coloured


@pytest.mark.parametrize("text", ["/data/[red]/lab", "[ci skip] a commit", "Mend [/docs] of it", "mine.py:fire:"])
def test_a_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it is taken for a colour or a picture, or ends in an error."""
    terminal.console().print(text)
    terminal.say(text, stderr=False)
    report._show([], "calm", Path(text), text)
    assert capsys.readouterr().out.count(text) == 4


def test_a_terminal_of_no_columns_is_shown_a_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    terminal.console().print("12.5 ms")
    assert capsys.readouterr().out == "12.5 ms\n"


def test_nothing_colours_past_the_terminal() -> None:
    modules = [path for room in ("lab", "benchmarks", "inputs", "reports") for path in (ROOT / room).rglob("*.py")]
    wrong = [
        str(p.relative_to(ROOT)) for p in modules if re.search(r"secho|typer\.style|\\x1b|\\033", p.read_text("utf-8"))
    ]
    assert not wrong, "these do not heed NO_COLOR; lab.terminal.say does"


# Encodings


def lab(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "COLUMNS": "100", **variables}
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments], cwd=ROOT, env=environment, capture_output=True, check=False
    )


ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_verbs_print_what_the_terminal_knows(encoding: str) -> None:
    for arguments, code, wanted in ((["data"], 0, "2048"), (["info"], 0, "simd"), (["verify", "größe"], 2, "gr")):
        ran = lab(*arguments, **ENCODINGS[encoding])
        text = (ran.stdout + ran.stderr).decode(encoding)
        assert ran.returncode == code, text
        assert wanted in text
        assert "Traceback" not in text
        assert "\xc3\x97" not in text  # bytes of UTF-8


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_table_can_be_printed(encoding: str) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/lab'); from lab import terminal; terminal.degrade(); "
        "import test_terminal; [shown() for shown in test_terminal.TABLES.values()]"
    )
    environment = {**os.environ, **ENCODINGS[encoding]}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)
    text = ran.stdout.decode(encoding)
    assert ran.returncode == 0, ran.stderr
    assert {"latin-1": "0.055× [0.053", "ascii": "0.055x [0.053"}[encoding] in text
    assert "0.91 - 1.42" in text


@pytest.mark.parametrize(
    ("character", "shown"), [("×", "x"), ("µ", "u"), ("é", "e"), ("⠋", "."), ("漢", "?"), ("→", ">")]
)
def test_a_character_has_a_stand_in(character: str, shown: str) -> None:
    assert terminal.plain(character) == shown
    assert all(text.isascii() for text in terminal.PLAIN.values())
