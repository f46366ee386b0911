"""Packages of kernels, one module each, that give the functions by name.

``from eokernels.impl_numpy import temporal_median`` is the function, although a module of that name holds it. Python
sets a submodule as an attribute of its package; such a package keeps the submodule's function of that name instead.
``importlib.import_module("eokernels.impl_numpy.temporal_median")`` still is the module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


class Kernels(ModuleType):
    """A package whose modules are imported when they are asked for, and give their functions of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; for a module that holds a function of its own name, that function."""
        if isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Import the module of that name, which sets the attribute."""
        if name not in self.__dir__():
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        import_module(f"{self.__name__}.{name}")
        return self.__dict__[name]

    def __dir__(self) -> list[str]:
        """Return the attributes that there are, and those that an import would set."""
        modules = [module.name for module in iter_modules(self.__path__) if not module.name.startswith("_")]
        return sorted({*self.__dict__, *modules})


def give_functions(package: str) -> None:
    """Make a package that is being imported one of :class:`Kernels`."""
    sys.modules[package].__class__ = Kernels
