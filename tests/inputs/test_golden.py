"""The stored golden values are what the script that makes them would write."""

from __future__ import annotations

import json
from importlib import util
from typing import Any

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.kernels._goldens import STORED, goldens
from inputs.golden import make

FILE = json.loads(STORED.read_text(encoding="utf-8"))
PAIRS = list(zip(make.RECIPES, FILE["values"], strict=True))


def test_the_file_names_the_versions_it_was_made_with() -> None:
    used = {recipe.package for recipe in make.RECIPES} - {""}
    assert used <= set(FILE["made_with"])
    for recipe in make.RECIPES:
        if recipe.package and recipe.package in recipe.source and any(char.isdigit() for char in recipe.source):
            assert f"{recipe.package} {FILE['made_with'][recipe.package].rpartition('.')[0]}" in recipe.source


@pytest.mark.parametrize(("recipe", "stored"), PAIRS, ids=[f"{r.kernel}-{r.name}" for r in make.RECIPES])
def test_what_is_stored_follows_its_recipe(recipe: make.Recipe, stored: dict[str, Any]) -> None:
    # Through JSON, as tuples and integers that are floats come back from it.
    assert json.loads(json.dumps(make.entry(recipe))) == {k: v for k, v in stored.items() if k != "expected"}
    if recipe.package and util.find_spec(recipe.package) is None:
        pytest.skip(f"{recipe.package} is not installed; inputs/golden/make.py asked it")
    answer = json.loads(json.dumps(make.answer(recipe)))
    np.testing.assert_allclose(flat(answer), flat(stored["expected"]), rtol=1e-15, equal_nan=True)


def flat(value: Any) -> list[float]:
    """Return the numbers of nested lists, null as NaN."""
    if isinstance(value, list):
        return [number for item in value for number in flat(item)]
    return [np.nan if value is None else float(value)]


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_declaration_has_the_stored_values_of_its_name(kernel: Any) -> None:
    """It may have others that stand in it."""
    own = {golden.name: golden for golden in kernel.golden}
    assert len(own) == len(kernel.golden) > 0
    assert [golden.name for golden in goldens(kernel.name)] == [r.name for r in make.RECIPES if r.kernel == kernel.name]
    assert {golden.name for golden in goldens(kernel.name)} <= own.keys()
    for golden in kernel.golden:
        assert golden.dtype in kernel.contract.dtypes
        assert set(golden.kwargs) >= set(kernel.required), "required keywords are part of a golden call"


def test_a_golden_value_is_no_bare_zero_or_nan() -> None:
    for _recipe, stored in PAIRS:
        assert any(number and np.isfinite(number) for number in flat(stored["expected"])), stored["name"]
