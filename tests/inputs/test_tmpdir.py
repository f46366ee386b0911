"""A long TMPDIR: sockets lie below it, and have room for 107 bytes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inputs.host import surroundings, tmpdir

SOCKET = (
    "import os, socket, tempfile; where = os.path.join(tempfile.mkdtemp(prefix='asv-forkserver-'), 'socket'); "
    "socket.socket(socket.AF_UNIX).bind(where); print(os.path.realpath(where))"
)


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a directory of 140 characters, which is that for temporary files."""
    folder = tmp_path / ("t" * max(1, 139 - len(str(tmp_path))))
    folder.mkdir()
    assert len(str(folder)) >= 140
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    for where in tmpdir.FOLDERS:
        for link in where.glob(f"eolab-{os.getuid()}-*"):
            if link.is_symlink() and link.readlink() in {folder, folder.parent}:
                link.unlink()


def test_what_the_lab_starts_can_bind_sockets_and_writes_where_the_user_wants(long: Path) -> None:
    command = [sys.executable, "-c", SOCKET]
    refused = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert "AF_UNIX path too long" in refused.stderr
    said = subprocess.check_output(command, env=surroundings.tools(), text=True)
    assert said.startswith(f"{long.resolve()}/")


def test_plain_asvs_own_process_can_as_well(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    tmpdir.enter()
    with tempfile.TemporaryDirectory(prefix="asv-forkserver-") as folder, socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{folder}/socket")
        assert Path(folder).resolve().parent == long.resolve()


def test_a_short_one_stays_as_it_is() -> None:
    assert tmpdir.shortened({"TMPDIR": "/tmp", "HOME": "/" + "h" * 200}) == {}


def test_the_same_directory_has_the_same_link(long: Path) -> None:
    assert tmpdir.link(long) == tmpdir.link(long)
    assert tmpdir.link(long) != tmpdir.link(long.parent)


def test_somebody_elses_link_is_not_followed(long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmpdir, "FOLDERS", (tmp_path,))
    name = tmpdir.link(long).name
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/elsewhere")
    with pytest.raises(OSError, match=r"TMPDIR: was .*too long for sockets.* at most \d+ bytes is accepted"):
        tmpdir.link(long)
