"""How measured processes are started: one at a time on a machine, in an environment that is spelled out."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import ROOT
from benchmarks.environment import keeper
from benchmarks.environment.cause import NOTHING, cause
from inputs.host import surroundings

PR_SET_PDEATHSIG, PR_SET_THP_DISABLE = 1, 41

ONE_BLAS_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For a library of linear algebra, which reads it when it is loaded. Without it, processes that share the cores and ask
for many small solutions get on ten times more slowly, as its threads wait for each other in a loop."""

FIXED = {
    **ONE_BLAS_THREAD,
    "NUMEXPR_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",  # of the pool that packages share; our kernels make pools of their own
    "OMP_WAIT_POLICY": "PASSIVE",
    # Where glibc's moving thresholds end once a process has freed a large array: arrays up to 32 MiB come from memory
    # that the process keeps, larger ones from fresh pages. Fixed, the first call costs no other than the thousandth.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
"""Set for every measured process. Numba's threads are left alone: with one, an arm of two threads raises."""


class MeasurementError(RuntimeError):
    """A measured process ended badly; the message says how, and why as far as it said so."""


@contextmanager
def handed_down(variables: Mapping[str, str]) -> Iterator[None]:
    """Give the processes that start within the block these variables; this process has loaded what reads them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def numba_cache(cache: Path, wheel_digest: str) -> dict[str, str]:
    """Return where Numba keeps what it compiles of a wheel, as a variable: one place for all of the lab's processes."""
    return {"NUMBA_CACHE_DIR": str(cache / "numba" / (wheel_digest[:16] or "no-wheel"))}


def environment(cache: Path, wheel_digest: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a measured process.

    Parameters
    ----------
    cache
        The lab's cache directory; Numba's compiled code lies there, apart for each wheel.
    wheel_digest
        Of the measured wheel.
    inherited
        Variables of this process, of which those may pass that `inputs.host.surroundings` lists.
    """
    return surroundings.tools(inherited, **FIXED, **numba_cache(cache, wheel_digest))


def spawn(module: str, job: Path, wheel_digest: str, log: Path) -> None:
    """Run ``python -m <module> <job>`` in a fresh process and wait for it.

    Raises
    ------
    MeasurementError
        If it ends with anything but 0.
    """
    from inputs.host.cache import cache_dir

    command = [sys.executable, "-m", module, str(job)]
    with log.open("ab") as output:
        child = keeper.Kept(
            command,
            cwd=ROOT,
            env=environment(cache_dir(), wheel_digest, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
    if code:
        said = cause(log.read_text(encoding="utf-8", errors="replace"))
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        told = said if said == NOTHING else f"it said:\n{said}"
        raise MeasurementError(f"{module} ended with {how} ({job.name}); {told}")


def refuse_huge_pages() -> None:
    """Have the system give this process no huge pages from now on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to end this process when its parent ends, so that an interrupt leaves nothing running.

    Where the parent is named, and has ended before the kernel could be asked, this process ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os._exit(1)
