"""``lab calibrate`` and its ledger: what was begun goes on where it can, and what cannot be trusted is not mixed in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from synthetic_gate import BASE, World

from benchmarks.asv.machine import this_machine
from benchmarks.environment import jsonlines
from benchmarks.gate import builds, ledger, plan
from benchmarks.gate.ledger import Entry
from benchmarks.gate.lines import PAIRS
from benchmarks.gate.plan import PLAN
from lab import __main__ as door
from lab import calibrate
from lab.calibrate import STATE

Calibrate = Callable[..., int]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Calibrate:
    """Return the command, which measures one pass and is done."""
    monkeypatch.setattr(builds, "build", lambda _: BASE)
    monkeypatch.setattr(ledger, "LEDGER", world.folder / "ledger")

    def one_pass(*options: str) -> int:
        looks = iter((0.0, 0.0, 1e9))
        monkeypatch.setattr(calibrate, "monotonic", lambda: monotonic() + next(looks))
        return door.main(["calibrate", "--kernel", "evi", "--slice", "1h", *options])

    return one_pass


def kept(world: World) -> list[Entry]:
    """Return the ledger, which must have each cell of each gate once."""
    found = ledger.read(book(world))
    assert len({(one.gate, one.cell) for one in found}) == len(found)
    return found


def book(world: World) -> Path:
    return world.folder / "ledger" / f"{this_machine().machine}.jsonl"


def passes(world: World) -> list[Path]:
    return sorted((world.folder / "gates").iterdir())


def interrupted(world: World, run: Calibrate) -> Path:
    """Begin a pass that its slice does not see to the end, and return its directory."""
    world.until_number = 3
    assert run() == 0
    world.until_number = 10**6
    (folder,) = passes(world)
    assert not book(world).is_file()
    return folder


def renamed(folder: Path) -> Path:
    """Give a pass an older name, as another one that begins in the same second would take its own."""
    return folder.rename(folder.with_name("20000101-000000-a-a"))


def test_a_pass_goes_into_the_ledger_when_it_is_whole(world: World, run: Calibrate) -> None:
    folder = interrupted(world, run)
    assert run() == 0
    assert passes(world) == [folder]
    found = kept(world)
    assert len(found) == len(plan.Plan.load(folder).cells) > 10
    assert {(one.kind, one.verdict, one.beside) for one in found} == {("same", "equivalent", "")}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_pass_whose_pairs_were_cut_goes_on(world: World, run: Calibrate, share: float) -> None:
    folder = interrupted(world, run)
    pairs = (folder / PAIRS).read_bytes()
    (folder / PAIRS).write_bytes(pairs[: int(share * len(pairs))])
    assert run() == 0
    assert passes(world) == [folder]
    assert len(kept(world)) == len(plan.Plan.load(folder).cells)


def test_pairs_of_two_processors_are_not_mixed(
    world: World, run: Calibrate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = renamed(interrupted(world, run))
    before = (folder / PAIRS).read_bytes()
    monkeypatch.setattr(plan, "processor", lambda: "another one, 2 of 2 cores")
    assert run() == 0
    assert "was begun on another processor" in capsys.readouterr().err
    assert {one.gate for one in kept(world)} == {passes(world)[1].name}
    assert (folder / PAIRS).read_bytes() == before


def without_plan(folder: Path) -> None:
    (folder / PLAN).unlink()


def cut_plan(folder: Path) -> None:
    text = (folder / PLAN).read_bytes()
    (folder / PLAN).write_bytes(text[: len(text) // 2])


def cut_state(folder: Path) -> None:
    (folder / STATE).write_text('{"kind": "sa')


def old_state(folder: Path) -> None:
    (folder / STATE).write_text("{}")


def broken_pairs(folder: Path) -> None:
    (folder / PAIRS).write_bytes(b"\0\0\0\n" + (folder / PAIRS).read_bytes())


@pytest.mark.parametrize("spoil", [without_plan, cut_plan, cut_state, old_state, broken_pairs])
def test_a_pass_that_cannot_be_read_is_named_once_and_another_begins(
    world: World, run: Calibrate, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = renamed(interrupted(world, run))
    spoil(folder)
    assert run() == 0
    said = capsys.readouterr().err
    assert f"{folder.name} cannot go on, and is set aside" in said
    found = kept(world)
    assert {one.gate for one in found} == {passes(world)[1].name}
    passes(world)[1].rename(folder.with_name("20000102-000000-a-a"))
    assert run() == 0
    assert "set aside" not in capsys.readouterr().err


def test_a_ledger_whose_last_line_was_cut_loses_that_line_alone(
    world: World, run: Calibrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run() == 0
    monkeypatch.setattr(builds, "build", lambda _: replace(BASE, commit="c" * 40))
    whole = book(world).read_bytes()
    book(world).write_bytes(whole[: len(whole) // 2])
    left = kept(world)
    assert 0 < len(left) < 10
    assert run() == 0
    found = kept(world)
    assert found[: len(left)] == left
    assert len(found) == len(left) + len(plan.Plan.load(passes(world)[1]).cells)


@pytest.mark.parametrize("line", ["\0\0\0\0", '{"gate": 1}', '{"gate": "a", '])
def test_a_ledger_that_cannot_be_read_is_named_before_anything_is_measured(
    world: World, run: Calibrate, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    passes(world)[0].rename(world.folder / "gates" / "20000101-000000-a-a")
    spoilt = f"{line}\n".encode() + book(world).read_bytes()
    book(world).write_bytes(spoilt)
    assert run() == 2
    assert str(book(world)) in capsys.readouterr().err
    assert len(passes(world)) == 1
    assert book(world).read_bytes() == spoilt
    assert door.main(["ledger"]) == 2


def test_a_disk_that_fills_while_the_ledger_is_written_loses_nothing(
    world: World, run: Calibrate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right, lines = jsonlines.append, 0

    def full(path: Path, record: Any) -> None:
        nonlocal lines
        lines += 1
        if lines > 5:
            with path.open("ab") as handle:
                handle.write(b'{"gate": "200')
            raise OSError(28, "No space left on device")
        right(path, record)

    monkeypatch.setattr(ledger, "append", full)
    assert run() == 2
    assert "No space left" in capsys.readouterr().err
    assert len(kept(world)) == 5
    monkeypatch.setattr(ledger, "append", right)
    assert run() == 0
    (folder,) = passes(world)
    assert len(kept(world)) == len(plan.Plan.load(folder).cells)


def test_a_load_beside_it_is_in_the_ledger_and_goes_on_with_no_quiet_pass(world: World, run: Calibrate) -> None:
    folder = renamed(interrupted(world, run))
    assert run("--beside", "bursts") == 0
    assert {one.beside for one in kept(world)} == {"bursts"}
    assert not json.loads((folder / STATE).read_text())["done"]
    assert plan.Plan.load(passes(world)[1]).beside == "bursts"


def test_another_wheel_begins_anew(world: World, run: Calibrate, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = renamed(interrupted(world, run))
    monkeypatch.setattr(builds, "build", lambda _: replace(BASE, digest="3" * 64))
    assert run() == 0
    assert {one.gate for one in kept(world)} == {passes(world)[1].name} != {folder.name}


def test_lines_of_the_ledger_from_before_there_were_loads_are_read(world: World, run: Calibrate) -> None:
    assert run() == 0
    lines = [json.loads(line) for line in book(world).read_text().splitlines()]
    assert {line.pop("beside") for line in lines} == {""}
    before = kept(world)
    book(world).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert kept(world) == before
