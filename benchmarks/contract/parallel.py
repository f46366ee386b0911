"""Verifies kernels on all cores, and keeps what was found of a wheel so that a run of that wheel can carry it along.

A verdict depends on nothing but its kernel, implementation and dtype, so the dtypes of the kernels are shared out among
processes. What is kept goes by the wheel's digest.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks import registry
from benchmarks.contract import evidence, kept
from benchmarks.contract.kept import Job
from benchmarks.contract.verdict import Verdict
from benchmarks.contract.verify import verify as verify_one
from benchmarks.environment.process import ONE_BLAS_THREAD, die_with_parent, handed_down
from inputs.host.cache import cache_dir, replacing
from inputs.host.cores import usable_cores

KEPT_AS = "verify.json"


def verify(
    kernels: Sequence[str],
    implementations: Sequence[str] | None = None,
    dtypes: Sequence[str] | None = None,
    *,
    anew: bool = False,
) -> Iterator[list[Verdict]]:
    """Yield the verdicts on each of `jobs`, in this order; arguments as `benchmarks.contract.verify` has them.

    Where everything is asked, what is kept of the same wheel and lab stands for asking; with `anew` nothing does.
    """
    jobs = jobs_of(kernels, dtypes)
    found = {} if anew or implementations is not None else {job: one for job in jobs if (one := kept.read(job))}
    fresh = _asked([job for job in jobs if job not in found], implementations)
    for job in jobs:
        if job in found:
            yield found[job]
            continue
        verdicts = next(fresh)
        if implementations is None:
            kept.write(job, verdicts)
        yield verdicts


def _asked(jobs: Sequence[Job], implementations: Sequence[str] | None) -> Iterator[list[Verdict]]:
    ask = partial(_ours, implementations=implementations)
    workers = min(len(jobs), usable_cores())
    if workers < 2:
        yield from (ask(job) + _peers(job, implementations) for job in jobs)
        return
    # An executor and no Pool: that one waits for ever for a worker that an implementation has brought down.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, initializer=die_with_parent, initargs=(os.getpid(),)) as pool:
        with handed_down(ONE_BLAS_THREAD):  # to the workers, which start as jobs come
            answers = [(job, pool.submit(ask, job)) for job in jobs]
        for job, answer in answers:
            try:
                yield answer.result() + _peers(job, implementations)
            except BrokenProcessPool:
                raise ValueError(f"a process died while it or another verified {' '.join(job)}") from None


def jobs_of(kernels: Sequence[str], dtypes: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return each kernel with each input dtype that is asked for."""
    return [
        (kernel, dtype)
        for kernel in kernels
        for dtype in registry.get(kernel).contract.dtypes
        if dtypes is None or dtype in dtypes
    ]


def _ours(job: tuple[str, str], implementations: Sequence[str] | None) -> list[Verdict]:
    kernel, dtypes = registry.get(job[0]), job[1:]
    chosen = [name for name in kernel.implementations if implementations is None or name in implementations]
    found = list(verify_one(kernel, chosen, dtypes))
    return found if implementations is not None else [*found, *evidence.authority(kernel, dtypes)]


def _peers(job: tuple[str, str], implementations: Sequence[str] | None) -> list[Verdict]:
    """Ask the peers in this one process: numbagg's disk cache does not bear that two processes fill it."""
    kernel, dtypes = registry.get(job[0]), job[1:]
    chosen = [peer.name for peer in kernel.peers if implementations is None or peer.name in implementations]
    return list(verify_one(kernel, chosen, dtypes))


def keep(verdicts: Iterable[Verdict], wheel_digest: str) -> None:
    """Keep the verdicts of a whole verification; an earlier one of the same wheel is replaced."""
    with replacing(_path(wheel_digest)) as temporary:
        temporary.write_text(json.dumps([asdict(verdict) for verdict in verdicts]), encoding="utf-8")


def carry(run_dir: Path, wheel_digest: str) -> bool:
    """Copy the verdicts on the wheel into a run directory, if there are any; tell whether there were."""
    found = _path(wheel_digest)
    if not wheel_digest or not found.is_file():
        return False
    with replacing(run_dir / KEPT_AS) as temporary:
        shutil.copyfile(found, temporary)
    return True


def _path(wheel_digest: str) -> Path:
    return cache_dir() / "verified" / f"{wheel_digest[:32]}.json"
