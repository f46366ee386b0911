"""What the tests of the gate share: the installed wheel as a build, and plans of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks import ROOT
from benchmarks.environment import wheel
from benchmarks.gate.builds import Build, unpacked


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return the build that is installed here, unpacked as a gate has it."""
    code = "import sys; from benchmarks.environment import wheel; sys.exit(wheel.is_refused(''))"
    if subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("what is installed is no release build, and is not timed")
    distribution = metadata.distribution(wheel.DISTRIBUTION)
    made = tmp_path_factory.mktemp("wheel") / "eokernels-0-py3-none-any.whl"
    names = [f"{distribution.name}-{distribution.version}.dist-info/RECORD", *wheel.installed_rows()]
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.write(str(distribution.locate_file(name)), name)
    return Build("0" * 40, "what is installed", wheel.digest(made), unpacked(made))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return an empty directory of a gate."""
    found = tmp_path / "gate"
    found.mkdir()
    yield found
    shutil.rmtree(found, ignore_errors=True)
