"""Git as users have it: changes that git is told to hide, shallow clones, other branches, commits that are gone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from asv.config import Config
from synthetic_run import COMMIT, TWO, Writer, write_asv

from benchmarks import registry
from benchmarks.asv import runner
from benchmarks.environment import checkout
from benchmarks.registry import KERNELS
from benchmarks.runs import history, planning
from benchmarks.spec import Kernel
from lab import __main__ as door
from lab import dashboard, histories, report
from reports.read import load, uncommitted
from reports.read.uncommitted import Uncommitted
from reports.stats.summary import summarise
from reports.write import render, splice
from reports.write.chapters import groups

IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
FILES = {
    "kernels_rs/src/lib.rs": "// one",
    "reference_py/eokernels/__init__.py": "",
    "benchmarks/pairing/conductor.py": "BLOCKS = 5",
    "reports/record/kept.csv": "a",
    ".gitignore": "__pycache__/\n/kernels_rs/target/\n*.so\n",
}


class Repository:
    """A small checkout that the lab takes for its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=trunk")
        for name, text in FILES.items():
            self.write(name, text)
        self.first = self.commit("first")

    def git(self, *arguments: str) -> str:
        command = ["git", *IDENTITY, *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str, *arguments: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, *arguments)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "lab")
    for module in (checkout, runner):
        monkeypatch.setattr(module, "ROOT", made.root)
    return made


def shallow(of: Repository, monkeypatch: pytest.MonkeyPatch, depth: int = 1) -> Path:
    clone = of.root.with_name(f"shallow-{depth}")
    of.git("clone", "--quiet", f"--depth={depth}", f"file://{of.root}", str(clone))
    monkeypatch.setattr(checkout, "ROOT", clone)
    return clone


# What differs from the commit


def test_a_checkout_as_committed_and_what_tools_leave_in_it_are_no_change(repository: Repository) -> None:
    for name in ("kernels_rs/target/release/x.o", "benchmarks/__pycache__/a.pyc", "reference_py/eokernels/_rust.so"):
        repository.write(name, "x")
    repository.write("reports/record/new.csv", "what `lab record` wrote")
    repository.write("README.md", "a paper")
    checkout.require_clean()
    assert not checkout.changed(checkout.JUDGING)


@pytest.mark.parametrize(
    "name", [".cargo/config.toml", "rust-toolchain", "kernels_rs/.cargo/config.toml", "kernels_rs/build.rs"]
)
@pytest.mark.parametrize("hidden", ["", "status.showUntrackedFiles", "core.excludesFile", "exclude"])
def test_what_git_does_not_track_is_seen_before_the_build(
    repository: Repository, tmp_path: Path, name: str, hidden: str
) -> None:
    repository.write(name, "[build]\nrustflags = []\n")
    ignoring = tmp_path / "ignored"
    ignoring.write_text(".cargo\nrust-toolchain\nbuild.rs\n")
    if hidden == "status.showUntrackedFiles":
        repository.git("config", hidden, "no")
    elif hidden == "core.excludesFile":
        repository.git("config", hidden, str(ignoring))
    elif hidden:
        repository.write(".git/info/exclude", ignoring.read_text())
    with pytest.raises(ValueError, match=Path(name).parts[0]):
        checkout.require_clean()


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_a_mark_in_the_index_hides_is_seen(repository: Repository, mark: str) -> None:
    for name in ("kernels_rs/src/lib.rs", "benchmarks/pairing/conductor.py"):
        repository.git("update-index", mark, name)
    checkout.require_clean()
    repository.write("kernels_rs/src/lib.rs", "// two")
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 1")
    assert not repository.git("status", "--porcelain")
    with pytest.raises(ValueError, match=r"kernels_rs/src/lib\.rs differ from HEAD"):
        checkout.require_clean()
    assert list(checkout.changed(checkout.JUDGING)) == ["benchmarks/pairing/conductor.py"]


@pytest.mark.parametrize("staged", [True, False])
def test_edits_and_removals_are_seen_staged_or_not(repository: Repository, staged: bool) -> None:
    repository.write("kernels_rs/src/lib.rs", "// two")
    (repository.root / "reference_py/eokernels/__init__.py").unlink()
    if staged:
        repository.git("add", "--all")
    assert list(checkout.changed(checkout.MEASURED)) == ["kernels_rs/src/lib.rs", "reference_py/eokernels/__init__.py"]
    assert bool(repository.git("diff", "--cached", "--name-only")) == staged, "the user's index was touched"


# What a run notes, and where it is said


def noted(run_dir: Path) -> Uncommitted:
    return uncommitted.of_run(run_dir, {})


def test_a_run_notes_what_was_changed_when_it_began_and_what_changed_on_the_way(
    repository: Repository, tmp_path: Path
) -> None:
    checkout.note(tmp_path)
    assert noted(tmp_path) == Uncommitted()
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 1")
    checkout.note(tmp_path)
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 5")
    checkout.note(tmp_path)
    assert noted(tmp_path) == Uncommitted(("benchmarks/pairing/conductor.py",), ("benchmarks/pairing/conductor.py",))


def test_a_change_that_was_there_all_the_time_is_told_from_one_during_the_run(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("lab/new.py", "")
    checkout.note(tmp_path)
    checkout.note(tmp_path)
    assert noted(tmp_path) == Uncommitted(("lab/new.py",))
    repository.write("lab/new.py", "more")
    checkout.note(tmp_path)
    assert noted(tmp_path) == Uncommitted(("lab/new.py",), ("lab/new.py",))


def test_a_commit_during_a_run_is_a_change_during_it(repository: Repository, tmp_path: Path) -> None:
    checkout.note(tmp_path)
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 1")
    repository.commit("second")
    checkout.note(tmp_path)
    assert noted(tmp_path).during == ("benchmarks/pairing/conductor.py",)


def test_a_commit_while_a_run_waited_for_another_is_noted(repository: Repository, tmp_path: Path) -> None:
    """It measures the commit that was planned, with a harness that is no longer that commit's."""
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 1")
    repository.commit("second")
    checkout.note(tmp_path, repository.first)
    assert noted(tmp_path) == Uncommitted(("benchmarks/pairing/conductor.py",))


@pytest.mark.parametrize("left", [".latest-a1b2c3d4", ".latest-old-a1b2c3d4"])
def test_a_report_that_is_being_written_or_was_cut_off_is_no_change_of_the_lab(
    repository: Repository, left: str
) -> None:
    repository.write(f"reports/{left}/index.html", "half")
    assert checkout.changed(checkout.JUDGING) == {}


def test_signatures_that_git_is_told_to_show_are_not_taken_for_commits(repository: Repository, tmp_path: Path) -> None:
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\necho gpg: Good signature >&2\necho '[GNUPG:] GOODSIG 0 a'\n")
    program.chmod(0o755)
    repository.git("config", "gpg.program", str(program))
    repository.git("config", "log.showSignature", "true")
    signature = "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n a\n -----END PGP SIGNATURE-----\n\n"
    raw = repository.git("cat-file", "commit", "HEAD").replace("\n\n", signature, 1)
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
    made = subprocess.run(
        command, input=raw + "\n", cwd=repository.root, capture_output=True, text=True, check=True
    ).stdout.strip()
    repository.git("reset", "--quiet", "--hard", made)
    assert repository.git("log", "-1", "--format=%H") != made, "git shows no signature here"
    assert history.commit("HEAD").commit == made
    assert [step.commit for step in history.steps(1)] == [made]


def test_the_list_in_the_receipt_of_an_old_run_counts(tmp_path: Path) -> None:
    receipt = {
        "lab": {"changed_files": [" M benchmarks/pairing/conductor.py", "?? notes.txt", " M reports/record/a.csv"]}
    }
    assert uncommitted.of_run(tmp_path, receipt) == Uncommitted(("benchmarks/pairing/conductor.py",))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    return Writer(tmp_path_factory.mktemp("run"), tier="smoke").write()


def test_a_receipt_ends_with_a_note(repository: Repository, tmp_path: Path) -> None:
    repository.write("inputs/synthetic/scenes.py", "SEED = 2")
    planning.write_receipt(tmp_path, [])
    assert noted(tmp_path).measuring == ("inputs/synthetic/scenes.py",)


def test_uncommitted_changes_are_said_in_the_page_the_markdown_and_the_summary(tmp_path: Path) -> None:
    writer = Writer(tmp_path, tier="smoke").write()
    line = {"time": "now", "commit": COMMIT, "changed": {"benchmarks/pairing/conductor.py": "abc"}}
    (writer.directory / checkout.NOTES).write_text(json.dumps(line) + "\n")
    run = writer.read()
    summary = summarise(run, TWO)
    said = "Uncommitted changes: measured with benchmarks/pairing/conductor.py; nobody else can repeat these numbers"
    assert render.summary_json(summary)["uncommitted"]["measuring"] == ["benchmarks/pairing/conductor.py"]
    found = groups(summary, TWO)
    assert said in render.page(run, summary, found)
    assert said in render.markdown(run, summary, found, TWO)
    clean = replace(run, uncommitted=Uncommitted())
    assert "Uncommitted" not in render.markdown(clean, summarise(clean, TWO), found, TWO)


def reported(
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changed: tuple[str, ...] = (),
    kernels: Mapping[str, Kernel] = TWO,
) -> tuple[int, str]:
    """Make the report of a run with ``--readme``, and return the exit code and what the README says then."""
    (tmp_path / "README.md").write_text(f"{splice.BEGIN}\nold\n{splice.END}\n")
    monkeypatch.setattr(planning, "RUNS", writer.root / "runs")
    monkeypatch.setattr(planning, "ASV_RESULTS", writer.asv_results)
    monkeypatch.setattr(registry, "KERNELS", kernels)
    monkeypatch.setattr(report, "REPO", tmp_path)
    monkeypatch.setattr(uncommitted, "now", lambda: changed)
    code = door.main(["report", "--out", str(tmp_path / "out"), "--readme"])
    return code, (tmp_path / "README.md").read_text()


def test_the_readme_takes_a_whole_run_as_committed(
    whole: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = reported(whole, monkeypatch, tmp_path)
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "old" not in text
    assert "ncommitted" not in captured.out


def test_the_readme_refuses_a_report_with_changes_and_the_table_says_so(
    whole: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, text = reported(whole, monkeypatch, tmp_path, changed=("reports/write/tables.py",))
    captured = capsys.readouterr()
    assert code == 2
    assert "old" in text
    assert "readme: Uncommitted changes: reported with reports/write/tables.py" in captured.err
    assert "normalized_difference at f32_2048, with uncommitted changes" in captured.out
    assert "Uncommitted changes: reported with reports/write/tables.py" in captured.out
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["uncommitted"]["reporting"] == ["reports/write/tables.py"]


def test_the_readme_refuses_a_run_that_lacks_kernels_and_names_them(
    whole: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = reported(whole, monkeypatch, tmp_path, kernels={**KERNELS, **TWO})
    assert code == 2
    assert "old" in text
    said = capsys.readouterr().err
    assert all(name in said for name in KERNELS if name not in TWO)
    assert "lacks" in said


# Shallow clones


def test_a_shallow_clone_does_not_take_its_last_commit_for_a_change(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("kernels_rs/src/lib.rs", "// two")
    second = repository.commit("second")
    repository.write("README.md", "a paper")
    repository.commit("third")
    assert [step.commit for step in history.steps(1)] == [second]
    shallow(repository, monkeypatch)
    with pytest.raises(ValueError, match=r"this clone is shallow.*git fetch --unshallow"):
        history.steps(1)
    with pytest.raises(OSError, match=r"shallow.*git fetch --unshallow"):
        history.commit(repository.first)
    shallow(repository, monkeypatch, depth=3)
    assert [step.commit for step in history.steps(2)] == [repository.first, second], "depth 3 is the whole"


def test_in_a_shallow_clone_steps_this_side_of_its_end_are_right(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("kernels_rs/src/lib.rs", "// two")
    repository.commit("second")
    repository.write("kernels_rs/src/lib.rs", "// three")
    third = repository.commit("third")
    shallow(repository, monkeypatch, depth=2)
    assert [step.commit for step in history.steps(1)] == [third]
    with pytest.raises(ValueError, match="shallow"):
        history.steps(2)
    with pytest.raises(ValueError, match="shallow"):
        history.steps(3)


# Branches


def test_the_branch_is_found_whatever_it_is_called(repository: Repository) -> None:
    assert checkout.branch() == "trunk"
    repository.git("checkout", "--quiet", "--detach")
    assert checkout.branch() == "trunk"
    repository.git("branch", "main")
    assert checkout.branch() == "main"
    repository.commit("on no branch")
    assert checkout.branch() == "HEAD"


@pytest.mark.parametrize("head", ["on a branch", "detached", "on no branch"])
def test_asv_publishes_what_was_measured_on_any_branch_or_none(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    if head != "on a branch":
        repository.git("checkout", "--quiet", "--detach")
    measured = repository.commit("measured") if head == "on no branch" else repository.first
    own = tmp_path / "own"
    path = write_asv(own, {"b.time_it": [[1.0], [], "1"]}, commit=measured)
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"params": {"machine": "testbench"}}))
    benchmark = {"code": "", "name": "b.time_it", "params": [], "param_names": [], "type": "time", "unit": "seconds"}
    (own / "benchmarks.json").write_text(json.dumps({"b.time_it": benchmark | {"version": "1"}, "version": 2}))
    (repository.root / "benchmarks").mkdir(exist_ok=True)
    monkeypatch.setattr(histories, "RECORD", tmp_path / "none")
    monkeypatch.setattr(dashboard, "MERGED", tmp_path / "merged")
    monkeypatch.setattr(history, "RESULTS", tmp_path / "none")
    monkeypatch.setattr(planning, "ASV_RESULTS", own)
    configuration = dashboard._merged()
    assert Config.load(str(configuration)).branches == [checkout.branch()]
    command = [sys.executable, "-m", "asv", "publish", "--config", str(configuration), "--no-pull"]
    subprocess.run([*command, "--html-dir", str(tmp_path / "html")], cwd=repository.root, check=True)
    drawn = list((tmp_path / "html" / "graphs").rglob("b.time_it.json"))
    assert drawn, "asv drew no series of the commit"


def test_the_dashboard_of_a_shallow_clone_says_what_mends_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit("second")
    write_asv(tmp_path / "own", {})
    (tmp_path / "own/benchmarks.json").write_text('{"version": 2}')
    monkeypatch.setattr(histories, "RECORD", tmp_path / "none")
    monkeypatch.setattr(dashboard, "MERGED", tmp_path / "merged")
    monkeypatch.setattr(history, "RESULTS", tmp_path / "none")
    monkeypatch.setattr(planning, "ASV_RESULTS", tmp_path / "own")
    dashboard._merged()
    said = capsys.readouterr().err
    assert "shallow" not in said
    assert "this repository lacks it" in said
    assert not list((tmp_path / "merged/results/testbench").glob("0*.json")), "asv would look for it, and complain"
    shallow(repository, monkeypatch)
    dashboard._merged()
    assert "git fetch --unshallow" in capsys.readouterr().err


# The record


def test_a_commit_that_is_gone_is_told_from_one_that_is_here(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = repository.commit("second")
    assert checkout.lost(second) == checkout.lost(repository.first) == ""
    amended = repository.commit("amended", "--amend")
    assert "on no branch" in checkout.lost(second)
    assert not checkout.lost(amended)
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    assert checkout.lost(second) == "this repository lacks it"
    shallow(repository, monkeypatch)
    assert "git fetch --unshallow" in checkout.lost(repository.first)


def recorded(writer: Writer, out: Path) -> int:
    return door.main(["record", "--machine", "testbench", "--out", str(out)])


@pytest.fixture
def measured(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Return a run of the repository's HEAD, and asv's results of it and of one that was amended away."""
    gone = repository.commit("amended away")
    kept = repository.commit("kept", "--amend")
    writer = Writer(tmp_path / "measured", tier="smoke").write()
    (path,) = writer.asv_results.glob("*/0*.json")
    content = json.loads(path.read_text())
    path.unlink()
    for commit in (gone, kept):
        write_asv(writer.asv_results, content["results"], commit=commit)
    directory = writer.directory
    plan = json.loads((directory / "plan.json").read_text())
    (directory / "plan.json").write_text(json.dumps(plan | {"commit": kept}))
    (directory.with_name("20261122-101400-gone")).mkdir()
    for file in directory.iterdir():
        (directory.with_name("20261122-101400-gone") / file.name).write_bytes(file.read_bytes())
    (directory.with_name("20261122-101400-gone") / "plan.json").write_text(json.dumps(plan | {"commit": gone}))
    monkeypatch.setattr(history, "RESULTS", writer.asv_results)
    monkeypatch.setattr(history, "RUNS", writer.root / "runs")
    return writer


def test_a_commit_that_was_amended_away_is_left_out_of_the_record_by_name(
    repository: Repository, measured: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = repository.git("rev-parse", "HEAD@{1}")
    assert recorded(measured, tmp_path / "record") == 0, capsys.readouterr().err
    captured = capsys.readouterr()
    assert f"left out: commit {gone[:8]}: it is on no branch" in captured.err
    (path,) = (tmp_path / "record/asv/testbench").glob("[0-9a-f]*-*.json")
    assert path.name.startswith(repository.git("rev-parse", "HEAD")[:8])
    (rows,) = (tmp_path / "record").glob("*-testbench.csv")
    assert gone not in rows.read_text()


def test_the_record_refuses_what_was_measured_with_uncommitted_changes(
    repository: Repository, measured: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("benchmarks/pairing/conductor.py", "BLOCKS = 1")
    assert recorded(measured, tmp_path / "record") == 2
    assert "reported with benchmarks/pairing/conductor.py" in capsys.readouterr().err
    checkout.note(measured.directory)
    repository.git("checkout", "--quiet", "benchmarks/pairing/conductor.py")
    assert recorded(measured, tmp_path / "record") == 2
    assert "measured with benchmarks/pairing/conductor.py" in (said := capsys.readouterr().err)
    assert "lab history --again --commit" in said
    assert not (tmp_path / "record").exists()


def test_a_run_is_read_with_its_notes(whole: Writer) -> None:
    assert load.read_run(whole.directory, TWO).uncommitted == Uncommitted()
