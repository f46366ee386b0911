"""What the skeletons of a kernel say: its arguments, in Python, in Rust and in the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inputs.families import Family

ANY = "Option<&Bound<'py, PyAny>>"
ARRAY = "&Bound<'py, PyAny>"


@dataclass(frozen=True)
class Argument:
    """One argument of a kernel.

    Attributes
    ----------
    name
        As callers write it.
    default
        Python's text of it; empty where there is none.
    typed
        Its type in the oracle.
    rust
        Its type in Rust.
    admits
        Type of `python/arguments.rs` that reads it; empty where it is read later.
    doc
        Lines of the Rust documentation.
    by_name
        Whether it is handed over by name alone.
    """

    name: str
    default: str
    typed: str
    rust: str
    doc: str
    admits: str = ""
    by_name: bool = True

    @property
    def python(self) -> str:
        """As a signature without types has it."""
        return f"{self.name}={self.default}" if self.default else self.name

    @property
    def with_type(self) -> str:
        """As a signature with types has it."""
        return f"{self.name}: {self.typed}" + (f" = {self.default}" if self.default else "")

    @property
    def in_rust(self) -> str:
        """As the Rust function has it. A number with a default is read by its type, so that Python sees the default."""
        reads = f"#[pyo3(from_py_with = {self.admits}::number)] " if self.admits and self.rust[0] in "iu" else ""
        return f"{reads}{self.name}: {self.rust},"


def _said(name: str, kind: str) -> str:
    return f"/// {name} : {kind}\n///     Not written yet: what it is."


KNOWN = {
    "axis": Argument("axis", "0", "int", "i128", _said("axis", "int, default 0"), "AxisArgument", by_name=False),
    "n_zones": Argument("n_zones", "", "int", "Zones", _said("n_zones", "int"), "Zones", by_name=False),
    "scale": Argument("scale", "", "float", "Scale", _said("scale", "float"), "Scale"),
    "offset": Argument("offset", "", "float", "Offset", _said("offset", "float"), "Offset"),
    "nodata": Argument("nodata", "None", "Any", "Option<Nodata>", "#[doc = said!(nodata)]", "Nodata"),
    "nodata_said": Argument(
        "nodata", "", "Any", "Option<Nodata>", '#[doc = said!(nodata "int or float or None", "", "")]', "Nodata"
    ),
    "qa": Argument("qa", "None", "Any", ANY, _said("qa", "numpy.ndarray of any integer dtype or bool, optional")),
    "keep": Argument("keep", "None", "Any", ANY, _said("keep", "iterable of int, optional")),
    "reject_bits": Argument("reject_bits", "None", "Any", ANY, _said("reject_bits", "int, optional")),
    "reject_fields": Argument(
        "reject_fields", "None", "Any", ANY, _said("reject_fields", "mapping of int to iterable of int, optional")
    ),
    "mask": Argument("mask", "None", "Any", ANY, '#[doc = said!(mask "the result")]'),
    "dtype": Argument(
        "dtype", "None", "Any", ANY, '#[doc = said!(dtype "the result", "floats", "Floats accept only their own")]'
    ),
    "out": Argument("out", "None", "Any", ANY, _said("out", "numpy.ndarray, optional")),
    "num_threads": Argument("num_threads", "1", "int", "usize", "#[doc = said!(num_threads)]", "Threads"),
}
"""Argument → what it is on every side. ``nodata_said`` is `nodata` that has to be given."""
OF_ALL = ("mask", "dtype", "out", "num_threads")


def arguments(family: Family) -> tuple[Argument, ...]:
    """Return the arguments of a plain kernel of a family.

    Raises
    ------
    ValueError
        If the family names one that is not in `KNOWN`.
    """
    if unknown := [name for name in family.usual.more if name not in KNOWN]:
        raise ValueError(
            f"usual: {', '.join(unknown)} of the family {family.name} is not in KNOWN of lab/skeleton.py; write there "
            f"what it is in Python and Rust, beside {', '.join(KNOWN)}"
        )
    kinds = {"zones": "numpy.ndarray of any integer dtype"}
    floats = "numpy.ndarray of float32, float64, uint8, int16 or uint16"
    arrays = [
        Argument(name, "", "Array", ARRAY, _said(name, kinds.get(name, floats)), by_name=False)
        for name in family.usual.arrays
    ]
    return (*arrays, *(KNOWN[name] for name in (*family.usual.more, *OF_ALL)))


def python(given: Sequence[Argument], without: Sequence[str] = (), *, typed: bool = False) -> str:
    """Return arguments as a Python signature has them."""
    kept = [one for one in given if one.name not in without]
    first = next(k for k, one in enumerate(kept) if one.by_name)
    texts = [one.with_type if typed else one.python for one in kept]
    return ", ".join([*texts[:first], "*", *texts[first:]])
