"""``lab new`` writes valid, honest skeletons, or nothing."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import registry
from benchmarks.kernels import _shared
from inputs import dimensions, families
from inputs.host import surroundings
from inputs.host.cache import cache_dir
from lab import __main__ as door
from lab import new

ROOT = Path(__file__).resolve().parents[2]
KERNEL = "evi_like"
NO_FAMILY = "no-family"
"""No family can have that name, as it is no module's."""
SIDES = ("numpy", "numba")
LONGEST = "k" * new.LONGEST_NAME
FAMILIES = tuple(families.FAMILIES)
LIST = (ROOT / new.LIST).read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a directory with the list of kernels alone."""
    target = tmp_path / "checkout" / new.LIST
    target.parent.mkdir(parents=True)
    target.write_text(LIST, encoding="utf-8")
    return tmp_path / "checkout"


def files(root: Path) -> set[str]:
    """Return all files but the list, which must be as it was unless a kernel was written."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {str(new.LIST)}


def is_untouched(root: Path) -> bool:
    return not files(root) and (root / new.LIST).read_text(encoding="utf-8") == LIST


def put(root: Path, family: str, kernel: str = KERNEL) -> None:
    """Write the skeletons of a kernel."""
    (root / new.LIST).parent.mkdir(parents=True, exist_ok=True)
    found = families.get(family)
    new.write(new.render(kernel, found), new.listing(LIST, kernel, found.usual.signature), root)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_files_and_the_line_in_the_list(family: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", KERNEL, "--family", family, "--root", str(checkout)]) == 0
    assert files(checkout) == {pattern.format(kernel=KERNEL) for pattern in new.FILES}
    listed = (checkout / new.LIST).read_text(encoding="utf-8")
    line = f'            {KERNEL}: "{families.get(family).usual.signature}";\n'
    assert listed.replace(line, "") == LIST
    names = re.findall(r'^ +(\w+): "', listed, re.MULTILINE)
    assert KERNEL in names
    assert names == sorted(names)
    said = capsys.readouterr().out
    assert said.index("make quick") < said.index("lab derive") < said.index(f"lab verify {KERNEL}")


@pytest.mark.parametrize("kernel", ["aa", "k", "zz"])
def test_a_line_goes_where_the_alphabet_has_it(kernel: str) -> None:
    before, after = (re.findall(r'^ +(\w+): "', text, re.MULTILINE) for text in (LIST, new.listing(LIST, kernel, "")))
    assert after == sorted([*before, kernel])


def test_what_is_listed_is_not_listed_again() -> None:
    with pytest.raises(ValueError, match="'evi' cannot be listed"):
        new.listing(LIST, "evi", "()->()")


def test_an_unknown_family_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", KERNEL, "--family", NO_FAMILY, "--root", str(checkout)]) == 2
    said = capsys.readouterr().err
    assert NO_FAMILY in said
    assert all(family in said for family in FAMILIES)
    assert is_untouched(checkout)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_kernel_of_a_family_has_skeletons_too(
    family: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(families.FAMILIES, NO_FAMILY, replace(families.get(family), name=NO_FAMILY))
    assert door.main(["new", KERNEL, "--family", NO_FAMILY, "--root", str(checkout)]) == 0
    assert files(checkout) == {pattern.format(kernel=KERNEL) for pattern in new.FILES}
    (like,) = re.findall(r"`(\w+)\.rs` shows", (checkout / f"kernels_rs/src/python/signatures/{KERNEL}.rs").read_text())
    assert registry.get(like).dimensions.core == dimensions.parse(families.get(family).usual.signature).core


@pytest.mark.parametrize(
    ("usual", "said"),
    [
        ({"more": ("axis", "radius")}, r"radius .*KNOWN of lab/skeleton\.py"),
        ({"signature": "(w)->()"}, r"'\(w\)->\(\)'.*NAMES in inputs/dimensions\.py"),
    ],
)
def test_what_no_family_had_before_names_its_table(
    usual: dict[str, Any],
    said: str,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    like = families.get("temporal")
    monkeypatch.setitem(families.FAMILIES, NO_FAMILY, replace(like, name=NO_FAMILY, usual=replace(like.usual, **usual)))
    assert door.main(["new", KERNEL, "--family", NO_FAMILY, "--root", str(checkout)]) == 2
    assert re.search(said, " ".join(capsys.readouterr().err.split()))
    assert is_untouched(checkout)


def test_what_it_says_to_do_next_works_as_typed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", KERNEL, "--root", str(checkout)]) == 0
    commands = re.findall(r"^    (\S.*?)(?:  |$)", capsys.readouterr().out, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 4
    for program, *rest in map(str.split, commands):
        if program == "make":
            assert set(rest) <= set(targets)
        else:
            assert (program, rest[:2]) == (".venv/bin/python", ["-m", "lab"])
            assert rest[2] in door.VERBS


def test_a_directory_without_the_list_is_no_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", KERNEL, "--root", str(tmp_path)]) == 2
    assert "list of kernels" in capsys.readouterr().err
    assert not files(tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_sides_take_the_same(family: str, tmp_path: Path) -> None:
    put(tmp_path, family)
    numpy_side, numba_side = (load(tmp_path / f"reference_py/eokernels/impl_{side}/{KERNEL}.py") for side in SIDES)
    compiled = (tmp_path / f"kernels_rs/src/python/signatures/{KERNEL}.rs").read_text(encoding="utf-8")
    (said,) = re.findall(r"signature = \((.*)\)\)\]", compiled)
    taken = inspect.signature(getattr(numba_side, KERNEL)).replace(return_annotation=inspect.Signature.empty)
    assert str(taken) == f"({said})"
    declared = load(tmp_path / f"benchmarks/kernels/{KERNEL}.py").KERNEL
    asked = list(inspect.signature(declared.oracle).parameters)
    assert [name for name in taken.parameters if name not in ("out", "num_threads")] == asked
    for name in (KERNEL, f"{KERNEL}_naive"):
        assert [*inspect.signature(getattr(numpy_side, name)).parameters] == [*asked, "out"]


@pytest.mark.parametrize("kernel", ["k", KERNEL, LONGEST])
@pytest.mark.parametrize("family", FAMILIES)
def test_skeletons_pass_ruff(kernel: str, family: str, tmp_path: Path) -> None:
    put(tmp_path, family, kernel)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        run = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_skeletons_type_check(tmp_path: Path) -> None:
    for family in FAMILIES:  # all at once, as mypy reads NumPy's types anew each time
        put(tmp_path, family, f"{KERNEL}_{family}")
    targets = [str(tmp_path / f"benchmarks/kernels/{KERNEL}_{family}.py") for family in FAMILIES]
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "mypy"), *targets]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("kernel", ["k", KERNEL, LONGEST])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not on the PATH")
def test_the_rust_skeleton_passes_rustfmt(kernel: str, family: str, tmp_path: Path) -> None:
    put(tmp_path, family, kernel)
    configuration = ROOT / "kernels_rs" / "rustfmt.toml"
    shutil.copy(configuration, tmp_path)
    written = sorted(str(path) for path in (tmp_path / "kernels_rs/src").rglob("*.rs") if path.name != "mod.rs")
    command = ["rustfmt", "--check", *written]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", SIDES)
def test_implementations_say_that_they_are_not_written(side: str, family: str, tmp_path: Path) -> None:
    put(tmp_path, family)
    module = load(tmp_path / f"reference_py/eokernels/impl_{side}/{KERNEL}.py")
    arguments, keywords = called(getattr(module, KERNEL))
    with pytest.raises(NotImplementedError, match=f"{KERNEL}: .* not written yet"):
        getattr(module, KERNEL)(*arguments, **keywords)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_declaration_is_a_kernel_without_an_oracle(family: str, tmp_path: Path) -> None:
    put(tmp_path, family)
    kernel = load(tmp_path / f"benchmarks/kernels/{KERNEL}.py").KERNEL
    assert (kernel.name, kernel.family) == (KERNEL, family)
    arguments, keywords = called(kernel.oracle)
    with pytest.raises(NotImplementedError, match=KERNEL):
        kernel.oracle(*arguments, **keywords)


def called(function: Any) -> tuple[list[None], dict[str, None]]:
    """Return arguments for what has no default."""
    bare = [one for one in inspect.signature(function).parameters.values() if one.default is one.empty]
    given = {one.name: None for one in bare if one.kind is one.KEYWORD_ONLY}
    return [None] * (len(bare) - len(given)), given


def test_the_skeleton_of_an_index_says_where_the_rule_of_added_constants_stands(tmp_path: Path) -> None:
    put(tmp_path, "elementwise")
    text = (tmp_path / f"benchmarks/kernels/{KERNEL}.py").read_text(encoding="utf-8")
    for word in ("reflectance", "for_integers", "shift", "evi.py", "meant"):
        assert word in text
    for name in ("missing", "meant", "output_dtype"):
        assert hasattr(_shared, name)
    assert registry.get("evi").for_integers


@pytest.mark.parametrize("wrong", ["", "NDVI", "2nd", "a-b", "a b", "../x", "été", "_x", "k" * (new.LONGEST_NAME + 1)])
def test_a_name_that_is_no_identifier_is_refused(wrong: str, checkout: Path) -> None:
    assert door.main(["new", "--root", str(checkout), "--", wrong]) == 2
    assert is_untouched(checkout)


@pytest.mark.parametrize("word", ["lambda", "match", "fn", "impl", "eokernels"])
def test_a_reserved_word_is_refused(word: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["new", word, "--root", str(checkout)]) == 2
    assert repr(word) in capsys.readouterr().err
    assert is_untouched(checkout)


@pytest.mark.parametrize("room", ["kernels", "python/signatures"])
@pytest.mark.parametrize("existing", ["normalized_difference"])
def test_a_rust_module_that_exists_is_refused(
    existing: str, room: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"kernels_rs/src/{room}/{existing}.rs"
    module = checkout / name
    module.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / name, module)
    assert door.main(["new", existing, "--root", str(checkout)]) == 2
    said = capsys.readouterr().err
    assert name in said
    assert files(checkout) == {name}


def test_one_existing_file_and_nothing_is_written(checkout: Path) -> None:
    declaration = checkout / f"benchmarks/kernels/{KERNEL}.py"
    declaration.parent.mkdir(parents=True)
    declaration.write_text("KERNEL = None\n", encoding="utf-8")
    assert door.main(["new", KERNEL, "--root", str(checkout)]) == 2
    assert files(checkout) == {f"benchmarks/kernels/{KERNEL}.py"}
    assert declaration.read_text(encoding="utf-8") == "KERNEL = None\n"


def test_a_failure_half_way_leaves_nothing(checkout: Path) -> None:
    (checkout / "benchmarks").write_text("a file where a folder should be\n", encoding="utf-8")
    assert door.main(["new", KERNEL, "--root", str(checkout)]) == 2
    assert files(checkout) == {"benchmarks"}


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"skeleton_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python_skeletons_parse_on_the_oldest_python() -> None:
    for skeleton in new.render(KERNEL, families.get("temporal")):
        if skeleton.path.suffix == ".py":
            ast.parse(skeleton.text, feature_version=(3, 11))


@pytest.mark.slow
def test_a_checkout_with_a_skeleton_of_every_family_is_sound_and_says_what_is_not_written(tmp_path: Path) -> None:
    """A copy of the checkout, one quick build for all families."""
    clone, names = tmp_path / "clone", [f"{family}_like" for family in FAMILIES]
    kept = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True, env=surroundings.tools()).split("\n")
    for name in filter(None, kept):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    python = str(environment(tmp_path / "environment"))
    cache = cache_dir() / "new-checkout"

    def run(*command: str, where: Path = clone, expected: int = 0) -> str:
        settings = {"EOLAB_CACHE": str(cache), "CARGO_TARGET_DIR": f"{cache}/target", "PYO3_PYTHON": python}
        done = subprocess.run(command, cwd=where, env=surroundings.tools(**settings), capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == expected, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    for name, family in zip(names, FAMILIES, strict=True):
        run(python, "-m", "lab", "new", name, "--family", family)
    run(python, "benchmarks/environment/quick_build.py")
    assert "build once more" in run(python, "-m", "lab", "derive")
    run(python, "benchmarks/environment/quick_build.py")
    for check in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]):
        run(python, "-m", *check)
    crate = clone / "kernels_rs"
    run("rustfmt", "--check", *map(str, sorted((crate / "src").rglob("*_like.rs"))))
    run("cargo", "clippy", "--quiet", "--locked", "--all-targets", "--", "-D", "warnings", where=crate)
    run("cargo", "test", "--quiet", "--locked", "--no-default-features", where=crate)
    run(python, "-m", "pytest", "-q", "tests/registry", "-k", " or ".join(names))
    for name in names:
        said = run(python, "-m", "lab", "verify", name, expected=2)
        assert said.strip() == f"error: {name}: the oracle is not written yet"


def environment(where: Path) -> Path:
    """Return the Python of a new environment that has all that this one has, and takes a wheel of its own."""
    subprocess.run([sys.executable, "-m", "venv", where], check=True, env=surroundings.tools())
    (packages,) = where.glob("lib/python*/site-packages")
    (packages / "beside.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    for tool in ("maturin",):
        found = Path(sys.executable).with_name(tool)
        (where / "bin" / tool).symlink_to(found)
    return where / "bin" / "python"
