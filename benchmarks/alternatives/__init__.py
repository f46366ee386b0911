"""Other NumPy forms of each kernel, against which the expert form is held: ``<kernel>.py`` has one function a form.

Every headline divides by the expert form's time, so a poor expert flatters all others. `python -m lab experts` measures
it beside its naive form and these, on every core case, and fails where one of them is shown faster.

A form has the kernel's signature as far as the core cases need it. It gives the kernel's answer, or it has no time.
"""

from __future__ import annotations

import importlib
import inspect

from benchmarks import ROOT


def arms(kernel: str) -> tuple[str, ...]:
    """Return the forms of a kernel as names of arms, which a worker finds by import; none where there is no file."""
    name = f"{__name__}.{kernel}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return ()
        raise
    functions = inspect.getmembers(module, inspect.isfunction)
    own = [form for form, function in functions if function.__module__ == name and not form.startswith("_")]
    return tuple(f"{name}:{form}@{ROOT}" for form in own)


def form_of(arm: str) -> str:
    """Return the name of a form without module and folder; any other arm as it is."""
    return arm.partition("@")[0].rpartition(":")[2]
