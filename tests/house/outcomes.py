"""What must come out in an environment: a function does what a user does there, judges it, and says what happened."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from places import Place, Ran, Wrong, git, wait_until
from set_ups import UNREADABLE_RUNS, enlarge, the_second_user
from smoke import KERNEL, REPORT, RUN, VERIFY, good, refused, require_whole, runs, smoke

from benchmarks.environment import wheel
from benchmarks.environment.lock import TIMING

WAITING_S = 2.0
AT_ONCE_S = 5.0
NO_TIMES = re.compile(r"^Run .*$|\bin \d+(\.\d+)? s\b|\b\d+ (s|min|h|d)\b", re.MULTILINE)
"""What differs when the same is shown a moment later."""
NUMBER = re.compile(r"[^\s│┃]*\d[^\s│┃]*")
COLOUR = re.compile(rb"\x1b\[[0-9;]*?\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
HOLDER = """import sys
from benchmarks.environment.lock import one_at_a_time
with one_at_a_time():
    print("held", flush=True)
    sys.stdin.read()
"""
CACHE_TAG = "import sys; print(sys.implementation.cache_tag)"
STAND_IN = "a stand-in"

Outcome = Callable[[Place], str]


def complete(place: Place) -> str:
    """Require that verification, run and report are as anywhere else."""
    smoke(place)
    return "verified, run complete, report whole"


def in_the_caches_home(place: Place) -> str:
    """Require that without a home directory of the user's the cache of the checkout holds one."""
    home = place.checkout / ".cache" / "home"
    shutil.rmtree(home, ignore_errors=True)
    happened = complete(place)
    if not (home / ".asv-machine.json").is_file():
        raise Wrong("asv's list of machines is not in .cache/home")
    return f"{happened}; home is .cache/home"


def in_latin_1(place: Place) -> str:
    """Require that the terminal gets its own encoding, whatever files are in."""
    found = smoke(place)
    for ran in (found.verified, found.ran, found.reported):
        if b"\xc3\x97" in ran.output or b"\xe2\x80" in ran.output:
            raise Wrong("UTF-8 was written to a terminal of Latin-1", ran)
    return "report whole, in UTF-8; the terminal gets Latin-1"


def in_ascii(place: Place) -> str:
    """Require that a terminal which knows ASCII alone gets nothing else."""
    found = smoke(place)
    for ran in (found.verified, found.ran, found.reported):
        if not ran.output.isascii():
            raise Wrong("what was written is not ASCII", ran)
    return "report whole, in UTF-8; the terminal gets ASCII"


def numbers_whole(place: Place) -> str:
    """Require that every number which a wide terminal shows is there in a narrow one, whole."""
    smoke(place)
    wide, narrow = place.having(COLUMNS="200"), place
    for verb in (VERIFY, REPORT, ("runs",)):
        shown = [good(one.lab(*verb)) for one in (wide, narrow)]
        wanted, found = (NUMBER.findall(NO_TIMES.sub("", ran.text)) for ran in shown)
        if lost := sorted(set(wanted) - set(found)):
            raise Wrong(f"lab {verb[0]} does not show {', '.join(lost[:6])}", shown[1])
    return "run complete; every number is whole"


def no_colour(place: Place) -> str:
    """Require that nothing on a terminal has a colour, errors included; without NO_COLOR there is one."""
    coloured = place.having(NO_COLOR=None)
    if not COLOUR.search(coloured.on_a_terminal("verify", "none_such").output):
        raise Wrong("there is no colour to be gone", coloured.ran[-1])
    for verb, code in ((("verify", "none_such"), 2), (("runs",), 0), (VERIFY, 0)):
        if COLOUR.search(good(place.on_a_terminal(*verb), code).output):
            raise Wrong("there is a colour", place.ran[-1])
    return "nothing on the terminal has a colour"


def commit_untouched(place: Place) -> str:
    """Require that the commit which is being made, and the branch, are as they were."""
    asked = (("rev-parse", "HEAD"), ("symbolic-ref", "HEAD"), ("write-tree",), ("status", "--porcelain"))
    before = [git(*one, where=place.checkout) for one in asked]
    smoke(place)
    after = [git(*one, where=place.checkout) for one in asked]
    if before != after:
        raise Wrong(f"HEAD, branch, index and changes were {before} and are {after}")
    return "run complete; HEAD, branch and index as before"


def not_imported(place: Place) -> str:
    """Require that the other copy is imported by nothing, and that it is said."""
    found = smoke(place)
    if (place.scratch / "copy" / "eokernels" / "imported").exists():
        raise Wrong("the other copy was imported", found.verified)
    if "goes without PYTHONPATH" not in found.verified.text:
        raise Wrong("it is not said that PYTHONPATH does not count", found.verified)
    return "run complete, of the installed wheel"


def compiled(place: Place) -> str:
    """Require that Numba compiles, in verification and in the run."""
    good(place.lab("verify", KERNEL, "-i", "numba", "-d", "int16"))
    found = smoke(place)
    lines = (found.run_dir / f"{KERNEL}.start.jsonl").read_text(encoding="utf-8").splitlines()
    numba = next(line for line in map(json.loads, lines) if line["arm"] == "numba")
    if numba["compile_s"] is None or numba["compile_s"] < 0.1:
        raise Wrong(f"Numba compiled for {numba['compile_s']} s", found.ran)
    return f"run complete; Numba compiled, {numba['compile_s']:.1f} s"


def from_the_cache(place: Place) -> str:
    """Require that the run measures the installed wheel, and that none was built."""
    wheels = place.checkout / ".cache" / "wheels"
    before = {path.name for path in wheels.iterdir()}
    found = smoke(place)
    if built := {path.name for path in wheels.iterdir()} - before - {"build.lock"}:
        raise Wrong(f"a wheel was built: {', '.join(built)}", found.ran)
    plan = json.loads((found.run_dir / "plan.json").read_text(encoding="utf-8"))
    if plan["wheel_digest"] != wheel.installed_digest():
        raise Wrong("the wheel that was measured is not the one that is installed", found.ran)
    return "run complete, of the wheel from the cache"


def named_and_passed_over(place: Place) -> str:
    """Require that every file which cannot be read is named, and nothing is lost by it."""
    found = smoke(place)
    machines = place.home / ".asv-machine.json"
    if str(machines) not in found.ran.text or not machines.with_name(f"{machines.name}.unreadable").is_file():
        raise Wrong("asv's cut list of machines is not named, or not kept", found.ran)
    if not json.loads(machines.read_text()):
        raise Wrong("asv's list of machines does not begin anew", found.ran)
    listed = good(place.lab("runs"))
    if lost := [name for name in UNREADABLE_RUNS if not re.search(f"{name}: .*(empty|cut)", listed.text)]:
        raise Wrong(f"lab runs does not say what is wrong with {', '.join(lost)}", listed)
    return "run complete; the files are named, and passed over"


def resumed(place: Place) -> str:
    """Require a sentence when the disk is full, and a whole run when there is room again."""
    refused(place.lab(*RUN), "no space left", "--resume")
    (begun,) = runs(place)
    enlarge(begun.parent)
    require_whole(begun, good(place.lab(*RUN, "--resume")))
    if runs(place) != [begun]:
        raise Wrong("another run was begun", place.ran[-1])
    return "“no space left on …”, 2; then --resume: complete"


def the_second_is_let_in(first: Place) -> str:
    """Require that a second user measures after a first one who lets nobody read his files."""
    happened = complete(first)
    second = the_second_user(first)
    good(second.lab("time", KERNEL, "--case", "f32_64", "-i", "rust", "--processes", "1"))
    lock = first.scratch / "tmp" / TIMING
    if lock.stat().st_uid != os.getuid():
        raise Wrong(f"the first user does not own {lock}", second.ran[-1])
    return f"{happened}; then the second user measures"


def waits(place: Place) -> str:
    """Require that a run waits for who holds the machine's lock, and measures when he is done."""
    other = place.having(TMPDIR=str(place.scratch / "other"))
    (place.scratch / "other").mkdir()
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=other.checkout, env=other.environment(), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert held.stdin is not None
    assert held.stdout is not None
    held.stdout.readline()
    before = set(runs(place))
    running = place.start(place.python, "-m", "lab", *RUN)
    wait_until(lambda: running.poll() is not None or bool(_locks(running.pid)))
    same = _locks(running.pid) == _locks(held.pid)
    time.sleep(WAITING_S)
    measuring = [path for folder in set(runs(place)) - before for path in folder.glob("jobs/*")]
    held.stdin.close()
    if measuring or not same:
        os.killpg(running.pid, signal.SIGKILL)
    output, _ = running.communicate()
    ran = Ran(("lab", *RUN), running.returncode, output)
    if measuring or not same:
        raise Wrong("it measures while another holds the machine's lock", ran)
    good(ran)
    return "the run waits for the holder, then is complete"


def _locks(pid: int) -> set[str]:
    """Return the machine's locks that a process, or one below it, has open: held or waited for."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return {file.path for one in family for file in one.open_files() if Path(file.path).name == TIMING}
    except psutil.Error:
        return set()


def says_at_once(place: Place) -> str:
    """Require a sentence without delay where there is no commit to be measured."""
    began = time.monotonic()
    said = refused(place.lab(*RUN), "is no checkout")
    made = place.run("make", "report")
    if made.code != 2 or "error: this directory is no git checkout" not in made.text:
        raise Wrong("make report does not say that there is no checkout", made)
    if time.monotonic() - began > AT_ONCE_S:
        raise Wrong(f"it took {time.monotonic() - began:.0f} s to say so", made)
    if list(place.checkout.glob(".venv")):
        raise Wrong("an environment was made for nothing", made)
    return f"“… {said.split(' ', 3)[-1][:38]}…”, 2; make: 2"


def shallowness_named(place: Place) -> str:
    """Require that HEAD can be measured, and that a history names what the clone lacks and how it is got."""
    smoke(place)
    refused(place.lab("history", KERNEL, "--case", "f32_64", "--processes", "1"), "shallow", "git fetch --unshallow")
    return "run complete; history: “… git fetch --unshallow”, 2"


def with_a_dashboard(place: Place) -> str:
    """Require a run and the dashboard without a branch called main."""
    smoke(place)
    shown = good(place.lab("dashboard", "--no-serve"))
    if not (place.checkout / ".asv" / "html" / "index.html").is_file():
        raise Wrong("there is no page", shown)
    return "run complete, dashboard written"


def made_anew(place: Place) -> str:
    """Require that `make` with another Python makes the environment anew, and only then."""
    python, what = other_python(place)
    environment = place.checkout / ".venv"
    good(place.run("make", ".venv/.python"))
    if not (environment / "old").exists():
        raise Wrong("the environment was made anew without need", place.ran[-1])
    made = good(place.run("make", f"PYTHON={python}", ".venv/.python"))
    if (environment / "old").exists():
        raise Wrong("the environment is the old one", made)
    asked = good(place.run(str(environment / "bin" / "python"), "-c", CACHE_TAG))
    if what not in (asked.text.strip(), STAND_IN):
        raise Wrong("the environment is of the old Python", asked)
    return f"made anew by {what}"


def other_python(place: Place) -> tuple[str, str]:
    """Return another Python than this one, and what it is; where there is none, a script that says it is one."""
    found = [shutil.which(f"python3.{minor}") or "" for minor in range(11, 30)]
    versions = Path(place.environment().get("PYENV_ROOT", "/nonexistent")) / "versions"
    found += map(str, sorted(versions.glob("3.1[1-9]*/bin/python3")))
    for python in filter(None, found):
        asked = place.run(python, "-c", f"import venv, ensurepip; {CACHE_TAG}")
        if asked.code == 0 and asked.text.strip() != sys.implementation.cache_tag:
            return python, asked.text.strip()
    stand_in = place.scratch / "python"
    answer = 'case "$*" in *cache_tag*) echo cpython-399; exit;; esac'
    stand_in.write_text(f'#!/bin/sh\n{answer}\nexec "{sys.executable}" "$@"\n')
    stand_in.chmod(0o755)
    return str(stand_in), STAND_IN
