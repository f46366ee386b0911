"""The README's result is replaced between its markers, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_run import TWO, Writer

from benchmarks.registry import KERNELS
from reports.figures.picture import draw, entries
from reports.stats.summary import Summary, summarise
from reports.write.splice import BEGIN, END, block, splice, write

PROSE = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<>\r"))


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return summarise(Writer(tmp_path_factory.mktemp("run"), tier="smoke").write().read(), TWO)


@given(PROSE, PROSE, PROSE, PROSE)
def test_outside_the_markers_nothing_changes(before: str, old: str, after: str, new: str) -> None:
    found = splice(f"{before}{BEGIN}{old}{END}{after}", new)
    assert found.startswith(before + BEGIN)
    assert found.endswith(END + after)
    assert new.strip() in found
    assert splice(found, new) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no markers", "stands in it 0 times"),
        (f"{BEGIN} only", "stands in it 0 times"),
        (f"{BEGIN} {END} {BEGIN}", "stands in it 2 times"),
        (f"{END} {BEGIN}", "comes before"),
    ],
)
def test_markers_that_are_not_a_pair_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        splice(text, "new")


def test_the_block_says_where_its_numbers_come_from(summary: Summary) -> None:
    text = block(summary, TWO)
    calm = "[canary](docs/glossary.md#word-canary): calm."
    for part in ("`01234567`", "AMD EPYC 7B13", "2026-11-22", "in 6 [processes]", calm, "expert NumPy"):
        assert part in text
    assert re.search(r"\n\| `normalized_difference` +\| `f32_2048`", text)
    assert re.search(r"\n\| `temporal_median` +\| `f32_73x480`", text)
    assert "× [" in text.split("Rust against the best peer")[1]
    assert "numexpr" in text
    assert all(text.count(f"`{name}`") == 1 for name in TWO), "each kernel has one row and nothing else"


def caption(text: str) -> str:
    """Return the words below the README's table, without what another run changes."""
    below = text.strip().rpartition("\n")[2]
    measured = re.sub(r"Measured on .+ on [\d-]+, commit `\w+`, in \d+ ", "Measured in ", below)
    return re.sub(r": (calm|noisy|unknown)\.", ": state.", measured)


def test_the_readme_explains_its_table_in_the_words_of_the_command(summary: Summary) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0]
    assert caption(shown) == caption(block(summary, TWO))
    assert caption(shown).count("Measured in [processes]") == caption(shown).count(": state.") == 1


def test_the_picture_has_every_kernel_with_its_limit_and_best_peer(tmp_path: Path) -> None:
    run = Writer(tmp_path, tier="smoke", kernels=KERNELS).write().read()
    shown = entries(KERNELS, summarise(run, KERNELS))
    assert [e.kernel.name for e in shown] == list(KERNELS)
    for entry in shown:
        arms = [c.implementation for c in entry.cells]
        assert arms[:3] == ["numpy_naive", "numba", "rust"]
        assert len(arms) == 4 or not entry.kernel.peers
        assert entry.limit is not None
        assert entry.limit > 1
    labels = {text.get_text() for axes in draw(KERNELS, summarise(run, KERNELS)).axes for text in axes.texts}
    assert any("numexpr" in label for label in labels)
    assert not any("×" in label for label in labels), "the numbers stand in the table, once"


def test_the_same_run_gives_the_same_bytes(summary: Summary, tmp_path: Path) -> None:
    readme, picture = tmp_path / "README.md", tmp_path / "docs" / "report.png"
    readme.write_text(f"# Lab\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    write(summary, TWO, readme, picture)
    first = readme.read_text(), picture.read_bytes()
    write(summary, TWO, readme, picture)
    assert (readme.read_text(), picture.read_bytes()) == first
    assert "old" not in first[0]
    assert first[0].endswith(f"{END}\n\nThe end.\n")
    assert first[1].startswith(b"\x89PNG")


def test_a_readme_without_markers_is_left_alone(summary: Summary, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Lab\n")
    with pytest.raises(ValueError, match="exactly once"):
        write(summary, TWO, readme, tmp_path / "report.png")
    assert readme.read_text() == "# Lab\n"
    assert not (tmp_path / "report.png").exists()
