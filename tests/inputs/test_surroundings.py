"""What a caller's environment may do to the lab: nothing that changes what is measured or judged."""

from __future__ import annotations

import ast
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from asv.util import interpolate_command

from benchmarks import ROOT
from benchmarks.asv import runner
from benchmarks.environment import cargo, checkout, process
from inputs.host import surroundings
from inputs.host.cache import cache_dir

POISON = {
    **dict.fromkeys(("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"), "/elsewhere"),
    **dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "ASV_PYTHONPATH", "LD_PRELOAD"), "/elsewhere"),
    **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PYO3_PYTHON", "CARGO_BUILD_TARGET"), "/elsewhere"),
    "PYTHONOPTIMIZE": "2",
    "PYTHONMALLOC": "debug",
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_OPT": "0",
    "NUMBA_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "prescott",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "EOKERNELS_SIMD": "baseline",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "RUSTFLAGS": "-C target-cpu=native",
    "RUSTC_WRAPPER": "wrapped",
    "RUSTC": "another",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_ENCODED_RUSTFLAGS": "-Copt-level=0",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "-C target-cpu=native",
    "MATURIN_PEP517_ARGS": "--profile dev",
    "PIP_CONFIG_SETTINGS": "build-args=--profile dev",
}
NEEDED = {
    "PATH": "/usr/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TMPDIR": "/tmp",
    "https_proxy": "http://proxy",
    "NO_PROXY": "localhost",
    "SSL_CERT_FILE": "/c",
    "REQUESTS_CA_BUNDLE": "/c",
    "CARGO_HOME": "/c",
    "CARGO_HTTP_CAINFO": "/c",
    "RUSTUP_HOME": "/r",
    "RUSTUP_TOOLCHAIN": "stable",
    "XDG_CACHE_HOME": "/x",
    "EOLAB_CACHE": "/e",
    "CI": "true",
    "GIT_CONFIG_GLOBAL": "/g",
}
FOR_PIP = {"PIP_INDEX_URL": "http://mirror", "PIP_CERT": "/c", "PIP_FIND_LINKS": "/wheels"}
MAKERS = {
    "tools": lambda tmp: surroundings.tools(),
    "asv": runner.environment,
    "measured": lambda tmp: process.environment(tmp, "abc", os.environ),
    "cargo": lambda tmp: cargo.environment(ROOT, tmp),
}
STARTERS = {
    "run",
    "Popen",
    "call",
    "check_call",
    "check_output",
    "system",
    "popen",
    "execve",
    "execv",
    "execvp",
    "spawnv",
    "Kept",
}
ALLOWED = {"surroundings.tools", "environment", "cargo.environment"}
PASSING_ON = {ROOT / "benchmarks" / "environment" / name for name in ("keeper.py", "linking.py")}
"""They pass on what they were started with: whoever starts something through the first is asked, and the second stands
in for the linker, which a build of the lab calls."""


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set everything that harms and everything that is needed."""
    for name, value in (POISON | NEEDED | FOR_PIP).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("caller")
@pytest.mark.parametrize("maker", MAKERS)
def test_what_harms_reaches_no_process_and_what_is_needed_does(maker: str, tmp_path: Path) -> None:
    found = MAKERS[maker](tmp_path)
    assert not {name for name, value in POISON.items() if found.get(name) == value}
    lost = {name for name, value in NEEDED.items() if found.get(name) != value}
    assert lost <= {"PATH"}
    assert found["PATH"].endswith(NEEDED["PATH"])
    if maker != "cargo":
        assert not {name for name, value in FOR_PIP.items() if found.get(name) != value}


def starts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the environment of every process that a module starts; empty is that of the caller."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for scope in (one for one in ast.walk(module) if isinstance(one, (ast.FunctionDef, ast.Module))):
        made = {
            name.id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            for name in node.targets
            if isinstance(name, ast.Name)
        }
        for node in _directly_in(scope):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STARTERS):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in {"subprocess", "os", "keeper"}):
                continue
            given = next((keyword.value for keyword in node.keywords if keyword.arg == "env"), None)
            yield node.lineno, _beginning(made.get(given.id) if isinstance(given, ast.Name) else given)


def _directly_in(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function or a module holds, without what the functions in it hold."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef):
            yield from _directly_in(node)


def _beginning(environment: ast.expr | None) -> str:
    """Return what an environment is made from: ``{**tools(), "A": "b"}`` begins with ``tools()``."""
    if isinstance(environment, ast.Dict) and environment.keys[:1] == [None]:
        environment = environment.values[0]
    return ast.unparse(environment) if environment is not None else ""


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("subprocess.run(x)", ""),
        ("subprocess.run(x, env=os.environ)", "os.environ"),
        ("def f():\n    made = {**os.environ}\n    subprocess.run(x, env=made)", "os.environ"),
        ("def f():\n    made = {**tools(), 'A': '1'}\n    os.execve(x, y, env=made)", "tools()"),
        ("def f():\n    def g(made):\n        subprocess.run(x, env=made)\n    made = tools()", ""),
    ],
)
def test_the_environment_of_a_start_is_traced_to_what_it_is_made_from(written: str, found: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(written, encoding="utf-8")
    assert [environment for _, environment in starts(module)] == [found]


def test_every_process_is_started_in_an_environment_of_the_list() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", environment)
        for room in ("inputs", "benchmarks", "reports", "lab")
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, environment in starts(path)
        if path not in PASSING_ON | {Path(surroundings.__file__)}
    ]
    assert len(found) > 8
    wrong = [f"{where}: env={given or 'the caller’s'}" for where, given in found if given.split("(")[0] not in ALLOWED]
    assert not wrong, "these pass on what the caller has; use inputs.host.surroundings.tools:\n" + "\n".join(wrong)


def test_nothing_starts_processes_past_subprocess() -> None:
    modules = [p for room in ("inputs", "benchmarks", "reports", "lab") for p in (ROOT / room).rglob("*.py")]
    direct = ("from subprocess import", "posix_spawn", "asyncio.create_subprocess", "pty.spawn", "os.fork")
    wrong = [f"{p.relative_to(ROOT)}: {word}" for p in modules for word in direct if word in p.read_text("utf-8")]
    assert not wrong


def test_the_repository_of_a_git_hook_is_not_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert Path(checkout.git("rev-parse", "--show-toplevel")).resolve() == ROOT


def test_a_tarball_is_not_taken_for_the_repository_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "tarball").mkdir()
    monkeypatch.setattr(checkout, "ROOT", tmp_path / "tarball")
    with pytest.raises(OSError, match="is no checkout"):
        checkout.git("status", "--porcelain")


# The lab's own process


def test_the_lab_drops_what_changes_its_verdicts_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    own = {"PATH": "/p", "HOME": "/tmp", "NUMBA_DISABLE_JIT": "1", "EOKERNELS_SIMD": "avx2", "AWS_REGION": "x"}
    own |= {"PYTHONUNBUFFERED": "1", "CARGO_TARGET_DIR": "/t"}
    surroundings.enter(own)
    assert own.keys() == {"PATH", "HOME", "USER", "LOGNAME", "PYTHONUNBUFFERED"}
    said = capsys.readouterr().err
    assert said == "note: the lab goes without EOKERNELS_SIMD, NUMBA_DISABLE_JIT, which would change what it judges\n"
    surroundings.enter(own)
    assert not capsys.readouterr().err


def test_another_copy_on_the_path_is_not_what_the_lab_judges(tmp_path: Path) -> None:
    other = tmp_path / "eokernels"
    other.mkdir()
    (other / "__init__.py").write_text("__version__ = 'another copy'\ndef build_info(): return {}\n")
    command = [sys.executable, "-m", "lab", "info"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "another copy" not in done.stdout
    assert "PYTHONPATH" in done.stderr


def test_the_lab_is_still_found_from_another_directory(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONOPTIMIZE": "1"}
    command = [sys.executable, "-m", "lab", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_a_copy_that_would_be_imported_is_not_the_installed_wheel(tmp_path: Path) -> None:
    other = tmp_path / "eokernels"
    other.mkdir()
    (other / "__init__.py").write_text("")
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; from benchmarks.environment import wheel; "
        "print(repr(wheel.installed_digest()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.check_output(command, cwd=ROOT, text=True).strip() == "''"
    assert len(subprocess.check_output(command[:-1], cwd=ROOT, text=True).strip()) == 66


@pytest.mark.parametrize("maker", MAKERS)
def test_a_cache_named_by_a_short_path_is_the_same_one_for_every_process(
    maker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the lab starts runs in other directories, and may have another home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in ("own", "./own", "~/own", str(tmp_path / "own")):
        monkeypatch.setenv("EOLAB_CACHE", named)
        assert MAKERS[maker](tmp_path)["EOLAB_CACHE"] == str(tmp_path / "own") == str(cache_dir())


@pytest.mark.parametrize("verb", ["verify", "run", "try"])
def test_a_file_that_numba_obeys_is_refused_where_the_lab_would_run(verb: str, tmp_path: Path) -> None:
    """With ``disable_jit: 1`` in it a verification takes hours, and its verdict is on an interpreter."""
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "lab", verb, "no-such-kernel"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"error: {tmp_path}/.numba_config.yaml would tell Numba" in done.stderr


# Somebody without a home or a name


@pytest.mark.parametrize("home", [None, "/dev/null", "/nonexistent"])
def test_without_a_home_that_can_be_written_to_the_cache_holds_one(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(number: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path))
    found = surroundings.tools({} if home is None else {"HOME": home})
    assert found["HOME"] == str(tmp_path / "home")
    assert Path(found["HOME"]).is_dir()
    assert found["USER"] == found["LOGNAME"] == f"uid-{os.getuid()}"


def test_a_toolchain_in_a_home_that_cannot_be_written_to_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "home/.rustup").mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = surroundings.tools({"HOME": str(tmp_path / "home")})
    assert found["RUSTUP_HOME"] == str(tmp_path / "home/.rustup")
    assert found["HOME"] == str(tmp_path / "cache/home")


# A path with spaces


def test_pip_reads_the_lock_at_a_path_with_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "a b ü"
    root.mkdir()
    (root / "requirements.lock").write_text("no pin at all\n")
    monkeypatch.setattr(runner, "ROOT", root)
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "nothing"]
    done = subprocess.run(
        command, env=runner.environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Invalid requirement: 'no pin at all'" in done.stderr, "the lock was not read"


def test_asv_finds_our_commands_at_a_path_with_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json  # noqa: PLC0415

    root = tmp_path / "a 'b' {ü}"
    monkeypatch.setattr(runner, "ROOT", root)
    own = json.loads(runner.configured(tmp_path / "own").read_text(encoding="utf-8"))
    paths = {"build_dir": "/b", "build_cache_dir": "/c", "env_dir": "/e f", "wheel_file": "/w"}
    commands = [interpolate_command(line, paths) for name in ("build_command", "install_command") for line in own[name]]
    assert commands[0][0] == ["python", "-P", f"{root}/benchmarks/environment/wheel.py", "/b", "/c"]
    assert commands[2][0] == ["python", "-P", f"{root}/benchmarks/peers/build.py", "--cached"]
    assert commands[2][3] == "/e f"


@pytest.mark.slow
def test_a_run_from_a_git_hook_leaves_the_commit_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "a b ü"
    monkeypatch.setenv("EOLAB_CACHE", str(cache_dir()))
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    hook, log = clone / ".git/hooks/pre-commit", tmp_path / "log"
    arguments = "--case f32_256 --processes 1 normalized_difference"
    hook.write_text(f"#!/bin/sh\n'{sys.executable}' -m lab run {arguments} > '{log}' 2>&1\n")
    hook.chmod(0o755)
    (clone / "docs/try.md").write_text("changed\n")

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *identity, *arguments], cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}{log.read_text() if log.is_file() else ''}"
        return done.stdout.strip()

    git("checkout", "--quiet", "-B", "main")
    git("commit", "--quiet", "--all", "--message", "a change of a paper")
    assert "complete" in log.read_text()
    assert git("show", "--name-only", "--format=%s") == "a change of a paper\n\ndocs/try.md"
    assert git("symbolic-ref", "--short", "HEAD") == "main"
    assert not git("status", "--porcelain")
