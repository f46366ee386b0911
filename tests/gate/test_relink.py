"""Another link of a module has its functions elsewhere; what cannot be linked again is said, and decides nothing."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks import ROOT
from benchmarks.environment import kits, linking, wheel
from benchmarks.gate import builds, relink
from benchmarks.gate.builds import Build
from benchmarks.gate.course import Course
from benchmarks.gate.injections import Injection, injected
from benchmarks.gate.lines import Cell, read_pairs
from benchmarks.gate.plan import make_plan
from benchmarks.pairing.stage import robust_s
from benchmarks.registry import KERNELS
from inputs.host.cache import CACHE
from lab.gate_run import GateRun

CELL = Cell("normalized_difference", "f32_256", "rust")
FUNCTIONS = 40


def lld() -> str:
    """Return the directory in which the Rust toolchain has its LLD as GCC calls it."""
    try:
        root = subprocess.run(
            ["rustc", "--print", "sysroot"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no Rust toolchain, whose LLD links")
    found = sorted(Path(root.strip()).glob("lib/rustlib/*/bin/gcc-ld/ld.lld"))
    if not found:
        pytest.skip("this Rust toolchain has no LLD")
    return str(found[0].parent)


def name(kernel: str, number: int) -> str:
    """Return a function's name as the compiler mangles that of a kernel."""
    return f"_RNvNtNtCs1_5__rust7kernels{len(kernel)}{kernel}3f{number:02d}"


@dataclass(frozen=True)
class Linked:
    """A build, and its module's kit."""

    build: Build
    kit: Path


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """Return a build of a small module of two kernels, linked as the compiler links."""
    cc = shutil.which("cc")
    if cc is None:
        pytest.skip("there is no C compiler, which makes the module of this test")
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    bodies = [
        f"int {name(kernel, k)}(int x) {{ int s = {k}; for (int i = 0; i < x; i++) s += i ^ {7 * k + 1}; return s; }}"
        for kernel in ("evi", "savi")
        for k in range(FUNCTIONS)
    ]
    (tmp_path / "m.c").write_text("\n".join(bodies), encoding="utf-8")
    made = tmp_path / linking.MODULE
    flags = ["-c", "-O1", "-fPIC", "-ffunction-sections"]
    subprocess.run([cc, *flags, str(tmp_path / "m.c"), "-o", str(tmp_path / "m.o")], check=True)
    words = [f"-B{lld()}", linking.BY_LLD, "-shared", "-o", str(made), str(tmp_path / "m.o")]
    kits = tmp_path / "cache" / linking.KITS
    assert linking.main([str(kits), cc, *words]) == 0
    (tmp_path / "m.o").unlink()
    (tmp_path / "tree" / builds.PACKAGE).mkdir(parents=True)
    (tmp_path / "tree" / "eokernels-0.dist-info").mkdir()
    (tmp_path / "tree" / "eokernels-0.dist-info" / "RECORD").touch()
    made.replace(tmp_path / "tree" / builds.PACKAGE / "_rust.abi3.so")
    (kit,) = kits.iterdir()
    plain = Build("a" * 40, "a module", "", tmp_path / "tree")
    return Linked(builds.remade(plain, plain.subject, lambda _: None), kit)


def places(build: Build) -> dict[str, int]:
    return dict(relink.addresses(relink.module_of(build)))


def answers(build: Build) -> list[int]:
    module = ctypes.CDLL(str(relink.module_of(build)))
    return [getattr(module, name(kernel, k))(5) for kernel in ("evi", "savi") for k in range(FUNCTIONS)]


def test_the_same_functions_lie_elsewhere_and_answer_alike(linked: Linked) -> None:
    again = relink.relinked(linked.build, 1)
    assert again.digest != linked.build.digest
    assert again.subject == "a module + linked with seed 1"
    before, after = places(linked.build), places(again)
    assert before.keys() == after.keys()
    assert sum(before[one] != after[one] for one in before) > FUNCTIONS
    assert all(relink.moved(before, after, kernel) for kernel in ("evi", "savi"))
    assert answers(linked.build) == answers(again)


def test_a_seed_gives_one_link_and_another_seed_another(linked: Linked) -> None:
    first = relink.relinked(linked.build, 1)
    assert relink.relinked(linked.build, 1) == first
    assert relink.relinked(linked.build, 2).digest != first.digest


def test_what_was_linked_again_can_be_linked_again(linked: Linked) -> None:
    first = relink.relinked(linked.build, 1)
    second = relink.relinked(first, 2)
    assert relink.moved(places(first), places(second), "evi")
    assert answers(second) == answers(linked.build)


def test_the_wheel_of_another_link_is_whole(linked: Linked) -> None:
    again = relink.relinked(linked.build, 1)
    listed = (again.folder / "eokernels-0.dist-info" / "RECORD").read_text(encoding="utf-8")
    module = relink.module_of(again)
    assert wheel._hash(module) in listed
    assert linked.build.digest != again.digest


@pytest.mark.parametrize("seed", [0, -1, 1 << 32])
def test_a_seed_that_the_linker_takes_for_something_else_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"seed: was {seed}"):
        relink.relinked(Build("a" * 40, "", "", Path("/nowhere")), seed)


def test_a_kit_that_is_gone_is_an_error(linked: Linked) -> None:
    shutil.rmtree(linked.kit)
    with pytest.raises(OSError, match="what the module of aaaaaaaa was linked from is not in"):
        relink.relinked(linked.build, 1)


def test_a_kit_that_gives_another_module_is_refused(linked: Linked) -> None:
    path = linked.kit / linking.KIT
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"-shared"', '"-shared",\n "-Wl,--hash-style=sysv"'), encoding="utf-8")
    with pytest.raises(OSError, match="gives another module than that of aaaaaaaa"):
        relink.relinked(linked.build, 1)


@pytest.mark.parametrize(
    ("text", "said"), [("[", "is damaged"), ('{"a": 1}', "is no list of words"), ("[]", "no list")]
)
def test_a_kit_that_cannot_be_read_is_named(linked: Linked, text: str, said: str) -> None:
    (linked.kit / linking.KIT).write_text(text, encoding="utf-8")
    with pytest.raises(OSError, match=said):
        relink.relinked(linked.build, 1)


def test_what_the_linker_complains_about_is_told(linked: Linked) -> None:
    for copied in linked.kit.glob("*.o"):
        copied.unlink()
    with pytest.raises(OSError, match=r"ended with 1: .*m\.o"):
        relink.relinked(linked.build, 1)


def test_a_build_without_a_module_and_a_file_of_another_kind_are_errors(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="has 0 compiled modules"):
        relink.module_of(Build("a" * 40, "", "", tmp_path))
    (tmp_path / "x.so").write_text("no module", encoding="utf-8")
    with pytest.raises(OSError, match="is no ELF file"):
        relink.addresses(tmp_path / "x.so")


@pytest.mark.parametrize(("changed", "counts"), [(0, False), (1, False), (2, True), (4, True)])
def test_a_link_counts_where_half_of_the_functions_lie_elsewhere(changed: int, counts: bool) -> None:
    before = {name("evi", k): 16 for k in range(4)} | {name("savi", 0): 0, "_RNvNtCs1_5__rust4algo3sum": 0}
    after = {one: 48 if k < changed else place for k, (one, place) in enumerate(before.items())}
    assert relink.moved(before, after, "evi") is counts
    assert not relink.moved(before, after, "savi")
    assert not relink.moved(before, dict.fromkeys(before, 5), "no_such"), "of no function nothing is known"


def test_both_builds_are_linked_with_each_seed_and_a_link_counts_where_both_moved(linked: Linked) -> None:
    sides, links = relink.linked_again(linked.build, linked.build, {"evi", "savi", "no_such"})
    assert [link.seed for link in links.links] == list(relink.SEEDS)
    assert [(side.base.digest, side.head.digest) for side in sides] == [(one.base, one.head) for one in links.links]
    assert len({side.base.digest for side in sides}) == len(relink.SEEDS)
    assert all(set(link.moved) <= {"evi", "savi"} for link in links.links)
    assert any(link.moved for link in links.links)


def test_links_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert relink.Links.load(tmp_path) == relink.Links()
    kept = relink.Links((relink.Link(1, "a", "b", ("evi",)), relink.Link(2, "c", "d", ())))
    kept.save(tmp_path)
    assert relink.Links.load(tmp_path) == kept
    assert [kept.counts(number, "evi") for number in range(4)] == [True, False, True, False]
    assert not kept.counts(0, "savi")
    (tmp_path / relink.FILE).write_text('{"links": [{"seed": 1}], "refused": ""}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"relink\.json is not what"):
        relink.Links.load(tmp_path)


# What is installed, and what a gate does with it


def test_every_kernel_has_functions_in_the_real_module(build: Build) -> None:
    found = places(build)
    if not any("5__rust" in one for one in found):
        pytest.skip("the installed module has no names of functions as the compiler gives them on this platform")
    assert {kernel for kernel in KERNELS if not relink._of(found, kernel)} == set()
    assert set(found.values()) <= set(range(relink.LINE))
    assert len(set(found.values())) > 1


def test_the_stage_measures_the_linked_builds_in_turn(build: Build, folder: Path) -> None:
    slow = injected(build, Injection(CELL.kernel, "rust", "spin", 1.0))
    course = Course(folder, build, build, 3)
    course.linked = [relink.Sides(build, slow), relink.Sides(slow, build)]
    assert course.measure([CELL], range(2), "relink")
    slower, faster = (robust_s(pair.head.blocks_s) / robust_s(pair.base.blocks_s) for pair in read_pairs(folder))
    assert slower > 1.3
    assert faster < 1 / 1.3


def test_where_nothing_can_be_linked_again_it_is_said_and_nothing_is_measured(linked: Linked, tmp_path: Path) -> None:
    shutil.rmtree(linked.kit)
    planned = replace(make_plan(linked.build, linked.build, {}, {}), cells={CELL: "asked for"})
    gate = tmp_path / "gate"
    gate.mkdir()
    run = GateRun(planned, gate, float("inf"))
    run._relink(Course(gate, linked.build, linked.build, 3), [CELL])
    known = run._known()
    assert "was linked from is not in" in known.links.refused
    assert read_pairs(gate) == []


@pytest.mark.slow
def test_the_real_wheel_is_linked_again_and_answers_rightly(build: Build, folder: Path) -> None:
    if not kits.place(relink.module_of(build).read_bytes()).is_dir():
        pytest.skip("what the installed module was linked from is not kept; benchmarks.environment.kits keeps it")
    again = relink.relinked(build, 1)
    before, after = places(build), places(again)
    assert sum(relink.moved(before, after, kernel) for kernel in KERNELS) >= 0.9 * len(KERNELS)
    course = Course(folder, build, again, 3)
    assert course.measure([CELL], [0], "screen")
    (pair,) = read_pairs(folder)
    assert (pair.base.status, pair.head.status) == ("ok", "ok"), pair.head.reason
    assert pair.head.blocks_s
