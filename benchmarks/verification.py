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
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks import contract, registry
from benchmarks.contract import Verdict
from inputs.cache import cache_dir, replacing

KEPT_AS = "verify.json"


def verify(
    kernels: Sequence[str], implementations: Sequence[str] | None = None, dtypes: Sequence[str] | None = None
) -> Iterator[list[Verdict]]:
    """Yield the verdicts on each input dtype of each kernel, in this order; arguments as `contract.verify` has them."""
    jobs = [
        (kernel, dtype)
        for kernel in kernels
        for dtype in registry.get(kernel).contract.dtypes
        if dtypes is None or dtype in dtypes
    ]
    ask = partial(_verdicts, implementations=implementations)
    workers = min(len(jobs), os.cpu_count() or 1)
    if workers < 2:
        yield from map(ask, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(ask, jobs)


def _verdicts(job: tuple[str, str], implementations: Sequence[str] | None) -> list[Verdict]:
    kernel, dtype = job
    return list(contract.verify(registry.get(kernel), implementations, [dtype]))


def keep(verdicts: Iterable[Verdict], wheel_digest: str) -> None:
    """Keep the verdicts of a whole verification; an earlier one of the same wheel is replaced."""
    with replacing(_path(wheel_digest)) as temporary:
        temporary.write_text(json.dumps([asdict(verdict) for verdict in verdicts]))


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
