"""Core dimensions: how they are written, and what follows from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import registry
from inputs import families
from inputs.dimensions import parse


@pytest.mark.parametrize(
    ("text", "inputs", "optional", "outputs"),
    [
        ("(t)->()", (("t",),), (False,), ((),)),
        ("(t),(t)?->(t)", (("t",), ("t",)), (False, True), (("t",),)),
        ("( ), () -> (), ()", ((), ()), (False, False), ((), ())),
        ("(t,b)->(b)", (("t", "b"),), (False,), (("b",),)),
        ("(n),(n)->(z),(z)", (("n",), ("n",)), (False, False), (("z",), ("z",))),
    ],
)
def test_declarations_are_read(text: str, inputs: object, optional: object, outputs: object) -> None:
    found = parse(text)
    assert (found.inputs, found.optional, found.outputs) == (inputs, optional, outputs)


@pytest.mark.parametrize(
    "text", ["", "(t)", "(t)->", "->()", "t->()", "(t)->()->()", "(t)?->()", "(q)->()", "(t)->(t", "(tt)->()"]
)
def test_what_is_no_declaration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dimensions: was"):
        parse(text)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4).map(tuple))
def test_shapes_follow(shape: tuple[int, ...]) -> None:
    assert parse("(),()->()").output_shapes(shape) == (shape,)
    assert parse("(t)->(),()").output_shapes(shape) == (shape[1:],) * 2
    assert parse("(t),(t)?->(t)").output_shapes(shape) == (shape,)
    assert parse("(n),(n)->(z)").output_shapes(shape, {"z": 12}) == ((12,),)
    assert parse("(t)->()").pixels(shape) * shape[0] == parse("()->()").pixels(shape) == parse("(n)->(z)").pixels(shape)


def test_what_a_kernel_takes_along_its_axes() -> None:
    bands, reduced, smoothed, zoned = map(parse, ("()->()", "(t)->()", "(t)->(t)", "(n)->(z)"))
    assert [one.is_elementwise for one in (bands, reduced, smoothed, zoned)] == [True, False, False, False]
    assert [one.over_time for one in (bands, reduced, smoothed, zoned)] == [False, True, True, False]
    assert [one.keeps_time for one in (bands, reduced, smoothed, zoned)] == [False, False, True, False]
    assert [one.is_cut for one in (bands, reduced, smoothed, zoned)] == [True, True, True, False]
    assert reduced.series_bytes((73, 4, 4), 4) == 292
    assert bands.series_bytes((73, 4, 4), 4) == 0


@pytest.mark.parametrize("kernel", registry.KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_kernel_declares_the_dimensions_of_all_that_it_takes_and_gives(kernel: registry.Kernel) -> None:
    named = tuple(name for name in kernel.companions if name not in kernel.arguments)
    assert len(kernel.dimensions.inputs) == len(kernel.arguments) + len(named)
    assert kernel.dimensions.optional == (False,) * len(kernel.arguments) + (True,) * len(named)
    assert len(kernel.dimensions.outputs) == len(kernel.contract.outputs)
    assert kernel.dimensions.core == families.get(kernel.family).core
    own = {name for output in kernel.dimensions.outputs for name in output}
    assert own <= {*kernel.dimensions.core, *kernel.lengths}


@pytest.mark.parametrize("family", families.FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_has_one_centre_and_knows_its_headlines(family: families.Family) -> None:
    assert sum(case.centre for case in family.cases) == 1
    assert {case.family for case in family.cases} == {family.name}
    assert {case.core for case in family.cases} == {family.core}
    assert set(family.headlines) <= {case.name for case in family.cases}
    assert len({case.name for case in family.cases}) == len(family.cases)
    lead = "t" in family.core
    assert {len(shape) for shape in (*family.small, family.large)} == {2 + lead}
