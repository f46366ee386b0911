"""What a declaration is made of: typed, frozen records, and nothing that runs.

``benchmarks/kernels/<k>.py`` fills one :class:`Kernel`, which all else reads. No other place knows a kernel by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inputs import dimensions
from inputs.battery.request import Shift
from inputs.cases import Case
from inputs.dimensions import Dimensions

__all__ = ["COST_CLASSES", "Array", "Authority", "Contract", "Cost", "CostClass", "Golden", "Kernel", "Output", "Peer",
           "Prose", "Shift"]  # fmt: skip

Array = NDArray[Any]
CostClass = Literal["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13"]

Role = Literal["labels", "weights", "times", "quality"]

COST_CLASSES: Mapping[CostClass, str] = {
    "C1": "elementwise float",
    "C2": "elementwise with dtype change and mask",
    "C3": "bit or table classification",
    "C4": "streaming reduction over time",
    "C5": "selection over time",
    "C6": "iterative per pixel",
    "C7": "small least squares with gaps",
    "C8": "recurrence along time",
    "C9": "stencil",
    "C10": "scatter, group",
    "C11": "BLAS-dominated",
    "C12": "pairwise in time",
    "C13": "transcendental-heavy",
}


@dataclass(frozen=True)
class Output:
    """One array of a result.

    Attributes
    ----------
    name
        What it is, as in the public docstring.
    dtype
        Its dtype whatever the input's; empty where it is the call's output dtype.
    """

    name: str = "result"
    dtype: str = ""


@dataclass(frozen=True)
class Contract:
    """What a right answer is, where the general contract of METHODOLOGY.md leaves a choice.

    Attributes
    ----------
    dtypes
        Accepted input dtypes mapped to the output dtype that is the default for them.
    tolerance_ulp
        Dtype of an output → the largest distance from the oracle, in units in the last place of that dtype; integers
        are compared exactly.
    tolerance_reason
        Why that tolerance, in a sentence.
    slack
        ``slack(expected, keywords)`` → what each value of each output may be off besides, absolutely; for results whose
        rounding goes by other values than their own, as that of a sum goes by its largest terms. `expected` is a tuple.
    promises
        ``promises(data, keywords)`` → whether values are promised; of numbers that are too far apart for float64 only
        the form of the answer is. None: always.
    missing
        The NaN and ``nodata`` policy, in a sentence.
    zero_denominator
        The zero-denominator policy, in a sentence; empty where nothing is divided.
    in_place
        Whether ``out`` may be exactly an input.
    broadcasts
        Whether the array arguments broadcast against each other.
    scratch_bytes
        The most memory a call of many pixels may take beside inputs and output, per thread. More is a hidden copy.
    most_scratch_bytes, most_scratch_series
        The most that any call may take, whatever its shape, layout and threads: so many bytes and, of a reduction, so
        many copies of one series.
    outputs
        The arrays that a call returns. Of several it returns a tuple, takes a tuple as ``out``, and the oracle
        returns a tuple of float64 arrays.
    """

    dtypes: Mapping[str, str]
    tolerance_ulp: Mapping[str, float]
    tolerance_reason: str
    missing: str
    zero_denominator: str = ""
    in_place: bool = False
    broadcasts: bool = False
    scratch_bytes: int = 4 * 2**20
    most_scratch_bytes: int = 64 * 2**20
    most_scratch_series: int = 2
    outputs: tuple[Output, ...] = (Output(),)
    slack: Callable[[tuple[Array, ...], Mapping[str, Any]], tuple[Array, ...]] | None = None
    promises: Callable[[tuple[Array, ...], Mapping[str, Any]], bool] | None = None

    def most_scratch(self, series_bytes: int) -> int:
        """Return the most memory that a call may take beside inputs and outputs; `series_bytes` is 0 without time."""
        return self.most_scratch_bytes + self.most_scratch_series * series_bytes


@dataclass(frozen=True)
class Cost:
    """The least work of a call, for the wall.

    Compulsory bytes follow from the arrays themselves (every input read once, the output written once). `operations`
    gives, for a logical shape, the operations that no implementation of the declared algorithm can avoid; None says
    that memory alone limits the kernel.
    """

    operations: Callable[[tuple[int, ...]], float] | None = None
    unit: Literal["flop", "min-max pair"] = "flop"


@dataclass(frozen=True)
class Golden:
    """A published or separately computed value that every implementation must reproduce."""

    name: str
    arrays: tuple[Any, ...]
    """Nested lists, turned into arrays of `dtype`."""
    expected: Any
    dtype: str
    source: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    rtol: float = 1e-12


@dataclass(frozen=True)
class Authority:
    """An outside function that the oracle itself is held against: ``function(*arrays, **kwargs)`` → float64.

    It is asked with NaN at all that `nodata` and `mask` leave out, so it takes neither. Of several outputs it returns a
    tuple.
    """

    name: str
    function: Callable[..., Any]
    rtol: float


@dataclass(frozen=True)
class Peer:
    """A package that competes with ours, as an optional arm that is never gated.

    Attributes
    ----------
    name
        Distribution name, also the arm's name.
    load
        Imports the package and returns a callable with the kernel's own signature. Raises ImportError where absent.
    refuses
        Returns a reason why the peer cannot take a case, or None where it can.
    semantics
        Where the peer's meaning differs from the contract, in a sentence; empty where it does not.
    """

    name: str
    load: Callable[[], Callable[..., Any]]
    refuses: Callable[[Case], str | None] = lambda _case: None
    semantics: str = ""


@dataclass(frozen=True)
class Prose:
    """What is said about a kernel.

    In the report a paragraph each: why it is here, what to expect of it, where it surprises. In the README's table a
    few words: what it does, what limits its speed. Kernels of which the same is said share a row.
    """

    why: str
    expect: str
    surprise: str
    does: str
    limit: str


@dataclass(frozen=True)
class Kernel:
    """One kernel, declared once.

    Attributes
    ----------
    name
        Also the file name and the function's name on every side.
    title
        A few words for headings.
    cost_class
        C1 … C13, the axis on which the lab reports.
    family
        Which named cases and which case battery it is put through: a file in `inputs.families`.
    signature
        Core dimensions of its arrays, those that are handed over by name last, and of its results; see
        `inputs.dimensions`.
    bands
        The bands that a case's input recipe hands over, one array each, in the order of `arguments`.
    arguments
        Names of the array arguments that are handed over by position.
    companions
        Array arguments that are handed over by name: name → the band that a case hands over for it (``scl``,
        ``qa_pixel``), or None where the case leaves it out.
    contract, cost, golden, authority, peers, prose, source
        See their types; `source` lists papers and product guides.
    no_peer
        Why no package competes, where `peers` is empty.
    oracle
        ``oracle(*arrays, **kwargs)`` → float64: slow, readable, never timed.
    keywords
        Keyword arguments that a case asks for (``nodata``, ``axis``, …), without arrays, ``out`` and ``num_threads``.
    required
        Keyword arguments that have no default, each with the value that a call takes where nothing else is asked.
    lengths
        Dimension that no array has, such as ``z`` → the keyword that says how long it is.
    roles
        Array argument → what it is, where it is not data: ``labels`` (the zone of each pixel), ``weights``, ``times``
        (the day of each date).
    least
        Core dimension → the least length that is taken.
    probes
        Numbers that are no constants of a formula in the unit of the data, each with right values other than its usual
        one; tests vary it over them.
    for_integers
        Keyword arguments without which integers are refused, as their formula adds a constant in the unit of scaled
        values; each with the value that says that counts are meant as they are. All or none of them are given.
    shift
        What is added to counts in place of that constant, made of scale and offset; None where nothing is.
    implementations
        Names resolved by convention in ``benchmarks/registry.py``.
    """

    name: str
    title: str
    cost_class: CostClass
    family: str
    signature: str
    bands: tuple[str, ...]
    arguments: tuple[str, ...]
    contract: Contract
    cost: Cost
    oracle: Callable[..., Any]
    keywords: Callable[[Case], Mapping[str, Any]]
    prose: Prose
    source: Sequence[str]
    authority: Authority
    golden: tuple[Golden, ...] = ()
    peers: tuple[Peer, ...] = ()
    no_peer: str = ""
    companions: Mapping[str, Callable[[Case], str | None]] = field(default_factory=dict)
    required: Mapping[str, Any] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    probes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    for_integers: Mapping[str, Any] = field(default_factory=dict)
    shift: Shift | None = None
    implementations: tuple[str, ...] = ("numpy", "numpy_naive", "numba", "rust")

    @property
    def dimensions(self) -> Dimensions:
        """Core dimensions of the arrays and results."""
        return dimensions.parse(self.signature)

    @property
    def data(self) -> tuple[str, ...]:
        """Names of the arrays that are handed over by position and hold data, which come first."""
        return tuple(name for name in self.arguments if name not in self.roles)

    def output_shapes(self, shape: tuple[int, ...], keywords: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
        """Return the time-major shape of each output of a call with these keywords, for a first array of `shape`."""
        return self.dimensions.output_shapes(shape, {name: keywords[said] for name, said in self.lengths.items()})

    def output_dtype(self, input_dtype: str) -> np.dtype[Any]:
        """Return the default output dtype for an input dtype."""
        return np.dtype(self.contract.dtypes[input_dtype])

    def output_dtypes(self, output_dtype: Any) -> tuple[np.dtype[Any], ...]:
        """Return the dtype of each output of a call whose output dtype is `output_dtype`."""
        return tuple(np.dtype(output.dtype or output_dtype) for output in self.contract.outputs)
