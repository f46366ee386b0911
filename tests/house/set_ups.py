"""How each environment is made: a context for a place, which is left as if nothing had been."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from places import Place, Unfit, git

from benchmarks.asv import machine
from inputs.host import surroundings
from inputs.host.cache import cache_dir

SetUp = Callable[[Place], AbstractContextManager[Place]]
LONG_PATH = 140
NAMELESS = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
"""Makes the same user one without a name and without rights of an administrator."""
BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Takes from an administrator that permissions do not count for him."""
OTHER_COPY = """from pathlib import Path
Path(__file__).with_name("imported").touch()
raise SystemExit("another copy was imported")
"""
CUT = '{"version": 2, "commit_hash": "abc'
UNREADABLE_RUNS = {"20200101-000000-aaaaaaaa": "", "20200101-000001-bbbbbbbb": CUT}
SMALL, LARGE = 2**20 + 24 * 1024, 2**26
"""Bytes of a disk on which a run can begin and not end, and of one that has room."""


@contextmanager
def as_it_is(place: Place) -> Iterator[Place]:
    """Change nothing besides variables."""
    yield place


@contextmanager
def a_path_with_spaces(place: Place) -> Iterator[Place]:
    """Clone to a path that holds spaces and an umlaut."""
    yield replace(place, checkout=place.workshop.clone(place.scratch / "mein Prüf stand"))


@contextmanager
def a_clone(place: Place) -> Iterator[Place]:
    """Clone, so that what is left behind is no matter."""
    yield replace(place, checkout=place.workshop.clone(place.scratch / "clone"))


@contextmanager
def a_long_tmpdir(place: Place) -> Iterator[Place]:
    """Have temporary files at a long path."""
    folder = place.scratch / ("t" * max(1, LONG_PATH - len(f"{place.scratch}/")))
    folder.mkdir()
    yield place.having(TMPDIR=str(folder))


@contextmanager
def a_home_to_read_only(place: Place) -> Iterator[Place]:
    """Close the home directory to writing; a Rust toolchain lies in it as usual."""
    prefix = _possible(BOUND) if os.geteuid() == 0 else ()
    for folder in (".rustup", ".cargo"):
        if (Path.home() / folder).is_dir():
            (place.home / folder).symlink_to(Path.home() / folder)
    place.home.chmod(0o555)
    yield replace(place, prefix=prefix).having(RUSTUP_HOME=None, CARGO_HOME=None)
    place.home.chmod(0o755)


@contextmanager
def a_user_without_a_name(place: Place) -> Iterator[Place]:
    """Be a number, as in a container that was started under one."""
    yield replace(place, prefix=_possible(NAMELESS)).having(HOME=None, USER=None, LOGNAME=None)


@contextmanager
def two_users(place: Place) -> Iterator[Place]:
    """Be a first user whose files nobody else may read, on a machine whose /tmp is empty."""
    if os.geteuid() != 0:
        raise Unfit("only root can be two users")
    if any(str(path).startswith("/tmp/") for path in (sys.prefix, cache_dir())):
        raise Unfit("another /tmp hides the environment of this checkout")
    folder = Path(tempfile.mkdtemp(prefix="eolab-users-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        (folder / "home").mkdir()
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        enter = 'mount --bind "$1" /tmp && umask "$2" && shift 2 && exec "$@"'
        prefix = ("unshare", "--mount", "sh", "-c", enter, "sh", str(folder / "tmp"))
        _possible((*prefix, "077"))
        checkout = place.workshop.clone(folder / "first")
        yield replace(place, checkout=checkout, scratch=folder, prefix=(*prefix, "077"))
    finally:
        shutil.rmtree(folder)


def the_second_user(first: Place) -> Place:
    """Return the place of a user without rights over the first one's files, with all that he needs in his own."""
    own = first.scratch / "second"
    (own / "home").mkdir(parents=True)
    (own / "bin").mkdir()
    python = _python_of_everybody(own / "venv")
    rustc = own / "bin" / "rustc"  # he may not read the toolchain of the first, and is asked for its version alone
    said = subprocess.check_output(["rustc", "-vV"], cwd=first.checkout, env=surroundings.tools(), text=True)
    rustc.write_text(f"#!/bin/sh\ncat <<'end'\n{said}end\n")
    rustc.chmod(0o755)
    checkout = first.workshop.clone(own / "clone")
    shutil.rmtree(checkout / ".cache")
    ignored = shutil.ignore_patterns("*.part", "build.*")
    shutil.copytree(cache_dir() / "wheels", checkout / ".cache" / "wheels", ignore=ignored)
    for path in (own, *own.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    be = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
    second = replace(first, checkout=checkout, scratch=own, prefix=(*first.prefix[:-1], "022", *be), python=python)
    plain = {"PATH": f"{own / 'bin'}:/usr/bin:/bin", "RUSTUP_HOME": None, "CARGO_HOME": None}
    return second.having(**plain, USER=None, LOGNAME=None)


def _python_of_everybody(folder: Path) -> str:
    """Make an environment like this one of a Python that every user may read, which this one's need not be."""
    found = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin:/bin")
    if found is None:
        raise Unfit("there is no Python of this version outside of home directories")
    subprocess.run([found, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/*/site-packages")
    (packages / "these.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return str(folder / "bin" / "python")


@contextmanager
def a_git_hook(place: Place) -> Iterator[Place]:
    """Be called by a hook that git runs before a commit, when a change of a paper is to be committed."""
    checkout = place.workshop.clone(place.scratch / "clone")
    with (checkout / "docs" / "try.md").open("a", encoding="utf-8") as paper:
        paper.write("\nA change.\n")
    git("add", "docs/try.md", where=checkout)
    repository = {"GIT_DIR": str(checkout / ".git"), "GIT_WORK_TREE": str(checkout), "GIT_INDEX_FILE": ".git/index"}
    yield replace(place, checkout=checkout).having(**repository, GIT_PREFIX="")


@contextmanager
def another_copy(place: Place) -> Iterator[Place]:
    """Have another copy of the package on ``PYTHONPATH``."""
    copy = place.scratch / "copy" / "eokernels"
    copy.mkdir(parents=True)
    (copy / "__init__.py").write_text(OTHER_COPY)
    yield place.having(PYTHONPATH=str(copy.parent))


@contextmanager
def wheels_of_its_own(place: Place) -> Iterator[Place]:
    """Have a folder of wheels in which a build would show."""
    checkout = place.workshop.clone(place.scratch / "clone")
    wheels = checkout / ".cache" / "wheels"
    wheels.unlink()
    wheels.mkdir()
    for wheel in (cache_dir() / "wheels").glob("*/*.whl"):
        if not (wheels / wheel.parent.name).exists():
            (wheels / wheel.parent.name).symlink_to(wheel.parent)
    yield replace(place, checkout=checkout)


@contextmanager
def cut_files(place: Place) -> Iterator[Place]:
    """Have empty and cut files where earlier runs, asv's results and asv's list of machines lie."""
    checkout = place.workshop.clone(place.scratch / "clone")
    results = checkout / ".asv" / "results" / machine.this_machine().machine
    commit = git("rev-parse", "HEAD", where=checkout)
    files = {checkout / "reports" / "runs" / name / "plan.json": text for name, text in UNREADABLE_RUNS.items()}
    files |= {results / f"{commit[:8]}-virtualenv-py.json": CUT, results.parent / "benchmarks.json": ""}
    for path, text in {**files, place.home / ".asv-machine.json": '{"box": {"arch": "x86_'}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield replace(place, checkout=checkout)


@contextmanager
def a_small_disk(place: Place) -> Iterator[Place]:
    """Have a disk for runs that is full before a run has ended."""
    checkout = place.workshop.clone(place.scratch / "clone")
    disk = checkout / "reports" / "runs"
    disk.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Unfit("only root can mount a small disk, and not in every container")
    try:
        yield replace(place, checkout=checkout)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def enlarge(disk: Path) -> None:
    """Make room on the small disk."""
    subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(disk)], check=True)


@contextmanager
def a_tarball(place: Place) -> Iterator[Place]:
    """Unpack the sources without git, in a directory of another repository."""
    outer = place.scratch / "outer"
    git("init", "--quiet", str(outer))
    archive, unpacked = place.scratch / "lab.tar", outer / "lab"
    git("archive", "--output", str(archive), "HEAD", where=place.checkout)
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(unpacked)], check=True)
    yield replace(place, checkout=unpacked)


@contextmanager
def a_shallow_clone(place: Place) -> Iterator[Place]:
    """Clone one commit, as continuous integration does."""
    yield replace(place, checkout=place.workshop.clone(place.scratch / "clone", "--depth=1"))


@contextmanager
def a_detached_head(place: Place) -> Iterator[Place]:
    """Check a commit out, in a clone that has no branch at all."""
    checkout = place.workshop.clone(place.scratch / "clone")
    git("checkout", "--quiet", "--detach", where=checkout)
    git("branch", "--quiet", "-D", "main", where=checkout)
    yield replace(place, checkout=checkout)


@contextmanager
def an_environment(place: Place) -> Iterator[Place]:
    """Have an environment of this Python, in which a file shows whether it was made anew."""
    checkout = place.workshop.clone(place.scratch / "clone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)
    for name in (".python", "old"):
        (checkout / ".venv" / name).touch()
    yield replace(place, checkout=checkout)


def _possible(prefix: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words before a command where this machine lets them, or raise that it does not."""
    try:
        done = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unfit(f"{prefix[0]} is not on the PATH") from None
    if done.returncode:
        raise Unfit(f"{' '.join(prefix[:2])} is not allowed here: {done.stderr.strip()}")
    return prefix
