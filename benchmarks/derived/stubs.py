"""Type stubs of the compiled module and of ``eokernels.xarray``.

Names, order and defaults come from the compiled signatures, types from what the documentation of an argument says
(``scale : float, optional``), how many results there are from the declaration.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.registry import KERNELS
from benchmarks.spec import Kernel
from inputs.host import surroundings

MARK = "# The rest is written by `python -m lab derive`.\n"

PLAIN: Mapping[str, str] = {
    r"numpy\.ndarray of any integer dtype": "NDArray[np.integer[Any]]",
    r"numpy\.ndarray of bool, or bool": "NDArray[np.bool_] | bool",
    r"numpy\.ndarray( of .*)?": "NDArray[Any]",
    r"(int or )?float": "SupportsFloat",
    r"int": "SupportsIndex",
    r"bool": "bool",
    r"str": "str",
    r"iterable of int": "Iterable[SupportsIndex]",
    r"mapping of int to iterable of int": "Mapping[int, Iterable[SupportsIndex]]",
    r"numpy\.dtype": "DTypeLike",
}
"""What documentation says an argument is → its type in the stub of the compiled module."""

LABELLED: Mapping[str, str] = {
    r"numpy\.ndarray of bool, or bool": "Mask",
    r"numpy\.ndarray of real numbers": "Any",  # datetimes as well
    r"numpy\.ndarray( of .*)?": "xr.DataArray",
    r"(int or )?float": "float",
    r"int": "int",
    r"bool": "bool",
    r"str": "str",
    r"iterable of int": "Iterable[int]",
    r"mapping of int to iterable of int": "Mapping[int, Iterable[int]]",
    r"numpy\.dtype": "Any",
}
"""The same on labelled arrays."""


def told(function: Any) -> dict[str, str]:
    """Return argument → what the documentation says that it is, without a default."""
    heads = re.findall(r"^(\w+(?:, \w+)*) : (.+)$", _arguments(function), re.MULTILINE)
    return {name: re.sub(r",? (optional|default .*|or None)$", "", kind)
            for names, kind in heads for name in names.split(", ")}  # fmt: skip


def _arguments(function: Any) -> str:
    found = re.search(r"\nParameters\n-+\n(.*?)(\n\n\S|\Z)", inspect.getdoc(function) or "", re.DOTALL)
    return found[1] if found else ""


def type_of(name: str, kind: str, types: Mapping[str, str]) -> str:
    """Return the type that stands for a kind.

    Raises
    ------
    ValueError
        If nothing is known of it.
    """
    for pattern, one in types.items():
        if re.fullmatch(pattern, kind):
            return one
    raise ValueError(f"{name} : {kind!r} has no type in benchmarks/derived/stubs.py")


def optional(one: str, parameter: inspect.Parameter, *, may_be_none: bool) -> str:
    """Return a type with None where the argument may be that."""
    takes_none = (parameter.default is None or may_be_none) and one not in ("Any", "Mask")
    return f"{one} | None" if takes_none else one


def plain() -> str:
    """Return the stub of the kernels in the compiled module, and what it hands to whoever imports all."""
    module: Any = import_module("eokernels._rust")
    names = "".join(f'    "{name}",\n' for name in sorted(module.__all__))
    bodies = [_function(getattr(module, name), KERNELS[name], _plain_result(KERNELS[name])) for name in module.CORE]
    return f"__all__ = [\n{names}]\n\n" + "".join(bodies)


def _plain_result(kernel: Kernel) -> str:
    each = [f"NDArray[np.{one.dtype}]" if one.dtype else "NDArray[Any]" for one in kernel.contract.outputs]
    return f"tuple[{', '.join(each)}]" if len(each) > 1 else each[0]


def _function(function: Any, kernel: Kernel, result: str) -> str:
    kinds = told(function)

    def type_in(one: inspect.Parameter) -> str:
        tuples = {"out": result} if kinds[one.name].startswith("tuple of ") else {}
        return optional(tuples.get(one.name) or type_of(f"{kernel.name}: {one.name}", kinds[one.name], PLAIN), one,
                        may_be_none=_none(function, one.name))  # fmt: skip

    return written(function, type_in, result)


def _none(function: Any, name: str) -> bool:
    """Tell whether an argument that has no default may be None, by what its documentation says."""
    return re.search(rf"^{name} : .* or None$", _arguments(function), re.MULTILINE) is not None


def labelled() -> str:
    """Return the stub of the functions on labelled arrays."""
    module: Any = import_module("eokernels.xarray")
    return "".join(_labelled(getattr(module, name), KERNELS[name]) for name in import_module("eokernels._rust").CORE)


def _labelled(function: Any, kernel: Kernel) -> str:
    kinds, parameters = told(function), inspect.signature(function).parameters
    reduces, several = "keepdims" in parameters, len(kernel.contract.outputs) > 1
    first = ("xr.DataArray | xr.Dataset" if several else "Arrays") if reduces else "xr.DataArray"
    fixed = {"dim": "Dims", "keep_attrs": "KeepAttrs", next(iter(parameters)): first}

    def type_in(one: inspect.Parameter) -> str:
        if one.name in fixed:
            return fixed[one.name]
        kind = kinds[one.name].replace("xarray.DataArray", "numpy.ndarray")
        return optional(type_of(f"{kernel.name}: {one.name}", kind, LABELLED), one,
                        may_be_none=_none(function, one.name))  # fmt: skip

    return written(function, type_in, "xr.Dataset" if several else first)


def written(function: Any, type_in: Callable[[inspect.Parameter], str], result: str) -> str:
    """Return a function as a stub has it."""
    parts: list[str] = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if one.default is one.empty else f" = {_shown(one.default)}"
        parts.append(f"{one.name}: {type_in(one)}{default}")
    return f"def {function.__name__}({', '.join(parts)},) -> {result}: ...\n"


def _shown(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def spliced(path: Path, text: str) -> str:
    """Return a stub with `text` after its mark.

    Raises
    ------
    ValueError
        If the mark does not stand in it.
    """
    before, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{path}: the line {MARK.strip()!r} is missing")
    return formatted(f"{before}{MARK}{text}", path)


def formatted(text: str, path: Path) -> str:
    """Return the text of a Python file as ruff formats it.

    Raises
    ------
    OSError
        If ruff does not take it.
    """
    command = [sys.executable, "-m", "ruff", "format", "--no-cache", "--stdin-filename", str(ROOT / path), "-"]
    done = subprocess.run(command, input=text, env=surroundings.tools(), capture_output=True, text=True,
                          encoding="utf-8", check=False)  # fmt: skip
    if done.returncode:
        raise OSError(f"{path.name}: ruff says {done.stderr.strip()}")
    return done.stdout
