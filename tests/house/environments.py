"""The environments in which people run the lab, and what must come out in each: a table.

``.venv/bin/python tests/house/environments.py`` tries them all, in clones of the checkout as it is now, and prints the
table with what happened; names choose some. `tests/house/test_environments.py` tries the same ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

import outcomes as must  # noqa: E402
import set_ups as given  # noqa: E402
from places import Unfit, Workshop, Wrong  # noqa: E402
from rich import box  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from rich.text import Text  # noqa: E402


@dataclass(frozen=True)
class Environment:
    """One environment.

    Attributes
    ----------
    name
        Short, and an argument of the command.
    is_
        What it is, in a sentence.
    comes_out
        What must come out: does it, judges it, says what happened.
    set_up
        How it is made.
    variables
        What is set besides; None takes a variable away.
    quick
        Whether it needs no run of asv's and less than 3 s.
    """

    name: str
    is_: str
    comes_out: must.Outcome = must.complete
    set_up: given.SetUp = given.as_it_is
    variables: Mapping[str, str | None] = field(default_factory=dict)
    quick: bool = False

    def tried(self, workshop: Workshop) -> str:
        """Try it, and return what happened; raises `Wrong` or `Unfit`."""
        place = workshop.place(self.name.replace(" ", "-"))
        with self.set_up(place.having(**self.variables)) as made:
            return self.comes_out(made)


ENVIRONMENTS = (
    Environment("plain", "A clone, a home directory, a terminal of 80 columns: nothing is peculiar."),
    Environment("path", "The checkout's path holds spaces and an umlaut.", set_up=given.a_path_with_spaces),
    Environment("TMPDIR", "TMPDIR is a path of 140 characters; sockets have room for 107.", set_up=given.a_long_tmpdir),
    Environment("no HOME", "HOME is not set, as in systemd's services.", variables={"HOME": None, "USER": None}),
    Environment("read-only HOME", "The home directory cannot be written to; the Rust toolchain lies in it.",
                must.in_the_caches_home, given.a_home_to_read_only),
    Environment("no name", "The user is number 12345, has no name and no home directory, as in a container.",
                must.in_the_caches_home, given.a_user_without_a_name),
    Environment("two users", "A first user has umask 077; then another measures on the same machine.",
                must.the_second_is_let_in, given.two_users),
    Environment("two TMPDIRs", "Somebody with another TMPDIR is measuring already.", must.waits),
    Environment("Latin-1", "The terminal is one of Latin-1.", must.in_latin_1,
                variables={"PYTHONIOENCODING": "latin-1"}),
    Environment("ASCII", "The locale is C, and Python keeps to it: ASCII alone.", must.in_ascii,
                variables={"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0"}),
    Environment("40 columns", "The terminal has 40 columns.", must.numbers_whole, variables={"COLUMNS": "40"}),
    Environment("NO_COLOR", "NO_COLOR is set, on a terminal with colours.", must.no_colour,
                variables={"NO_COLOR": "1", "TERM": "xterm-256color"}),
    Environment("git hook", "A pre-commit hook, which has GIT_DIR, GIT_INDEX_FILE and GIT_WORK_TREE set.",
                must.commit_untouched, given.a_git_hook),
    Environment("PYTHONPATH", "PYTHONPATH has another copy of the package.", must.not_imported, given.another_copy),
    Environment("no JIT", "NUMBA_DISABLE_JIT=1 is left over from debugging.", must.compiled,
                variables={"NUMBA_DISABLE_JIT": "1"}),
    Environment("build settings", "Variables ask Cargo and maturin for a build that is not optimised.",
                must.from_the_cache, given.wheels_of_its_own,
                {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "MATURIN_PEP517_ARGS": "--profile dev"}),
    Environment("cut files", "Files of earlier runs and ~/.asv-machine.json are empty or cut.",
                must.named_and_passed_over, given.cut_files),
    Environment("full disk", "The disk of the runs is full before the first run has ended.",
                must.resumed, given.a_small_disk),
    Environment("tarball", "The sources without git, below a directory of another repository.",
                must.says_at_once, given.a_tarball, quick=True),
    Environment("shallow clone", "A clone of one commit, as in continuous integration.",
                must.shallowness_named, given.a_shallow_clone),
    Environment("detached HEAD", "A commit is checked out, and there is no branch called main.",
                must.with_a_dashboard, given.a_detached_head),
    Environment("another Python", "make PYTHON=… names another Python than that of the environment.",
                must.made_anew, given.an_environment),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What became of an environment: `ok` is None where it cannot be had here."""

    environment: Environment
    happened: str
    seconds: float
    ok: bool | None
    details: str = ""


def attempt(environment: Environment, workshop: Workshop) -> Result:
    """Try an environment, and return what became of it, whatever that is."""
    began = time.perf_counter()
    happened, ok, details = "", True, ""
    try:
        happened = environment.tried(workshop)
    except Unfit as reason:
        happened, ok = f"skipped: {reason}", None
    except Wrong as wrong:
        happened, ok, details = wrong.sentence, False, str(wrong)
    except Exception as error:  # of the row itself; the table goes on
        happened, ok, details = f"{type(error).__name__}: {error}", False, traceback.format_exc()
    return Result(environment, happened, time.perf_counter() - began, ok, details)


def table(results: Sequence[Result]) -> Table:
    """Return the results as a table for 80 columns."""
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("environment", no_wrap=True)
    shown.add_column("what happened", ratio=1)
    shown.add_column("s", justify="right", no_wrap=True)
    shown.add_column("ok", no_wrap=True)
    words = {True: Text("yes", "green"), False: Text("NO", "bold red"), None: Text("–")}
    for one in results:
        what = Text(f"{one.environment.is_}\n").append(f"→ {one.happened}", "red" if one.ok is False else "dim")
        shown.add_row(one.environment.name, what, f"{one.seconds:.0f}", words[one.ok])
    return shown


def main(arguments: Sequence[str]) -> int:
    """Try the environments that are named, or all, and print the table; 1 where one is not as it must be."""
    known = {one.name: one for one in ENVIRONMENTS}
    parser = argparse.ArgumentParser(
        prog="tests/house/environments.py", description="Try the lab in peculiar environments."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}; all by default")
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"name: was {unknown[0]!r}; there are {', '.join(known)}")
    chosen = [known[name] for name in names] or list(ENVIRONMENTS)
    console, results = Console(highlight=False), []
    with tempfile.TemporaryDirectory(prefix="eolab-environments-") as folder:
        workshop = Workshop(Path(folder))
        asv: AbstractContextManager[None] = nullcontext()
        if not all(one.quick for one in chosen):
            asv = workshop.with_asv()
        with console.status("making a clone, and asv's environment where there is none") as status, asv:
            for one in chosen:
                status.update(f"{one.name}: {one.is_}")
                results.append(attempt(one, workshop))
                if not console.is_terminal:
                    print(f"{one.name}: {results[-1].happened}", file=sys.stderr, flush=True)
    console.print(table(results), "")
    for failed in (one for one in results if one.ok is False):
        console.print(Text(f"{failed.environment.name}: {failed.details}\n"), soft_wrap=True)
    return int(any(one.ok is False for one in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
