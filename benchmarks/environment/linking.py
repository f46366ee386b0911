"""Keeps what the Rust module was linked from, so that it can be linked again in seconds, with its functions elsewhere.

Optimising and linking are one step of the compiler, which takes minutes, and throws away what it has linked. `listener`
puts a script named ``cc`` before the others on the PATH of a build. The compiler calls it as it would call the linker,
so neither Cargo's settings nor a bit of the result change. The script links, and copies what went into the module to a
*kit*: a directory named by the SHA-256 of the module that came out. A wheel of which only the Python side is new holds
the same module, and has the same kit.

Only links by LLD are kept: `benchmarks.gate.relink` asks it to shuffle. As a script this runs inside a build, so it
needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

KITS = "gate/kits"
"""Where the kits are, in the lab's cache."""
KIT = "kit.json"
"""Of a kit: the linker's command, with the two words below in place of its own paths."""
OUT, HERE = "{out}", "{kit}/"
MODULE = "lib_rust.so"
"""What Cargo calls the module; nothing else that a build links is kept."""
BY_LLD = "-fuse-ld=lld"
SCRIPT = "-Wl,--version-script="


def listener(folder: Path, kits: Path, path: str) -> bool:
    """Write the script ``cc`` into a folder, and tell whether there is a linker for it to call.

    Parameters
    ----------
    folder
        What the build finds first on its PATH.
    kits
        Where the kits go.
    path
        The PATH without that folder.
    """
    linker = shutil.which("cc", path=path)
    if linker is None or not sys.platform.startswith("linux"):
        return False
    call = shlex.join([sys.executable, "-I", str(Path(__file__).resolve()), str(kits), linker])
    script = folder / "cc"
    script.write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return True


def output(arguments: Sequence[str]) -> Path | None:
    """Return where a linker's arguments have the module go, or None where they are to link something else."""
    if BY_LLD not in arguments or "-o" not in arguments[:-1]:
        return None
    made = Path(arguments[arguments.index("-o") + 1])
    return made if made.name == MODULE else None


def keep(kits: Path, linker: str, arguments: Sequence[str]) -> Path | None:
    """Keep what a module was just linked from, and return the kit; None for another link than a module's."""
    made = output(arguments)
    if made is None:
        return None
    kit = kits / hashlib.sha256(made.read_bytes()).hexdigest()
    if not kit.is_dir():
        kits.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kits, prefix=".part-") as scratch:
            part = Path(scratch) / "kit"
            part.mkdir()
            command = [linker, *(_kept(word, made, part) for word in arguments)]
            (part / KIT).write_text(json.dumps(command, indent=1) + "\n", encoding="utf-8")
            part.replace(kit)
    return kit


def _kept(word: str, made: Path, part: Path) -> str:
    """Return an argument as the kit has it: a file that it names is copied, what is to be made bears a word."""
    option = SCRIPT if word.startswith(SCRIPT) else ""
    named = Path(word.removeprefix(option))
    if not option and named == made:
        return OUT
    if (word.startswith("-") and not option) or not named.is_file():
        return word
    copied = f"{len(list(part.iterdir()))}-{named.name}"
    shutil.copyfile(named, part / copied)
    return f"{option}{HERE}{copied}"


def main(arguments: Sequence[str]) -> int:
    """Link as one is told; that what went into it cannot be kept is said, and no reason for a build to fail."""
    kits, linker, *rest = arguments
    if done := subprocess.run([linker, *rest], check=False).returncode:
        return done
    try:
        keep(Path(kits), linker, rest)
    except OSError as error:
        print(f"what the module was linked from is not kept: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
