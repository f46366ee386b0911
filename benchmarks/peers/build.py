"""Peers of which no wheel fits: built from their source once, kept in the cache, installed from there.

``python benchmarks/peers/build.py`` installs what ``built.lock`` names into the environment that runs it, and builds
what the cache lacks: that takes the network, cargo, the environment's maturin and about a minute a package. With
``--cached`` it builds nothing; so asv's environments get what the lab's has. Where a build fails the package's arms are
"not installed", and nothing else changes. It needs the standard library and pip.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("built.lock")


def requirements(lock: Path = LOCK) -> list[str]:
    """Return the lines ``name==version --hash=sha256:…`` of a lock file."""
    lines = (line.split("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def is_installed(pin: str) -> bool:
    """Tell whether the environment has a distribution in the version of ``name==version``."""
    name, _, version = pin.partition("==")
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False


def install(pin: str, wheels: Path) -> bool:
    """Install a built wheel from a directory, without what it depends on, and tell whether there was one that fits."""
    where = ["--no-index", "--find-links", str(wheels)]
    return wheels.is_dir() and _pip("install", "--quiet", "--no-deps", *where, pin).returncode == 0


def build(requirement: str, wheels: Path) -> None:
    """Build the wheel of a requirement from its hashed source into a directory.

    Raises
    ------
    OSError
        If pip fails; the message says why, ``build.log`` beside the wheels all that was said.
    """
    from benchmarks.environment.cause import cause

    name = requirement.partition("==")[0]
    scratch = wheels / f"{name}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    asked = scratch / "requirement.txt"
    asked.write_text(f"{requirement}\n", encoding="utf-8")
    source = ["--no-deps", "--no-build-isolation", "--no-binary", name, "--retries", "1"]
    done = _pip("wheel", "-v", *source, "--wheel-dir", str(scratch), "-r", str(asked))
    log = wheels / "build.log"
    log.write_text(done.stdout, encoding="utf-8")
    built = sorted(scratch.glob("*.whl"))
    if done.returncode or not built:
        raise OSError(f"pip wheel ended with {done.returncode} ({log}):\n{cause(done.stdout)}")
    for wheel in built:
        wheel.replace(wheels / wheel.name)
    shutil.rmtree(scratch)


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    from benchmarks.environment import cargo, keeper
    from inputs.host import surroundings

    return keeper.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        env=surroundings.tools(PATH=cargo.search_path(), **cargo.NO_FLAGS), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def provide(requirement: str, wheels: Path, *, cached: bool) -> bool:
    """Install a requirement from the cache, or from what is built now; tell whether it is installed."""
    from inputs.host.cache import locked

    pin = requirement.split(maxsplit=1)[0]
    if is_installed(pin):
        return True
    with locked(wheels / "build"):
        if install(pin, wheels):
            return True
        if cached:
            print(f"note: no wheel of {pin} was built for this Python; its arms are left out", file=sys.stderr)
            return False
        try:
            build(requirement, wheels)
        except OSError as error:
            print(f"note: {pin} was not built; its arms are left out. {error}", file=sys.stderr)
            return False
        return install(pin, wheels)


def main(arguments: list[str]) -> int:
    """Install every peer that has to be built; 1 if one is missing afterwards."""
    if arguments not in ([], ["--cached"]):
        print("usage: python benchmarks/peers/build.py [--cached]", file=sys.stderr)
        return 2
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from inputs.host.cache import cache_dir

    wheels = cache_dir() / "peers"
    there = [provide(requirement, wheels, cached=bool(arguments)) for requirement in requirements()]
    return 0 if all(there) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
