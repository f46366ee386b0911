"""A commit as something that can be measured: its wheel, built or found in the cache, and unpacked beside the other."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.environment import wheel
from benchmarks.runs import history
from inputs.host.cache import cache_dir, locked

PACKAGE = "eokernels"
COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True)
class Build:
    """A commit and its wheel.

    Attributes
    ----------
    commit, subject
        The commit, and the first line of its message; of somebody else's project the directory, and nothing.
    digest
        Of the wheel, as `benchmarks.environment.wheel.digest` gives it; empty where any may be imported.
    folder
        What goes onto the path of a process that measures it: where the wheel lies unpacked, or the directory.
    """

    commit: str
    subject: str
    digest: str
    folder: Path

    @property
    def short(self) -> str:
        """The commit in short, or the directory's name."""
        return self.commit[:8] if COMMIT.fullmatch(self.commit) else Path(self.commit).name

    @property
    def named(self) -> str:
        """What a command takes: the commit in short, or the directory."""
        return self.commit[:12] if COMMIT.fullmatch(self.commit) else self.commit


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
    try:
        return Build(of.commit, of.subject, wheel.digest(built), unpacked(built))
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise OSError(f"{built} is cut or no wheel; remove it, and it is built anew") from None


def directory(path: str, module: str) -> Build:
    """Return a directory of somebody else's project from which a module is imported, beside the wheel of this lab.

    Raises
    ------
    ValueError
        Where there is no such directory, or no such module in it.
    """
    folder = Path(path).resolve()
    stem = folder.joinpath(*module.split("."))
    if not folder.is_dir():
        raise ValueError(f"directory: was {path!r}, and there is none")
    if not (stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file()):
        raise ValueError(f"directory: was {path!r}, and there is no module {module} in it; name the folder above it")
    return Build(str(folder), "", "", folder)


def unpacked(built: Path) -> Path:
    """Return the directory in which a wheel lies unpacked, by its content; one that is not whole is made anew."""
    folder = cache_dir() / "gate" / "wheels" / wheel.digest(built)[:20]
    with locked(folder), zipfile.ZipFile(built) as archive:
        if not _is_whole(folder, archive):
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            archive.extractall(part)
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
    return folder


def _is_whole(folder: Path, archive: zipfile.ZipFile) -> bool:
    """Tell whether every file of an archive lies in a directory as it should."""
    files = ((folder / one.filename, one) for one in archive.infolist() if not one.is_dir())
    return all(path.is_file() and zlib.crc32(path.read_bytes()) == one.CRC for path, one in files)


def remade(build: Build, subject: str, change: Callable[[Path], None]) -> Build:
    """Return a build like another in whose files something is changed; by its content its wheel is another one.

    Parameters
    ----------
    build, subject
        The build, which stays as it is, and what the new one is called.
    change
        What changes the files, called with the directory that holds them.
    """
    with tempfile.TemporaryDirectory(prefix="eolab-") as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(build.folder, tree, ignore=shutil.ignore_patterns("*.pyc", "__pycache__"))
        change(tree)
        _write_record(tree)
        made = Path(shutil.make_archive(str(Path(scratch) / "remade"), "zip", tree))
        return replace(build, subject=subject, digest=wheel.digest(made), folder=unpacked(made))


def _write_record(folder: Path) -> None:
    """Make the list of a wheel's files true again."""
    (listed,) = folder.glob("*.dist-info/RECORD")
    files = sorted(path for path in (folder / PACKAGE).rglob("*") if path.is_file() and path.suffix != ".pyc")
    with listed.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        for path in files:
            data = path.read_bytes()
            value = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.writerow([path.relative_to(folder).as_posix(), f"sha256={value}", len(data)])
