"""``python -m benchmarks.environment.kits``: keep what the module of this checkout's wheel is linked from.

A build does so itself (`benchmarks.environment.linking`). This is for a wheel that was built before kits were kept, or
whose kit was thrown away: Cargo sees nothing to do then, and must be made to link once more, which takes minutes. The
result is only a kit of the wheel if the module comes out the same to the byte.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.environment import cargo, linking, wheel
from inputs.host.cache import cache_dir, locked

COMPILED = re.compile(rf"{wheel.DISTRIBUTION}/_rust[^/]*\.so")


def place(module: bytes) -> Path:
    """Return where the kit of a module is, if it is kept."""
    return cache_dir() / linking.KITS / hashlib.sha256(module).hexdigest()


def make(tree: Path = wheel.ROOT) -> Path:
    """Return the kit of the wheel of a source tree, made now where it is not there.

    Raises
    ------
    OSError
        Where the build fails, its linker is not LLD, or the module is another one than the wheel's.
    """
    kit = place(_module(wheel.build(tree)))
    if (kit / linking.KIT).is_file():
        return kit
    cache = cache_dir()
    with locked(cache / "wheels" / "build"), tempfile.TemporaryDirectory(prefix="eolab-kit-") as out:
        wheel.mirror(tree, wheel.stage())
        cargo.require_same_compiler(tree, wheel.stage())
        target = cache / "cargo-target"
        for linked in target.glob(f"release/**/{linking.MODULE}"):
            linked.unlink()
        log = cache / "wheels" / "build.log"
        cargo.build(wheel.stage(), target, Path(out), log, kits=kit.parent)
    if not (kit / linking.KIT).is_file():
        raise OSError(f"kits: {tree} built again gives another module than its wheel has, or LLD does not link it")
    return kit


def _module(built: Path) -> bytes:
    with zipfile.ZipFile(built) as archive:
        found = [name for name in archive.namelist() if COMPILED.fullmatch(name)]
        if len(found) != 1:
            raise OSError(f"kits: {built} has {len(found)} compiled modules, and one is needed")
        return archive.read(found[0])


def main() -> int:
    """Make the kit and print where it is."""
    try:
        print(make())
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
