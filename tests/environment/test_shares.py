"""What each kernel takes of the wheel is what the committed table says, and the wheel stays small."""

from __future__ import annotations

import pytest

from benchmarks.environment import shares
from benchmarks.registry import KERNELS

MOST_BYTES = 3_000_000
"""Of the compressed module."""
TOLERANCE, FEW = 0.1, 16 << 10
"""How far a share may be from the table: so much of it, and so many bytes."""
RENEW = "`python -m lab derive` renews the table; say in the commit why it is worth it"


@pytest.fixture(scope="module")
def now() -> shares.Shares:
    try:
        found = shares.measured()
    except OSError as error:
        pytest.skip(str(error))
    table = shares.kept()
    if (found.target, found.rustc) != (table.target, table.rustc):
        pytest.skip(f"the table is of {table.rustc} for {table.target}, the wheel of {found.rustc} for {found.target}")
    return found


def test_every_kernel_has_a_share(now: shares.Shares) -> None:
    assert set(KERNELS) <= set(now.kernels)


def test_shares_are_those_of_the_table(now: shares.Shares) -> None:
    found, told = now.by_name, shares.kept().by_name
    other = {
        name: f"{told.get(name, 0)} → {found.get(name, 0)} bytes"
        for name in found | told
        if abs(found.get(name, 0) - told.get(name, 0)) > TOLERANCE * told.get(name, 0) + FEW
    }
    assert not other, f"code has grown or shrunk: {other}; {RENEW}"


def test_the_module_is_small(now: shares.Shares) -> None:
    assert now.compressed <= MOST_BYTES, f"{now.compressed} bytes compressed, {MOST_BYTES} at most"


@pytest.mark.parametrize(
    ("name", "owned"),
    [
        ("_RINvNtNtCsar679vHCeCW_5__rust7kernels14mask_and_scale14mask_and_scaleffEB6_", ("kernel", "mask_and_scale")),
        (
            "_RINvNtNtCsar679vHCeCW_5__rust4exec4simd8dispatchINtNtNtB6_7kernels15temporal_median3RuntKj80_EEB6_",
            ("kernel", "temporal_median"),
        ),
        ("_RNCNvNtNtNtCsar679vHCeCW_5__rust6python10signatures3evi3evi0B9_", ("kernel", "evi")),
        ("_RINvMNtNtCsar679vHCeCW_5__rust4exec4paceNtB3_4Pace4walkyEB7_", ("room", "exec")),
        (
            "_RINvNtNtCs9_5__rust4exec4simd8dispatchINtNtNtB6_5drive6passes4OvertNtNtNtB6_4algo4sums4SumEE",
            ("room", "algo"),
        ),
        ("_RNvNtCs9aB3_3std2io5print", ("room", shares.ELSEWHERE)),
    ],
)
def test_functions_belong_to_the_kernel_that_they_name(name: str, owned: tuple[str, str]) -> None:
    assert shares.owner(name) == owned
