"""``python -m lab verify`` catches every way of being wrong that the lab promises to catch, and says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from benchmarks import registry
from benchmarks.contract import structure
from lab.verify import verify

Function = Callable[..., Any]
APP = typer.Typer()
APP.command()(verify)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def patch(monkeypatch: pytest.MonkeyPatch, kernel: str, name: str, spoil: Callable[[Function], Function]) -> None:
    """Have the registry hand out a spoilt form of one implementation of one kernel."""
    right = registry.resolve

    def resolve(asked: Any, implementation: str) -> Any:
        function = right(asked, implementation)
        assert function is not None, f"{implementation} is missing"
        return spoil(function) if (asked.name, implementation) == (kernel, name) else function

    monkeypatch.setattr(registry, "resolve", resolve)


def nan_is_zero(function: Function) -> Function:
    def spoilt(x: Any, *rest: Any, **kwargs: Any) -> Any:
        if isinstance(x, np.ndarray) and x.dtype in (np.float32, np.float64) and np.isnan(x).any():
            x = np.where(np.isnan(x), x.dtype.type(0), x)
        return function(x, *rest, **kwargs)

    return spoilt


def wraps_around(function: Function) -> Function:
    def spoilt(a: Any, b: Any, **kwargs: Any) -> Any:
        plain = not set(kwargs) - {"num_threads"}
        result = function(a, b, **kwargs)
        if plain and a.dtype == np.uint16:
            with np.errstate(all="ignore"):
                result[...] = (a - b).astype("f4") / (a.astype("f4") + b.astype("f4"))
        return result

    return spoilt


def upper_middle(function: Function) -> Function:
    def spoilt(x: Any, axis: Any = 0, **kwargs: Any) -> Any:
        result = function(x, axis, **kwargs)
        if not set(kwargs) - {"num_threads"} and x.shape[axis] and not (x.dtype.kind == "f" and np.isnan(x).any()):
            result[...] = np.take(np.sort(x, axis=axis), x.shape[axis] // 2, axis=axis)
        return result

    return spoilt


def depends_on_threads(function: Function) -> Function:
    def spoilt(*arrays: Any, num_threads: int = 1, **kwargs: Any) -> Any:
        result = function(*arrays, num_threads=num_threads, **kwargs)
        one = result[0] if isinstance(result, tuple) else result
        if num_threads > 1 and one.size:
            one.flat[-1] = np.nextafter(one.flat[-1], np.inf, dtype=one.dtype)
        return result

    return spoilt


def modifies_its_input(function: Function) -> Function:
    def spoilt(x: Any, *rest: Any, **kwargs: Any) -> Any:
        result = function(x, *rest, **kwargs)
        if x.flags.writeable and x.size:
            x[(0,) * x.ndim] += 1
        return result

    return spoilt


def copies(function: Function) -> Function:
    def spoilt(x: Any, *rest: Any, **kwargs: Any) -> Any:
        if isinstance(x, np.ndarray) and not x.flags.c_contiguous and x.size > 2**20:
            x = np.ascontiguousarray(x)
        return function(x, *rest, **kwargs)

    return spoilt


def accepts_overlap(function: Function) -> Function:
    def spoilt(*arrays: Any, out: Any = None, **kwargs: Any) -> Any:
        try:
            return function(*arrays, out=out, **kwargs)
        except ValueError:
            given = (*arrays, kwargs.get("qa"))
            if not any(isinstance(array, np.ndarray) and np.shares_memory(array, out) for array in given):
                raise
            out[...] = function(*arrays, **kwargs)
            return out

    return spoilt


def warns(function: Function) -> Function:
    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        result = function(*arrays, **kwargs)
        np.divide(np.ones(1), np.zeros(1))
        return result

    return spoilt


def counts_one_less(function: Function) -> Function:
    def spoilt(*arrays: Any, **kwargs: Any) -> Any:
        result = function(*arrays, **kwargs)
        count = result[2]
        np.subtract(count, 1, out=count, where=count > 5)
        return result

    return spoilt


def returns_a_list(function: Function) -> Function:
    return lambda *arrays, **kwargs: list(function(*arrays, **kwargs))


def keeps_every_class(function: Function) -> Function:
    def spoilt(dn: Any, *, qa: Any = None, keep: Any = None, **kwargs: Any) -> Any:
        plain = isinstance(qa, np.ndarray) and isinstance(keep, range | tuple)
        return function(dn, qa=qa, keep=range(256) if plain else keep, **kwargs)

    return spoilt


def fuses(function: Function) -> Function:
    """Multiply and add with one rounding."""

    def spoilt(dn: Any, *, scale: Any, offset: Any, **kwargs: Any) -> Any:
        result = function(dn, scale=scale, offset=offset, **kwargs)
        if set(kwargs) <= {"nodata", "num_threads"} and kwargs["nodata"] is None and type(scale) is float:
            with np.errstate(all="ignore"):
                result[...] = dn * np.float64(np.float32(scale)) + np.float64(np.float32(offset))
        return result

    return spoilt


SABOTAGE = [
    ("NaN taken as a value", nan_is_zero, ("normalized_difference", "numpy", "float64", "nan-first-array")),
    ("NaN taken as a value", nan_is_zero, ("temporal_median", "numba", "float64", "gaps-random")),
    ("uint16 wrap-around", wraps_around, ("normalized_difference", "rust", "uint16", "first-below-second")),
    ("median index off by one", upper_middle, ("temporal_median", "rust", "float64", "steps-12-clean")),
    ("median index off by one", upper_middle, ("temporal_median", "numpy_naive", "uint8", "steps-12-clean")),
    ("thread-dependent result", depends_on_threads, ("normalized_difference", "rust", "float64", "plain")),
    ("thread-dependent result", depends_on_threads, ("temporal_median", "numba", "int16", "large")),
    ("modified input", modifies_its_input, ("temporal_median", "numpy", "uint8", "gaps-none")),
    ("modified input", modifies_its_input, ("normalized_difference", "numba", "int16", "layout-sliced")),
    ("hidden copy", copies, ("temporal_median", "rust", "uint16", "hidden-copy-time-last")),
    ("hidden copy", copies, ("normalized_difference", "numba", "float32", "hidden-copy-sliced")),
    ("overlap accepted", accepts_overlap, ("normalized_difference", "rust", "float64", "overlap-0-reversed")),
    ("overlap accepted", accepts_overlap, ("temporal_median", "numpy", "float64", "overlap-0-same-start")),
    ("thread-dependent result", depends_on_threads, ("temporal_stats", "rust", "float32", "gaps-none")),
    ("modified input", modifies_its_input, ("evi", "numpy", "float64", "plain")),
    ("hidden copy", copies, ("mask_and_scale", "numpy", "int16", "hidden-copy-sliced")),
    ("hidden copy", copies, ("temporal_stats", "numpy", "uint8", "hidden-copy-sliced")),
    ("overlap accepted", accepts_overlap, ("mask_and_scale", "numpy", "int16", "overlap-qa-0-bytes-late")),
    ("count of values off by one", counts_one_less, ("temporal_stats", "numpy", "int16", "gaps-first-date")),
    ("list returned", returns_a_list, ("temporal_stats", "numpy", "int16", "out-c")),
    ("classes taken to be clear", keeps_every_class, ("mask_and_scale", "numpy", "uint16", "qa-keep-scene-classes")),
    ("fused multiply-add", fuses, ("mask_and_scale", "numpy", "uint16", "scaling-sentinel-2-every-count")),
    ("warning", warns, ("normalized_difference", "numpy", "float64", "plain")),
]


@pytest.mark.parametrize(("spoil", "where"), [row[1:] for row in SABOTAGE], ids=[row[0] for row in SABOTAGE])
def test_verify_catches(
    spoil: Callable[[Function], Function], where: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, name, dtype, case = where
    if spoil is copies and (reason := structure.unmeasurable()):
        pytest.skip(reason)
    patch(monkeypatch, kernel, name, spoil)
    result = run(kernel, "--implementation", name, "--dtype", dtype)
    assert result.exit_code == 1
    assert f"BREACH {kernel} {name} {dtype} {case}: " in result.stdout


@pytest.mark.parametrize("kernel", sorted({where[0] for *_, where in SABOTAGE}))
def test_verify_passes_what_nobody_spoilt(kernel: str) -> None:
    dtype = next(iter(registry.get(kernel).contract.dtypes))
    result = run(kernel, "-i", "numpy", "-i", "rust", "-d", dtype)
    assert result.exit_code == 0, result.stdout
    assert "BREACH" not in result.stdout


def test_verify_prints_json_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "temporal_median", "numpy", upper_middle)
    result = run("temporal_median", "--json", "-i", "numpy", "-d", "float64")
    assert result.exit_code == 1
    verdicts = json.loads(result.stdout)
    fields = {"kernel", "implementation", "dtype", "case", "status", "detail", "max_ulp", "breaches"}
    assert all(set(verdict) == fields for verdict in verdicts)
    failed = [verdict for verdict in verdicts if verdict["status"] == "failed"]
    assert {verdict["implementation"] for verdict in failed} == {"numpy"}
    assert "steps-12-clean" in {verdict["case"] for verdict in failed}


def test_verify_fails_on_an_implementation_that_the_wheel_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "resolve", lambda _kernel, _name: None)
    result = run("temporal_median", "-i", "rust", "-d", "float32")
    assert result.exit_code == 1
    assert "BREACH temporal_median rust float32 resolve: missing: no eokernels._rust.temporal_median" in result.stdout


def test_verify_fails_on_an_implementation_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_kernel: Any, _name: str) -> Any:
        raise ImportError("undefined symbol: median")

    monkeypatch.setattr(registry, "resolve", broken)
    result = run("temporal_median", "-i", "rust", "-d", "float32")
    assert result.exit_code == 1
    assert "rust float32 resolve: cannot be imported: ImportError: undefined symbol: median" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("ndvi",), "'ndvi'"), (("-i", "fortran"), "'fortran'"), (("-d", "int8"), "'int8'")],
)
def test_verify_refuses_names_that_there_are_not(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
