"""Where an environment is tried: clones of the checkout as it is now, which share what takes minutes to make."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from benchmarks.asv import runner
from inputs.host import surroundings
from inputs.host.cache import REPOSITORY, cache_dir, locked

SHARED = ("wheels", "peers", "data", "inputs", "oracle", "numba")
"""Folders of the cache that every clone has in common; the rest it makes for itself."""
ASV_ENVIRONMENTS = "asv-env"
"""Folder of the cache with asv's environment for the clones, which asv names by a hash of what is in it."""
OWN = frozenset({"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TMPDIR"})
"""Variables that may pass, and whose values here are no matter of who runs the tests."""
TOOLCHAIN = (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"))
PATIENCE_S = 900.0
LAST_LINES = 12


@dataclass(frozen=True)
class Ran:
    """A command that was run: its exit code, None where it had to be ended, and all that it said."""

    command: tuple[str, ...]
    code: int | None
    output: bytes

    @property
    def text(self) -> str:
        """What it said, as UTF-8."""
        return self.output.decode(errors="replace")

    @property
    def name(self) -> str:
        """What was asked, in short: the verb, or the program."""
        words = self.command[self.command.index("lab") :][:2] if "lab" in self.command else self.command[:1]
        return " ".join(words)

    def told(self) -> str:
        """Return command, exit code and the last lines."""
        ended = f"was ended after {PATIENCE_S:.0f} s" if self.code is None else f"exit code {self.code}"
        return "\n".join(("$ " + " ".join(self.command), ended, *self.text.strip().splitlines()[-LAST_LINES:]))


class Wrong(AssertionError):
    """An environment in which the lab does not do what it must; says what, and shows the command."""

    def __init__(self, sentence: str, ran: Ran | None = None) -> None:
        self.sentence = sentence
        super().__init__("\n".join((sentence, *([ran.told()] if ran else []))))


class Unfit(Exception):
    """An environment that cannot be had on this machine; says why."""


@dataclass(frozen=True)
class Place:
    """A checkout, and the environment in which its lab is called.

    Attributes
    ----------
    workshop
        Where clones come from.
    checkout
        The clone in which commands run.
    scratch
        A folder of this environment's own.
    variables
        What differs from a plain environment; None takes a variable away.
    prefix
        Words before each command, such as those that make another user of it.
    python
        The interpreter.
    ran
        The commands so far.
    """

    workshop: Workshop
    checkout: Path
    scratch: Path
    variables: Mapping[str, str | None] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    python: str = sys.executable
    ran: list[Ran] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The home directory, which is empty at first."""
        return self.scratch / "home"

    def having(self, **variables: str | None) -> Place:
        """Return this place with further variables."""
        return replace(self, variables={**self.variables, **variables})

    def environment(self) -> dict[str, str]:
        """Return the environment of a command: that of a tool, with a home of its own and what is asked for."""
        plain = {name: value for name, value in surroundings.tools().items() if name not in OWN}
        plain = {name: value for name, value in plain.items() if not name.startswith("EOLAB_")}
        for name, folder in TOOLCHAIN:
            if (Path.home() / folder).is_dir():
                plain.setdefault(name, str(Path.home() / folder))
        wanted: dict[str, str | None] = {**plain, "HOME": str(self.home), **self.variables}
        return {name: value for name, value in wanted.items() if value is not None}

    def lab(self, *arguments: str) -> Ran:
        """Run a verb of the lab in the checkout, and wait."""
        return self.run(self.python, "-m", "lab", *arguments)

    def run(self, *command: str) -> Ran:
        """Run a command in the checkout, and wait. It is ended with its children after `PATIENCE_S`."""
        child = self.start(*command)
        try:
            output, _ = child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            return self._note(command, None, output)
        except BaseException:  # an interrupt does not reach its session
            os.killpg(child.pid, signal.SIGKILL)
            raise
        return self._note(command, child.returncode, output)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command in the checkout, in a session of its own."""
        return subprocess.Popen(
            [*self.prefix, *command], cwd=self.checkout, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def on_a_terminal(self, *arguments: str) -> Ran:
        """Run a verb of the lab as somebody at a terminal does."""
        command = (self.python, "-m", "lab", *arguments)
        ours, its = pty.openpty()
        child = subprocess.Popen(
            [*self.prefix, *command], cwd=self.checkout, env=self.environment(), stdin=its, stdout=its, stderr=its,
            start_new_session=True,
        )  # fmt: skip
        os.close(its)
        said = b""
        with suppress(OSError):  # how a terminal's end reads
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
        return self._note(command, child.wait(PATIENCE_S), said)

    def _note(self, command: Sequence[str], code: int | None, output: bytes) -> Ran:
        self.ran.append(Ran((*self.prefix, *command), code, output))
        return self.ran[-1]


class Workshop:
    """Makes clones of the checkout as it is now, changes and new files among it.

    Parameters
    ----------
    folder
        Where they go; an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def checkout(self) -> Path:
        """The clone of all environments that need none of their own; its branch is ``main``."""
        made = self.folder / "checkout"
        git("clone", "--quiet", "--local", "--no-checkout", str(REPOSITORY), str(made))
        git("checkout", "--quiet", "-B", "main", where=made)
        if git("status", "--porcelain", where=REPOSITORY):
            _take_changes(made)
        share(made)
        return made

    def place(self, name: str) -> Place:
        """Return a place for an environment, in the common checkout."""
        scratch = self.folder / name
        (scratch / "home").mkdir(parents=True)
        return Place(self, self.checkout, scratch)

    def clone(self, into: Path, *how: str) -> Path:
        """Return a further clone, made by git's own means: over its protocol where it is asked how."""
        source = f"file://{self.checkout}" if how else str(self.checkout)
        git("clone", "--quiet", *how, source, str(into))
        share(into)
        return into

    @contextmanager
    def with_asv(self) -> Iterator[None]:
        """Hold the environment that asv measures in, made where there is none; another session waits."""
        folder = cache_dir() / ASV_ENVIRONMENTS
        with locked(folder):
            folder.mkdir(exist_ok=True)
            if not any(folder.iterdir()) and runner.ENVIRONMENTS.is_dir():
                ignored = shutil.ignore_patterns("project")  # a clone that hangs on the objects of its repository
                shutil.copytree(runner.ENVIRONMENTS, folder, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            command = [sys.executable, "-m", "asv", "setup", "--config", str(self.checkout / "asv.conf.json")]
            done = subprocess.run(
                command, cwd=self.checkout, env=runner.environment(self.folder), capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            if not any(folder.glob("*/asv-env-info.json")):  # asv ends this verb with 1 also when all went well
                raise Wrong(f"asv setup made no environment: {(done.stdout + done.stderr)[-2000:]}")
            yield


def share(checkout: Path) -> None:
    """Give a clone what is there already: wheels, data, compiled code, and asv's environment."""
    links = {checkout / ".cache" / name: cache_dir() / name for name in SHARED}
    links[checkout / ".asv" / "env"] = cache_dir() / ASV_ENVIRONMENTS
    for link, target in links.items():
        link.parent.mkdir(exist_ok=True)
        if link.parent.name == ".cache":
            target.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def git(*arguments: str, where: Path | None = None) -> str:
    """Return what git says, whatever repository the caller is in."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-c", "core.hooksPath=/dev/null", *arguments]
    done = subprocess.run(command, cwd=where, env=surroundings.tools(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def _take_changes(clone: Path) -> None:
    """Commit to a clone what the checkout has changed and has not committed."""
    for name in git("ls-files", "-z", where=clone).split("\0")[:-1]:
        (clone / name).unlink()
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard", where=REPOSITORY).split("\0"):
        if name and (REPOSITORY / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, clone / name)
    git("add", "--all", where=clone)
    git("commit", "--quiet", "--allow-empty", "--message", "as it is now", where=clone)


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait until a function says True, and tell whether it did."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
