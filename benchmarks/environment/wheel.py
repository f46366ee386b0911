"""The wheel: built once for a content, found again by it, and recognised where it is installed.

``python benchmarks/environment/wheel.py BUILD_DIR OUT_DIR`` is asv's build command and the Makefile's. It needs the
standard library alone, and in the environment that runs it pip and maturin.

The key of a build is the content of what goes into it (not the commit, the README or a time stamp), with the compiler
and the platform. A build runs on a copy of the sources at one fixed place that is only touched where content differs,
with one Cargo target outside every checkout: so asv's ``git clean`` throws nothing away, and a change of Python alone
compiles no Rust, from whichever directory the build was asked for.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # asv's build command runs this file from anywhere
    sys.path.append(str(ROOT))

from benchmarks.environment import cargo, linking  # noqa: E402
from benchmarks.environment.cargo import compiler as compiler_version  # noqa: E402
from inputs.host import surroundings  # noqa: E402
from inputs.host.cache import cache_dir, locked  # noqa: E402

DISTRIBUTION = "eokernels"

KEYED = ("pyproject.toml", "rust-toolchain.toml", "rust-toolchain", ".cargo", "kernels_rs", "reference_py")
"""What determines a build. Each may be missing in an old commit."""
CARRIED = ("README.md", "LICENSE", "NOTICE")
"""What the build copies into the wheel's metadata without being determined by it."""
RELEASE = {
    "profile": ("release",),
    "opt_level": ("3", "2"),
    "debug_assertions": ("off",),
    "overridden": ("",),
    "rustflags": ("",),
}
"""What `build_info` must say of a wheel that is timed, where it says it."""
SKIPPED_NAMES = frozenset({"target", "__pycache__", ".DS_Store"})
TESTS = Path("kernels_rs/tests")  # a module of the crate only where it is tested
SKIPPED_SUFFIXES = (".pyc", ".so", ".pyd", ".swp")


def wheel_key(tree: Path, compiler: str) -> str:
    """Return the key of the wheel of a source tree: a hash of content, compiler, platform and settings of the build.

    Parameters
    ----------
    tree
        Root of a checkout.
    compiler
        What ``rustc -vV`` says.
    """
    settings = cargo.recipe(tree, stage())
    content = hashlib.sha256(f"{compiler}\n{sys.platform} {platform.machine()}\n{settings}\n".encode())
    for path in sources(tree, KEYED):
        data = path.read_bytes()
        content.update(f"{path.relative_to(tree).as_posix()} {len(data)}\n".encode(errors="surrogateescape"))
        content.update(data)
    return content.hexdigest()[:20]


def sources(tree: Path, names: Iterable[str]) -> list[Path]:
    """Return the files that `names` stand for in a tree, sorted, without build products."""
    found: list[Path] = []
    for top in (tree / name for name in names):
        for path in [top] if top.is_file() else top.rglob("*"):
            inside = path.relative_to(tree)
            is_built = not SKIPPED_NAMES & set(inside.parts) and TESTS not in inside.parents
            if path.is_file() and is_built and not path.name.endswith(SKIPPED_SUFFIXES):
                found.append(path)
    return sorted(found, key=lambda path: path.relative_to(tree).as_posix())


def build(tree: Path) -> Path:
    """Return the wheel of a source tree, from the cache or built now.

    Raises
    ------
    OSError
        If there is no compiler, or the build fails.
    """
    cache = cache_dir()
    folder = cache / "wheels" / wheel_key(tree, compiler_version(tree))
    if found := sorted(folder.glob("*.whl")):  # it need not wait for the build of another
        return found[0]
    with locked(cache / "wheels" / "build"):
        found = sorted(folder.glob("*.whl"))
        if not found:
            mirror(tree, stage())
            cargo.require_same_compiler(tree, stage())
            found = [_build_stage(stage(), folder, cache / "cargo-target")]
    return found[0]


def stage() -> Path:
    """Return the place at which every build runs."""
    return cache_dir() / "wheel-source"


def mirror(tree: Path, copied: Path) -> None:
    """Make `copied` a copy of what a build needs, and touch only files whose content differs: Cargo looks at times."""
    wanted = {path.relative_to(tree): path for path in sources(tree, KEYED + CARRIED)}
    for old in sorted(copied.rglob("*"), reverse=True):
        if old.is_dir():
            if not any(old.iterdir()):
                old.rmdir()
        elif old.relative_to(copied) not in wanted:
            old.unlink()
    for relative, path in wanted.items():
        copy, data = copied / relative, path.read_bytes()
        if not copy.is_file() or copy.read_bytes() != data:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)


def _build_stage(copied: Path, folder: Path, cargo_target: Path) -> Path:
    """Build the copy and move the wheel to its place: one in the cache is always whole, and fit to be timed."""
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    built = cargo.build(copied, cargo_target, scratch, folder.with_name("build.log"), kits=cache_dir() / linking.KITS)
    _require_timeable(built)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.replace(folder)
    return folder / built.name


def _require_timeable(built: Path) -> None:
    """Raise an OSError where a wheel that was just built would be refused when it is to be timed."""
    code = "import sys; sys.path[:0] = sys.argv[1:2]; sys.path += sys.argv[2:]; "
    code += "from benchmarks.environment import wheel; sys.exit(wheel.is_refused(''))"
    with tempfile.TemporaryDirectory(prefix="eolab-wheel-") as unpacked:
        with zipfile.ZipFile(built) as archive:
            archive.extractall(unpacked)
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, unpacked, str(ROOT)], cwd=unpacked, env=surroundings.tools(),
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    if done.returncode:
        built.unlink()
        raise OSError(f"{done.stderr.strip().removeprefix('error: ')}; the wheel is not kept")


def digest(wheel: Path | None = None) -> str:
    """Return the digest of a wheel file, or of the installed wheel: of its package files' hashes, as in RECORD.

    Metadata is left out, since it holds the README; so is what installing adds.

    Raises
    ------
    ValueError
        If nothing is installed, or the file is no wheel.
    """
    rows = _file_rows(wheel) if wheel is not None else installed_rows()
    kept = sorted((name, value) for name, value in rows.items() if _is_content(name))
    if not kept:
        raise ValueError(f"wheel: {wheel or 'what is installed'} has no files with hashes in its RECORD")
    return hashlib.sha256("\n".join(f"{name} {value}" for name, value in kept).encode()).hexdigest()


def _is_content(name: str) -> bool:
    top = name.split("/", 1)[0]
    return not (top.endswith((".dist-info", ".data")) or top in (".", "..") or name.endswith(".pyc"))


def _file_rows(wheel: Path) -> Mapping[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        record = next((name for name in archive.namelist() if name.endswith(".dist-info/RECORD")), None)
        if record is None:
            raise ValueError(f"wheel: {wheel} holds no RECORD")
        return dict(_parse_record(archive.read(record).decode()))


def installed_rows() -> Mapping[str, str]:
    """Return RECORD's rows, with the hash of what really lies there: an edited installation is another wheel."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ValueError(f"wheel: {DISTRIBUTION} is not installed in {sys.executable}") from None
    listed, imported = distribution.locate_file(f"{DISTRIBUTION}/__init__.py"), find_spec(DISTRIBUTION)
    if imported is None or Path(imported.origin or "").resolve() != Path(str(listed)).resolve():
        raise ValueError(f"wheel: {imported and imported.origin} would be imported in place of the installed {listed}")
    rows = dict(_parse_record(distribution.read_text("RECORD") or ""))
    return {name: _hash(Path(str(distribution.locate_file(name)))) for name in rows if _is_content(name)}


def _parse_record(text: str) -> Iterator[tuple[str, str]]:
    for row in csv.reader(text.splitlines()):
        if len(row) == 3 and row[1]:
            yield row[0], row[1]


def _hash(path: Path) -> str:
    if not path.is_file():
        return "missing"
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip('=')}"


def installed_digest() -> str:
    """Return the digest of the installed wheel, or an empty string where there is none."""
    try:
        return digest()
    except ValueError:
        return ""


def require_wheel(expected: str) -> None:
    """Raise an OSError where the installed wheel is another than the one that was planned; empty accepts any."""
    found = installed_digest()
    if expected and found != expected:
        raise OSError(
            f"wheel: {DISTRIBUTION} in {sys.prefix} has the digest {found[:16] or 'none'}, planned was {expected[:16]}"
        )


def require_source(tree: Path = ROOT) -> None:
    """Raise an OSError where the installed wheel is not the one that a source tree builds: its answers are another's.

    A build is found by its key in the cache, where every set-up puts it, and `make quick` one beside it.
    """
    found = installed_digest()
    folder = cache_dir() / "wheels" / wheel_key(tree, compiler_version(tree))
    built = [*folder.glob("*.whl"), *folder.with_name(f"{folder.name}.quick").glob("*.whl")]
    if not any(digest(one) == found for one in built):
        which = _edited(tree) or "Rust sources, or how they are built"
        raise OSError(
            f"wheel: {DISTRIBUTION} in {sys.prefix} is not what this checkout builds (it differs in: {which}); "
            "`make quick` builds and installs it to be checked, `make setup` to be timed"
        )


def _edited(tree: Path) -> str:
    """Return the first Python file in which a tree and the installed package differ; empty where there is none."""
    rows, root = installed_rows(), tree / "reference_py"
    own = {path.relative_to(root).as_posix(): path for path in sources(tree, ("reference_py",))}
    names = sorted(own.keys() | {name for name in rows if name.endswith((".py", ".pyi"))})
    return next((name for name in names if name not in own or rows.get(name) != _hash(own[name])), "")


def require_release() -> None:
    """Raise an OSError where the installed Rust was not built as its commit declares, or for debugging.

    It would be timed as if it were ours. Wheels of old commits say less, and are held to what they say.
    """
    import importlib

    try:
        info = importlib.import_module(DISTRIBUTION).build_info()
    except (ImportError, AttributeError):
        return  # an old commit without Rust, or without build_info: absence shows in its cells
    said = {name: str(value) for name, value in dict(info).items()}
    wrong = [f"{name}: {said[name]}" for name, right in RELEASE.items() if said.get(name, right[0]) not in right]
    if wrong:
        raise OSError(
            f"wheel: {DISTRIBUTION} in {sys.prefix} is a debug build, or not built as its commit declares "
            f"({', '.join(wrong)}); only release builds are timed"
        )


def is_refused(expected: str) -> bool:
    """Tell whether what is installed must not be timed, and say why on standard error."""
    try:
        require_release()
        require_wheel(expected)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return True
    return False


def main(arguments: list[str]) -> int:
    """Build the wheel of a directory and copy it to another."""
    if len(arguments) != 2:
        print("usage: python benchmarks/environment/wheel.py BUILD_DIR OUT_DIR", file=sys.stderr)
        return 2
    try:
        wheel = build(Path(arguments[0]).resolve())
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (out := Path(arguments[1])).mkdir(parents=True, exist_ok=True)
    print(shutil.copy2(wheel, out))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
