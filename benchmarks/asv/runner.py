"""How asv is called: for one kernel at a time, since it saves when all benchmarks of a call are done."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import ROOT, registry
from benchmarks.asv import resultfiles
from benchmarks.asv.lookup import COUNTS_ASKED, RUN_DIR
from benchmarks.asv.machine import Machine
from benchmarks.environment import checkout, disk_room, keeper
from benchmarks.environment.cause import cause
from inputs.host import surroundings
from inputs.host.cache import cache_dir, replacing
from inputs.sweep import sweep

CONFIGURATION = ROOT / "asv.conf.json"
ENVIRONMENTS = ROOT / ".asv" / "env"
PART = ROOT / ".asv" / "part"
"""Where asv writes; only who holds the checkout's lock uses it."""
PEERS = ROOT / "benchmarks" / "peers" / "build.py"
POLL_S = 0.5
PATIENCE_S = 15.0
BENCHMARK_FAILED = 2


class AsvError(RuntimeError):
    """asv could not do what it was asked; the message says why as far as it said so."""


def selection(kernel: str, cases: Sequence[str], *, counted: bool = False) -> str:
    """Return the regular expression that selects all cells of some cases of a kernel, maybe its counts, no others."""
    swept = sweep(registry.get(kernel).family).cases
    first = [f"'{re.escape(case)}'" for case in cases] + [str(n) for n, case in swept.items() if case in cases]
    counts = r"|track_[a-z_]+\(" if counted else ""
    return rf"^bench_kernels\.{re.escape(kernel)}\.(?:k[a-z]+_[a-z]+\((?:{'|'.join(first)}), {counts})"


def ensure_peers() -> None:
    """Install the peers that have been built into asv's environments.

    asv asks for them where it installs a commit; peers that were built after that would else be missing.
    """
    for python in sorted(ENVIRONMENTS.glob("*/bin/python")):
        command = [str(python), "-P", str(PEERS), "--cached"]
        where = python.parents[1]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        keeper.run(command, cwd=where, env=surroundings.tools(), **quiet)


def configured(folder: Path) -> Path:
    """Write asv's configuration with ``results`` in a folder of its own and the branch that is here, and return it.

    The plugin, which is found from the checkout alone, is left out: the lab names the machine itself.
    """
    import json5

    own: dict[str, Any] = json5.loads(CONFIGURATION.read_text(encoding="utf-8"))
    where = shlex.quote(str(ROOT)).replace("{", "{{").replace("}", "}}")  # asv splits a command, and then fills it in
    for name in ("build_command", "install_command"):
        own[name] = [command.replace("{conf_dir}", where) for command in own[name]]
    own.pop("plugins", None)
    paths = {name: str(ROOT / own[name]) for name in ("repo", "benchmark_dir", "env_dir", "html_dir")}
    own["branches"] = [checkout.branch()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIGURATION.name
    path.write_text(
        json.dumps({**own, **paths, "results_dir": str(folder / "results")}, indent=1) + "\n", encoding="utf-8"
    )
    return path


@contextmanager
def staged(results: Path, machine: str, commit: str) -> Iterator[Path]:
    """Give asv's configuration with copies of its results of a commit and machine, which are handed back at the end.

    asv itself writes in place, so that an interrupt or a full disk would cut a file with everything that is in it.
    After an error nothing is handed back.
    """
    shutil.rmtree(PART, ignore_errors=True)
    configuration = configured(PART)
    copies = PART / "results"
    (copies / machine).mkdir(parents=True)
    for path in resultfiles.files_of(results, machine, commit):
        shutil.copy2(path, copies / machine / path.name)
    yield configuration
    written = sorted(copies.rglob("*.json"))
    if wrong := [said for path in written if (said := resultfiles.unread(path))]:
        raise AsvError(f"asv run ended well, and {wrong[0]}")
    for path in written:
        _take_place(path, results / path.relative_to(copies))
    shutil.rmtree(PART, ignore_errors=True)


def _take_place(path: Path, old: Path) -> None:
    old.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.replace(old)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(old) as whole:  # results that were moved to another disk
            shutil.copyfile(path, whole)


def heed_interrupts() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into KeyboardInterrupt.

    A shell may have the first two ignored for jobs in the background; asv inherits that, and would go on.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup has it ignored, and means it
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run_kernel(
    run_dir: Path,
    kernel: str,
    cases: Sequence[str],
    machine: Machine,
    progress: Callable[[], None] = lambda: None,
    *,
    commit: str,
    results: Path,
) -> None:
    """Let asv measure a commit's cells of one kernel, and wait; `progress` is called twice a second.

    asv writes beside `results`, and what it wrote takes its place there when it has ended well. Failed cells are no
    error here: the run's own check names them.

    Raises
    ------
    AsvError
        If asv found nothing to run, or could not build or start.
    OSError
        If there is no room to go on.
    """
    with staged(results, machine.machine, commit) as configuration:
        _run(run_dir, kernel, cases, machine, progress, commit=commit, configuration=configuration)


def _run(
    run_dir: Path,
    kernel: str,
    cases: Sequence[str],
    machine: Machine,
    progress: Callable[[], None],
    *,
    commit: str,
    configuration: Path,
) -> None:
    command = [
        *(sys.executable, "-m", "asv", "run", "--config", str(configuration), "--machine", machine.machine),
        *("--launch-method", "forkserver", "--record-samples", "--show-stderr"),
        *("--bench", selection(kernel, cases, counted=bool(os.environ.get(COUNTS_ASKED))), f"{commit}^!"),
    ]
    log = run_dir / f"{kernel}.asv.log"
    with log.open("ab") as output:
        began = output.tell()
        child = keeper.Kept(
            command,
            cwd=ROOT,
            env=environment(run_dir),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = _wait(child, progress, run_dir)
    text = log.read_bytes()[began:].decode(errors="replace")
    if code and any(words in text for words in disk_room.WORDS):
        raise disk_room.blamed((run_dir, configuration.parent, cache_dir(), Path(tempfile.gettempdir())), log)
    if code not in (0, BENCHMARK_FAILED):
        raise AsvError(f"asv run ended with {code} for {kernel} ({log}):\n{cause(text)}")


def environment(run_dir: Path) -> dict[str, str]:
    """Return asv's environment: our interpreter is found first, and pip keeps to the lock.

    The lock is named by its URI: pip takes the variable for a list with spaces between its entries.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    lock = ROOT / "requirements.lock"
    pins = {"PIP_CONSTRAINT": lock.as_uri()} if lock.is_file() else {}
    return surroundings.tools(**pins, **{"PATH": path, RUN_DIR: str(run_dir)})


def _wait(child: subprocess.Popen[bytes], progress: Callable[[], None], run_dir: Path) -> int:
    """Wait for asv; on an interrupt or a full disk end it the way it expects, so that it leaves no process."""
    try:
        while child.poll() is None:
            time.sleep(POLL_S)
            disk_room.require_room(run_dir)
            progress()
    except BaseException:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    return child.wait()
