"""How Cargo is called: with the settings that a commit declares, whatever the caller's variables and files say.

What Cargo obeys beside ``Cargo.toml``, the first that says something: variables, then ``.cargo/config.toml`` in the
directory that it runs in, in those above, and in ``CARGO_HOME``. No variable of the caller's that sets a profile, flags
or a wrapper reaches it (`inputs.host.surroundings`), and of the files, which may name the mirror that the network
needs, `environment` overrules what concerns optimisation. What is left in the files and could change the code is part
of the wheel's key (`foreign`). Standard library alone, like `benchmarks.environment.wheel`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.environment import keeper, linking
from benchmarks.environment.cause import cause
from inputs.host import surroundings

NO_FLAGS = {
    "CARGO_ENCODED_RUSTFLAGS": "",  # overrules `rustflags` of every file
    "RUSTC": "rustc",  # the one whose version is in the wheel's key
    "RUSTC_WRAPPER": "",
    "RUSTC_WORKSPACE_WRAPPER": "",
    "CARGO_INCREMENTAL": "0",
}
"""What is set so that files cannot: flags, another compiler, programs around it, partial compilation."""

RELEASE: Mapping[str, object] = {
    "opt-level": 3,
    "debug": False,
    "debug-assertions": False,
    "overflow-checks": False,
    "lto": False,
    "panic": "unwind",
    "codegen-units": 16,
}
"""Cargo's release profile where ``Cargo.toml`` says nothing, as far as it changes the code."""

COMPRESSION = 9
"""The most that the wheel's format has: it costs a second, and a wheel is stored and sent many times."""

HARMLESS = frozenset(
    ("alias", "cache", "cargo-new", "credential-alias", "doc", "future-incompat-report", "http", "install", "net",
     "registries", "registry", "source", "term")
)  # fmt: skip
"""Tables of Cargo's files that say how it talks, or where sources come from, whose hashes ``Cargo.lock`` has."""


def profile(tree: Path) -> dict[str, str]:
    """Return the release profile that a source tree declares, as the variables that set it."""
    manifest = tree / "kernels_rs" / "Cargo.toml"
    declared = _read(manifest).get("profile", {}).get("release", {}) if manifest.is_file() else {}
    settings = {name: declared.get(name, usual) for name, usual in RELEASE.items()}
    return {f"CARGO_PROFILE_RELEASE_{name.upper().replace('-', '_')}": _text(value) for name, value in settings.items()}


def environment(tree: Path, target: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which the wheel of a tree is built, with Cargo's output in `target`.

    `settings` are variables that overrule the profile which the tree declares.

    No configuration of pip's counts: it needs no network for this, and could hand options to the build. Every
    interpreter gets the same Rust objects, so none is named to PyO3.
    """
    inherited = surroundings.tools(PATH=search_path())
    kept = {name: value for name, value in inherited.items() if not name.startswith("PIP_")}
    pip = {"PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**kept, **pip, **NO_FLAGS, **profile(tree), **(settings or {}), "CARGO_TARGET_DIR": str(target)}


def search_path() -> str:
    """Return PATH with what lies beside this interpreter first: a build calls maturin by its name, and means that."""
    return os.pathsep.join(filter(None, (str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def compiler(tree: Path) -> str:
    """Return what ``rustc -vV`` says in a tree, whose ``rust-toolchain.toml`` it obeys."""
    return said(tree, "rustc", "-vV")


def require_same_compiler(tree: Path, stage: Path) -> None:
    """Raise an OSError where another compiler would build than the one that is in the wheel's key.

    ``rustup override set`` chooses a compiler by directory, and the build runs in another one than that of the sources.
    """
    asked, building = compiler(tree), compiler(stage)
    if asked != building:
        raise OSError(
            f"cargo: {tree} is of {asked.splitlines()[0]}, and {stage}, where it is built, of "
            f"{building.splitlines()[0]}; take back what `rustup override` has set for one of them"
        )


def said(tree: Path, *command: str) -> str:
    """Return what a tool of the Rust toolchain says in a tree, or raise an OSError with what it complains about."""
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=surroundings.tools(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise OSError(
            f"{command[0]} is not on the PATH; a stable Rust toolchain builds the kernels: see rustup"
        ) from None
    if done.returncode:
        raise OSError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def build(
    stage: Path,
    target: Path,
    out: Path,
    log: Path,
    settings: Mapping[str, str] | None = None,
    *,
    kits: Path | None = None,
) -> Path:
    """Build the wheel of the sources in `stage` into the directory `out`, and return it.

    Parameters
    ----------
    stage, target
        The sources, and where Cargo's output goes.
    out, log
        Where the wheel goes, and all that was said.
    settings
        Variables that overrule the profile which the sources declare.
    kits
        Where what the module is linked from is kept (`benchmarks.environment.linking`); None keeps nothing.

    Raises
    ------
    OSError
        If the build fails; the message says why.
    """
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-v"]
    command += ["--config-settings", f"build-args=--compression-level={COMPRESSION}"]
    variables = environment(stage, target, settings)
    with tempfile.TemporaryDirectory(prefix="eolab-linker-") as first:
        if kits is not None and linking.listener(Path(first), kits, variables["PATH"]):
            variables["PATH"] = os.pathsep.join((first, variables["PATH"]))
        done = keeper.run(
            [*command, "-w", str(out), str(stage)], env=variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    log.write_text(done.stdout, encoding="utf-8")
    wheels = sorted(out.glob("*.whl"))
    if done.returncode or not wheels:
        raise OSError(f"pip wheel ended with {done.returncode} ({log}):\n{cause(done.stdout)}")
    return wheels[0]


def recipe(tree: Path, stage: Path, variables: Mapping[str, str] | None = None) -> str:
    """Return all that determines a build beside sources, compiler and platform, as text for the wheel's key.

    Parameters
    ----------
    tree
        The sources, whose profile counts.
    stage
        The directory that Cargo will run in.
    variables
        Those that may pass; this process's own by default.
    """
    passed = surroundings.tools() if variables is None else variables
    linkers = {name: value for name, value in passed.items() if name.endswith("_LINKER")}
    return json.dumps([profile(tree), linkers, *foreign(stage, passed)], sort_keys=True, default=str)


def foreign(stage: Path, variables: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what Cargo's files say that could change the code, in the order in which Cargo obeys them.

    Raises
    ------
    OSError
        For a file that cannot be read as Cargo would read it.
    """
    home = Path(variables.get("CARGO_HOME") or Path(variables["HOME"]) / ".cargo")
    folders = dict.fromkeys([*(above / ".cargo" for above in stage.parents), home])
    files = (_configuration(folder) for folder in folders)
    found = [table for path in files if path is not None for table in _tables(path)]
    return [table for table in found if table]


def _configuration(folder: Path) -> Path | None:
    """Return Cargo's file in a folder, which may bear its old name; that one wins where there are both."""
    return next((path for path in (folder / "config", folder / "config.toml") if path.is_file()), None)


def _tables(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what a file says that could change the code, and what the files say that it includes."""
    said = _read(path)
    included = said.pop("include", [])
    yield {name: value for name, value in said.items() if name not in HARMLESS}
    for entry in [included] if isinstance(included, str) else included:
        other = path.parent / (entry["path"] if isinstance(entry, dict) else entry)
        if other.is_file():
            yield from _tables(other)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OSError(f"cargo: {path} is no TOML file: {error}") from None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
