"""The door: verbs in order, help at once, and errors in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from benchmarks.environment.process import MeasurementError
from lab import __main__ as door
from lab import report
from reports.words import Line

ROOT = Path(__file__).resolve().parents[2]


def test_help_says_what_it_is_and_lists_the_verbs_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "under one contract" in text
    assert "Example:" in text
    places = [text.index(f"\n  {verb} ") for verb in door.VERBS]
    assert places == sorted(places)
    assert max(map(len, text.splitlines())) <= 80


def test_no_verb_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_help_imports_no_room() -> None:
    code = (
        "import sys; from lab.__main__ import main; main(['--help']); "
        "heavy = {'numpy', 'numba', 'pandas', 'inputs', 'benchmarks', 'reports', 'eokernels'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"`lab --help` imports {run.stderr.strip()}"


@pytest.mark.parametrize("verb", door.VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"python -m lab {verb}" in text


def test_a_verb_that_python_keeps_for_itself_has_an_underscore_in_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert (ROOT / "lab" / "try_.py").is_file()
    assert door.main(["try"]) == 2
    assert "FUNCTION" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["verify", "run", "time"])
def test_an_unknown_kernel_is_one_sentence_and_exit_2(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"time": ["--case", "f32_256", "--implementation", "numpy"]}.get(verb, [])
    assert door.main([verb, "no_such_kernel", *arguments]) == 2
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert "no_such_kernel" in message
    assert "normalized_difference" in message


def test_debug_shows_where_an_error_comes_from() -> None:
    with pytest.raises((ValueError, typer.BadParameter), match="no_such_kernel"):
        door.main(["verify", "no_such_kernel", "--debug"])


def test_an_unknown_verb_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["verfy"]) == 2
    assert "verfy" in capsys.readouterr().err


def test_a_wrong_option_is_one_sentence_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", "--nonsense"]) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("error: ")
    assert len(message.splitlines()) == 1


def test_an_exit_code_of_a_verb_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def breach() -> None:
        raise typer.Exit(1)

    monkeypatch.setattr(door, "_function", lambda _verb: breach)
    assert door.main(["verify"]) == 1


def test_an_error_without_a_message_is_named_by_its_type() -> None:
    assert door.sentence(FileNotFoundError()) == "FileNotFoundError"
    assert door.sentence(ValueError("two\n  lines")) == "two lines"


def test_the_log_of_a_compiler_keeps_its_lines() -> None:
    log = "pip wheel ended with 1:\nerror[E0425]\n  --> src/lib.rs:1\n   |"
    assert door.sentence(OSError(log)) == log


def test_what_is_not_written_yet_and_what_a_room_reports_need_no_traceback() -> None:
    assert door.sentence(NotImplementedError("my_kernel: the oracle is not written yet")) is not None
    assert door.sentence(MeasurementError("benchmarks.pairing.worker ended with signal SIGKILL")) is not None
    assert door.sentence(RuntimeError("anything else")) is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "--processes", "0"], "processes"),
        (["report", "--run", "no_such_run"], "no_such_run"),
        (["dashboard", "--port", "65536"], "--port"),
        (["new", "my_kernel", "--root", "/no/such/checkout"], "root"),
    ],
)
def test_a_wrong_value_is_refused_at_once_and_named(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(arguments) == 2
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert named in message


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect() -> None:
        raise KeyError("median_s")

    monkeypatch.setattr(door, "_function", lambda _verb: defect)
    with pytest.raises(KeyError):
        door.main(["verify"])


def test_what_is_not_installed_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def verb() -> None:
        raise ModuleNotFoundError("No module named 'asv'", name="asv.config")

    monkeypatch.setattr(door, "_function", lambda _verb: verb)
    assert door.main(["run"]) == 2
    assert "asv is not installed" in capsys.readouterr().err


def test_the_reports_tables_lose_nothing_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    widest = ("temporal_median", "f32_73x480", "eo-processor", "28.3 ms*", "0.055× [0.053, 0.056]*")
    words = ("baseline", "faster", "slower", "no difference shown")
    lines = [Line(*widest, word, "0.0038", "yes, 0.50 ulp") for word in words]
    monkeypatch.setenv("COLUMNS", "80")
    report._show(lines, "calm.", Path("index.html"))
    rows = [row for row in capsys.readouterr().out.splitlines() if "eo-processor" in row]
    assert len(rows) == len(words)
    for row, word in zip(rows, words, strict=True):
        assert all(part in row for part in (*widest[2:], word.split()[0], "0.0038", "yes, 0.50 ulp"))


def test_info_shows_the_build_the_path_and_the_pins(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["info"]) == 0
    text = capsys.readouterr().out
    assert "simd" in text.lower()
    assert "pins (requirements.lock)" in text
    assert "asv_runner" in text
