"""A commit as something that can be measured: its wheel, built or found in the cache, and unpacked beside the other."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import wheel
from benchmarks.runs import history
from inputs.host.cache import cache_dir, locked


@dataclass(frozen=True)
class Build:
    """A commit and its wheel.

    Attributes
    ----------
    commit, subject
        The commit, and the first line of its message.
    digest
        Of the wheel, as `benchmarks.environment.wheel.digest` gives it.
    folder
        Where the wheel lies unpacked, which goes onto the path of a process that measures it.
    """

    commit: str
    subject: str
    digest: str
    folder: Path


def build(revision: str) -> Build:
    """Return the build of a revision.

    Raises
    ------
    OSError
        Where git does not know the revision, or its wheel cannot be built.
    """
    of = history.commit(revision)
    try:
        built = history.wheel_of(of.commit)
    except OSError as error:
        raise OSError(f"{revision} ({of.commit[:8]}) does not build: {error}") from None
    return Build(of.commit, of.subject, wheel.digest(built), unpacked(built))


def unpacked(built: Path) -> Path:
    """Return the directory in which a wheel lies unpacked, by its content; it is there whole or not at all."""
    folder = cache_dir() / "gate" / "wheels" / wheel.digest(built)[:20]
    with locked(folder):
        if not folder.is_dir():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            with zipfile.ZipFile(built) as archive:
                archive.extractall(part)
            part.replace(folder)
    return folder
