"""The lab in the environments of the table in `environments`, in reality."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from environments import ENVIRONMENTS, Environment
from places import Unfit, Workshop

QUICK = [one for one in ENVIRONMENTS if one.quick]
SLOW = [one for one in ENVIRONMENTS if not one.quick]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="module")
def with_asv(workshop: Workshop) -> Iterator[Workshop]:
    with workshop.with_asv():
        yield workshop


def try_out(environment: Environment, workshop: Workshop) -> None:
    try:
        environment.tried(workshop)
    except Unfit as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("environment", QUICK, ids=lambda one: one.name)
def test_it_comes_out_as_it_must(environment: Environment, workshop: Workshop) -> None:
    try_out(environment, workshop)


@pytest.mark.slow
@pytest.mark.parametrize("environment", SLOW, ids=lambda one: one.name)
def test_it_comes_out_as_it_must_with_asv(environment: Environment, with_asv: Workshop) -> None:
    try_out(environment, with_asv)
