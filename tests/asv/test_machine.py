"""One machine has one name: what is refused, and what plain asv takes in this checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.asv import machine, runner
from benchmarks.environment import wheel
from benchmarks.runs import history as commits_of
from lab import __main__ as door

ROOT = Path(__file__).resolve().parents[2]
WRONG = [
    "lab/box",
    "..",
    ".",
    "--help",
    "",
    "my box",
    "box\n",
    "box\x1b[31m",
    "b\u00f6x",
    "x" * 65,
    "version",
    "benchmarks.json",
]
HERE = machine.Machine("box", "Linux", "x86_64", "a cpu", "2", "4 GiB")


@pytest.mark.parametrize("name", ["box", "amd-epyc-0.5of2cpu", "B_1.x", "7", "x" * 64])
def test_a_name_that_is_one_is_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("EOLAB_MACHINE", name)
    assert machine.this_machine().machine == name


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("verb", ["run", "history", "dashboard", "record"])
def test_a_name_that_is_none_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str, name: str
) -> None:
    """Nothing is built, asked of git, or started before that."""

    def too_late(*_: object, **__: object) -> None:
        pytest.fail("something was begun with a wrong name")

    monkeypatch.setattr(wheel, "build", too_late)
    monkeypatch.setattr(commits_of, "steps", too_late)
    monkeypatch.setattr(subprocess, "run", too_late)
    monkeypatch.setattr(subprocess, "Popen", too_late)
    monkeypatch.setenv("EOLAB_MACHINE", name)
    assert door.main([verb]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: EOLAB_MACHINE: was ")
    assert "letters, digits" in said
    assert "\x1b[31m" not in said


@pytest.mark.parametrize("name", WRONG)
def test_record_asks_the_same_of_its_argument(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert door.main(["record", f"--machine={name}"]) == 2
    assert capsys.readouterr().err.startswith("error: machine: was ")


def test_a_made_name_is_one_whatever_the_processor_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EOLAB_MACHINE", raising=False)
    for model in ("A (R) Very Long Name of a Processor " * 4, "…", "Intel(R) Xeon(R) Processor"):
        monkeypatch.setattr(machine.provenance, "cpu_model", lambda model=model: model)
        assert machine.ACCEPTED.fullmatch(machine.this_machine().machine)


def test_asvs_list_of_machines_keeps_what_others_have_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".asv-machine.json"
    assert machine.ensure_machine(HERE) == ""
    assert json.loads(path.read_text()) == {"version": 1, "box": {**vars(HERE)}}
    other = {"machine": "host", "num_cpu": "7"}
    path.write_text(json.dumps({"version": 1, "host": other, "box": {"machine": "box"}}))
    assert machine.ensure_machine(HERE) == ""
    assert json.loads(path.read_text()) == {"version": 1, "host": other, "box": {**vars(HERE)}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with one commit and one benchmark, and the lab's own configuration and plugin."""
    made = tmp_path / "checkout"
    for folder in ("benchmarks", "inputs"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__", "data", "golden"))
    (made / "suite").mkdir()
    (made / "suite" / "__init__.py").write_text("def track_one():\n    return 1\n")
    text = (ROOT / "asv.conf.json").read_text().replace('"benchmark_dir": "benchmarks"', '"benchmark_dir": "suite"')
    (made / "asv.conf.json").write_text(text)
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-qb", "main"], ["add", "suite"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=made, check=True)
    return made


def asv(checkout: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != machine.NAMED_MACHINE}
    return subprocess.run(
        [sys.executable, "-m", "asv", *words], cwd=checkout, capture_output=True, text=True, check=False,
        env={**environment, "HOME": str(checkout.parent), **settings},
    )  # fmt: skip


RUN = ("run", "--python=same", "--set-commit-hash=HEAD", "--quick")


@pytest.mark.parametrize("named", ["bench-1", None])
def test_plain_asv_names_the_machine_as_the_lab_does(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    """Also where asv's list has an entry of the host's name, which it would take otherwise."""
    known = {name: {**vars(HERE), "machine": name} for name in (os.uname().nodename, "another")}
    (checkout.parent / ".asv-machine.json").write_text(json.dumps({"version": 1, **known}))
    settings = {} if named is None else {machine.NAMED_MACHINE: named}
    monkeypatch.delenv(machine.NAMED_MACHINE, raising=False)
    expected = named or machine.this_machine().machine
    done = asv(checkout, *RUN, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    results = checkout / ".asv" / "results"
    assert [path.parent.name for path in results.glob("*/machine.json")] == [expected]
    for words in (("show", "HEAD"), ("compare", "HEAD", "HEAD")):
        told = asv(checkout, *words, **settings)
        assert told.returncode == 0, told.stdout + told.stderr
    assert asv(checkout, *RUN, "--machine", "another", **settings).returncode == 0
    assert (results / "another" / "machine.json").is_file()


def test_plain_asv_names_its_cache_by_the_whole_path(tmp_path: Path) -> None:
    """Because asv builds and measures in directories of its own."""
    code = (
        "import os; from benchmarks.asv import plugin as asvplugin; asvplugin.setup(); print(os.environ['EOLAB_CACHE'])"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "EOLAB_CACHE": "own"}
    said = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    assert said.splitlines()[-1] == str(tmp_path / "own")


def test_plain_asv_refuses_a_name_that_is_none(checkout: Path) -> None:
    done = asv(checkout, *RUN, EOLAB_MACHINE="lab/box")
    assert done.returncode == 1
    assert "EOLAB_MACHINE: was 'lab/box'" in done.stdout + done.stderr
    assert not (checkout / ".asv" / "results").exists()


def test_the_configuration_of_the_labs_own_calls_has_no_plugin(tmp_path: Path) -> None:
    assert "plugins" not in json.loads(runner.configured(tmp_path / "part").read_text())
