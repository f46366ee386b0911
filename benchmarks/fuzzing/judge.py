"""Makes a random call and says what was wrong with it: of the exception, the memory, the references, the values."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.calls.comparison import compare_result
from benchmarks.contract import questions
from benchmarks.contract.findings import gives_scalar
from benchmarks.fuzzing.calls import FuzzCall
from benchmarks.fuzzing.options import GOOD_THREADS
from benchmarks.spec import Array, Kernel
from inputs.battery.collection import Call

Function = Callable[..., Any]
REFUSALS = (TypeError, ValueError)
MOST_DIMENSIONS = 32
"""NumPy holds more than it can broadcast, so beyond these it is no reference."""


@dataclass(frozen=True)
class Ruling:
    """What came of one call: whether it was accepted, whether its values were compared, and what was wrong."""

    accepted: bool
    compared: bool
    findings: tuple[str, ...]


def rule(kernel: Kernel, function: Function, call: FuzzCall, reference: Function | None = None) -> Ruling:
    """Make a call and watch it.

    Parameters
    ----------
    kernel
        Its oracle says what is right.
    function
        What is called.
    call
        With what. Whatever it changes is undone afterwards.
    reference
        Another implementation: then both must accept the call or both refuse it, and an answer is compared with the
        oracle's.
    """
    due = None if reference is None else _verdict_of(reference, call)
    expected = _expected(kernel, call) if due else None
    objects = _objects(call)
    counts = [sys.getrefcount(held) for held in objects.values()]
    findings, accepted = [], False
    try:
        result = function(*call.arrays, **call.kwargs)
        accepted = True
    except REFUSALS as error:
        refusal = f"{type(error).__name__}: {error}"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic derives from no Exception
        findings.append(f"raised {type(error).__name__}: {error}")
        refusal = ""
    if accepted:
        findings += _result_findings(kernel, call, result, expected)
        del result
    after = [sys.getrefcount(held) for held in objects.values()]
    if after != counts:
        findings += [
            f"{name}: {b - a:+d} references" for name, a, b in zip(objects, counts, after, strict=True) if a != b
        ]
    if due is not None and due is not accepted and not findings:
        findings.append("accepted what the reference refuses" if accepted else f"refused what it accepts: {refusal}")
    findings += _memory_findings(call, accepted)
    return Ruling(accepted, expected is not None and accepted, tuple(findings))


def _objects(call: FuzzCall) -> dict[str, Any]:
    """Return the arguments that nothing else holds, so that their references can be counted."""
    named = {**{f"argument {k}": held for k, held in enumerate(call.arrays)}, **call.kwargs}
    if isinstance(call.kwargs.get("out"), tuple):
        named |= {f"out[{k}]": held for k, held in enumerate(call.kwargs["out"])}
    return {name: held for name, held in named.items() if isinstance(held, np.ndarray)}


def _verdict_of(reference: Function, call: FuzzCall) -> bool | None:
    """Tell whether another implementation accepts a call; None where it does neither that nor refuse it properly."""
    kwargs = {name: given for name, given in call.kwargs.items() if name != "num_threads"}
    deep = any(isinstance(array, np.ndarray) and array.ndim > MOST_DIMENSIONS for array in call.arrays)
    threads = call.kwargs.get("num_threads", 1)
    if deep or type(threads) is not int or threads not in GOOD_THREADS:
        return None
    try:
        reference(*call.arrays, **kwargs)
    except REFUSALS:
        return False
    except Exception:
        return None
    finally:
        _restore(call)
    return True


def _expected(kernel: Kernel, call: FuzzCall) -> tuple[Array, ...] | None:
    """Return what the oracle says; None of numbers that are good and too large for its arithmetic (ddof of 2⁶⁴)."""
    promises = kernel.contract.promises
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if promises is not None and not promises(call.arrays, call.kwargs):
            return None
        try:
            value = questions.oracle_value(kernel, Call(call.arrays, call.kwargs))
        except OverflowError:
            return None
    return value if isinstance(value, tuple) else (value,)


def _result_findings(kernel: Kernel, call: FuzzCall, result: Any, expected: tuple[Array, ...] | None) -> list[str]:
    out = call.kwargs.get("out")
    if out is not None and result is not out:
        return ["did not return out itself"]
    results = result if isinstance(result, tuple) else (result,)
    due = np.generic if gives_scalar(kernel, Call(call.arrays, call.kwargs)) else np.ndarray
    if len(results) != len(kernel.contract.outputs) or not all(isinstance(one, due) for one in results):
        return [f"returned {type(result).__name__}"]
    if out is None and any(np.may_share_memory(one, np.asarray(made.array)) for one in results for made in call.cuts):
        return ["the fresh result shares memory with an argument"]
    if expected is None:
        return []
    asked = call.kwargs.get("dtype")
    first = kernel.output_dtype(call.arrays[0].dtype.name) if asked is None else np.dtype(asked)
    right = expected if len(expected) > 1 else expected[0]
    seen = compare_result(
        kernel,
        tuple(map(np.asarray, results)) if len(results) > 1 else np.asarray(results[0]),
        right,
        first,
        keywords=call.kwargs,
    )
    return [seen.detail] if seen.detail else []


def _memory_findings(call: FuzzCall, accepted: bool) -> list[str]:
    """Say what was written where it must not be, and undo it."""
    arenas = {id(made.arena): made.arena for made in call.cuts}
    if accepted and "out" in call.kwargs:
        for made in call.outs:
            made.put_back()
    spoilt = [arena for arena in arenas.values() if not arena.is_pristine()]
    for arena in spoilt:
        arena.restore()
    if not spoilt:
        return []
    if not accepted:
        return ["wrote to memory although it raised"]
    return ["wrote to memory beside out" if "out" in call.kwargs else "wrote to the memory of an argument"]


def _restore(call: FuzzCall) -> None:
    for made in call.cuts:
        if not made.arena.is_pristine():
            made.arena.restore()
