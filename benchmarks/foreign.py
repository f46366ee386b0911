"""A function of somebody else's as one more arm: found by the arm's name, which is ``target@folder``.

What a worker is handed is then enough to find the function again.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARK = ":"
"""In an arm's name: it is a function by import path, and none of the declared arms has it."""


def arm_of(target: str, folder: Path) -> str:
    """Return the arm's name for ``pkg.module:function`` or ``path/to/file.py:function``, seen from a folder.

    Raises
    ------
    ValueError
        If the target is neither.
    """
    place, _, attribute = target.rpartition(MARK)
    if not place or not attribute.isidentifier():
        raise ValueError(f"function: was {target!r}; accepted is pkg.module:function or path/to/file.py:function")
    if place.endswith(".py"):
        file = (folder / place).resolve()
        if not file.is_file():
            raise ValueError(f"function: there is no file {file}")
        return f"{file.name}{MARK}{attribute}@{file.parent}"
    return f"{place}{MARK}{attribute}@{folder.resolve()}"


def load(arm: str) -> Callable[..., Any]:
    """Return the function behind an arm's name.

    Raises
    ------
    ValueError
        If there is no such module or function in it.
    ImportError
        If the module is there and cannot be imported.
    """
    target, _, folder = arm.partition("@")
    place, _, attribute = target.partition(MARK)
    if folder not in sys.path:
        sys.path.append(folder)
    module = _file_module(Path(folder) / place) if place.endswith(".py") else _module(place, folder)
    found: Any = getattr(module, attribute, None)
    if not callable(found):
        there = sorted(name for name, one in vars(module).items() if inspect.isroutine(one) and name[0] != "_")
        raise ValueError(f"function: {place} has no function {attribute!r}; it has {', '.join(there) or 'none'}")
    function: Callable[..., Any] = found
    return function


def _module(name: str, folder: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"function: no module {name!r} in {folder}, nor among what is installed") from None
        raise


def _file_module(path: Path) -> Any:
    """Import a file once, under a name that nothing else has."""
    name = f"lab_tried_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names that a function takes, or None where it takes any or does not say."""
    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None
    return None if any(one.kind is one.VAR_KEYWORD for one in found.values()) else frozenset(found)


def takes_threads(arm: str) -> bool:
    """Tell whether a function says that it takes ``num_threads``."""
    return "num_threads" in (parameters(load(arm)) or ())
