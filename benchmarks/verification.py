"""What ``lab verify`` found of a wheel, kept by the wheel's digest so that a run of that wheel can carry it along."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.contract import Verdict
from inputs.cache import cache_dir, replacing

KEPT_AS = "verify.json"


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
