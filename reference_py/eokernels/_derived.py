"""The functions of ``eokernels.xarray``, made from the plain ones: signature and documentation are said there alone.

:func:`labelled` chooses by core dimensions what makes one. That takes the plain function and what only the labelled one
knows: which arguments are arrays beside the first, whether the result is another quantity, how several results are
called. :func:`function` is what they share; a kernel of another kind than these needs a `call` of its own for it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np
import xarray as xr

from eokernels._labelled import each_variable, elementwise, reduction, series
from eokernels._labels import zonal

Given = dict[str, Any]
Call = Callable[[Given], Any]
KEYWORD, POSITIONAL = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD

MOST_NUMBERS = 65536
"""More the kernels refuse; so an iterable without an end has one here."""
DIM = (
    "dim : hashable, or list or tuple of them, default 'time'\n    The dimension that is reduced, or several together."
)
KEPT_DIM = "dim : hashable, default 'time'\n    The dimension that is worked along, which stays."
KEEPDIMS = "keepdims : bool, default False\n    Whether reduced dimensions stay, of length 1."
KEEP_ATTRS = (
    "keep_attrs : bool, str or callable, optional\n"
    "    Which attributes the result has; what `xarray.apply_ufunc` takes. By default xarray's option decides."
)


def labelled(plain: Any, core: str, peculiar: Mapping[str, Any]) -> Any:
    """Return a kernel on labelled arrays.

    Parameters
    ----------
    plain
        The function on plain arrays.
    core
        Its core dimensions, such as ``(t)->()``: they say over what it works, and whether that stays.
    peculiar
        What the function that makes it takes besides.
    """
    inputs, outputs = core.split("->")
    if "n" in inputs:
        return over_zones(plain, **peculiar)
    if "t" in inputs:
        return (along_dimension if "t" in outputs else over_dimension)(plain, **peculiar)
    return over_elements(plain, **peculiar)


def over_elements(plain: Any, *, companions: tuple[str, ...] = ("mask",), index: bool = True, note: str = "") -> Any:
    """Return an elementwise kernel on labelled arrays.

    Parameters
    ----------
    plain
        The function on plain arrays. What it takes by position are the arrays that it computes with.
    companions
        Arrays beside these, which say what is missing.
    index
        Whether the result is another quantity than the arrays.
    note
        What its users have to know beside the documentation of the plain function.
    """
    bands = [one.name for one in inspect.signature(plain).parameters.values() if one.kind is POSITIONAL]

    def call(given: Given) -> xr.DataArray:
        keep_attrs = given.pop("keep_attrs")
        arrays, beside = ({name: given.pop(name) for name in names} for names in (bands, companions))
        return elementwise(plain.__name__, arrays, beside, given, keep_attrs=keep_attrs, index=index)

    return function(plain, call, {"keep_attrs": (None, KEEP_ATTRS)}, note)


def over_dimension(plain: Any, *, results: tuple[str, ...] = (), note: str = "") -> Any:
    """Return a reduction on labelled arrays, whose first argument may be a Dataset.

    Parameters
    ----------
    plain
        The function on plain arrays.
    results
        The names of several results, which become the variables of a Dataset; of one result none.
    note
        What its users have to know beside the documentation of the plain function.
    """
    suffixes = [f"_{result}" for result in results] or [""]

    def call(given: Given) -> xr.DataArray | xr.Dataset:
        x, dim, beside = given.pop("x"), given.pop("dim"), {"mask": given.pop("mask")}
        how = {name: given.pop(name) for name in ("keepdims", "keep_attrs")}
        if isinstance(x, xr.Dataset):
            return each_variable(plain.__name__, x, dim, beside, given, suffixes=suffixes, **how)
        found = reduction(plain.__name__, x, dim, beside, given, **how)
        return xr.Dataset(dict(zip(results, found, strict=True))) if results else found[0]

    return function(plain, call, {"keepdims": (False, KEEPDIMS), "keep_attrs": (None, KEEP_ATTRS)}, note)


def along_dimension(plain: Any, *, companions: tuple[str, ...] = ("mask",), note: str = "") -> Any:
    """Return a kernel from series to series on a labelled array: its dimension stays.

    Parameters
    ----------
    plain
        The function on plain arrays. Its first argument is the data.
    companions
        Arrays beside it.
    note
        What its users have to know beside the documentation of the plain function.
    """
    first = next(iter(inspect.signature(plain).parameters))

    def call(given: Given) -> xr.DataArray:
        y, dim, keep_attrs = given.pop(first), given.pop("dim"), given.pop("keep_attrs")
        beside = {name: given.pop(name) for name in companions}
        given |= {name: _days(given[name]) for name in given.keys() & {"times"}}
        return series(plain.__name__, y, dim, beside, given, keep_attrs=keep_attrs)

    return function(plain, call, {"keep_attrs": (None, KEEP_ATTRS)}, note)


def over_zones(plain: Any, *, note: str = "") -> Any:
    """Return statistics of zones on labelled arrays: the dimensions of the label image are reduced.

    Parameters
    ----------
    plain
        The function on plain arrays, of data, labels and the number of zones.
    note
        What its users have to know beside the documentation of the plain function.
    """
    names = list(inspect.signature(plain).parameters)[:3]

    def call(given: Given) -> xr.Dataset:
        values, zones, count = (given.pop(name) for name in names)
        beside, keep_attrs = {"mask": given.pop("mask")}, given.pop("keep_attrs")
        return zonal(plain.__name__, values, zones, count, companions=beside, options=given, keep_attrs=keep_attrs)

    return function(plain, call, {"keep_attrs": (None, KEEP_ATTRS)}, note)


def _days(times: Any) -> Any:
    """Return numbers as they are, and datetimes as days since the first of them."""
    if times is None:
        return None
    values = np.asarray(times)
    return values if values.dtype.kind != "M" else (values - values[:1]) / np.timedelta64(1, "D")


def function(plain: Any, call: Call, more: Mapping[str, tuple[Any, str]], note: str) -> Any:
    """Return a function of the plain one's name, with its arguments by name and `more`, that does `call`.

    In place of `axis` it has `dim`, and no `out`. A module that it is assigned in under its name can be pickled from.
    """
    kept = [one for one in inspect.signature(plain).parameters.values() if one.name != "out"]
    kept = [one.replace(name="dim", default="time") if one.name == "axis" else one for one in kept]
    added = [inspect.Parameter(name, KEYWORD, default=default) for name, (default, _) in more.items()]
    signature = inspect.Signature([*kept, *added])

    def labelled(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{plain.__name__}(): {error}") from None
        bound.apply_defaults()
        return call({name: _again(value) if name in ITERATED else value for name, value in bound.arguments.items()})

    labelled.__name__ = labelled.__qualname__ = plain.__name__
    labelled.__module__ = "eokernels.xarray"
    labelled.__signature__ = signature  # type: ignore[attr-defined]
    labelled.__doc__ = _documentation(plain, signature, [text for _, text in more.values()], note)
    return labelled


def _documentation(plain: Any, signature: inspect.Signature, more: list[str], note: str) -> str:
    """Return the summary of the plain function, what is said of the labelled one, and all arguments."""
    text = inspect.getdoc(plain) or ""
    summary, arguments = text.split("\n\n", 1)[0], re.search(r"\nParameters\n-+\n(.*?)\n\n", text, re.DOTALL)
    told = re.split(r"\n(?=\S)", arguments.group(1)) if arguments else []
    reduces = "keepdims" in signature.parameters
    dim = DIM if reduces else KEPT_DIM
    kept = [dim if each.startswith("axis ") else each for each in told if not each.startswith("out ")]
    arrays = [re.sub(r"\bnumpy\.ndarray\b", "xarray.DataArray", each) for each in kept]
    of = "a DataArray, or each variable of a Dataset," if reduces else "DataArrays,"
    where = f"As `eokernels.{plain.__name__}`, on {of} by the names of dimensions; see `eokernels.xarray`."
    parts = [summary, where, *([inspect.cleandoc(note)] if note else [])]
    return "\n\n".join([*parts, "\n".join(["Parameters", "----------", *arrays, *more])]) + "\n"


ITERATED = ("keep", "reject_fields")
"""Arguments that are read again for every block."""


def _again(value: Any) -> Any:
    """Return what can be read again: a generator could be read once."""
    if isinstance(value, Mapping):
        return {key: _again(values) for key, values in value.items()}
    if not isinstance(value, Iterable) or isinstance(value, (np.ndarray, str, bytes)):
        return value
    return tuple(islice(value, MOST_NUMBERS + 1))
