"""The kernels on ``xarray.DataArray``: dimensions by name, NumPy- or dask-backed, by ``xarray.apply_ufunc``.

Every function takes the arguments of the plain one, with these differences:

- ``dim``, a name, stands where the plain function has ``axis``. A list or tuple of names is reduced together, in the
  order in which the names stand: one long axis, brought together by a copy where memory does not lie that way. With
  ``keepdims=True`` reduced dimensions stay, of length 1.
- `mask` and `qa` are DataArrays, and all arrays meet by the names of their dimensions. Labels must be equal; what
  differs is refused, not intersected. A `mask` may also be True or False.
- Reductions take a Dataset too. Variables that lack the dimension are passed on; of several dimensions each is reduced
  over those that it has. `mask` and `nodata` are for all that are reduced.
- Dimensions, coordinates and with them the CRS stay. Attributes stay where xarray's option ``keep_attrs`` keeps them;
  of several bands those that do not contradict each other, as in xarray's arithmetic. ``keep_attrs=`` decides for one
  call, with whatever ``apply_ufunc`` takes. What says how integers were packed (`PACKING`: ``_FillValue``,
  ``scale_factor``, …) goes, because results are floats that mark missing data by NaN, and so do GDAL's statistics. An
  index is another quantity than its bands, and a count another than the values: what says what the numbers are
  (`MEANING`: ``units``, ``standard_name``, ``long_name``, ``description``, …) goes there, and stays elsewhere.
- NaN is recorded as nodata of float results, in ``encoding["_FillValue"]``: rioxarray finds it there.
- Chunked arrays stay lazy, and their arguments are checked at once. Chunks of coordinates do not matter. A dimension of
  which `temporal_median` or `temporal_max` is taken must be one chunk. `temporal_mean` and `temporal_stats` of a
  dimension in several chunks are made of parts, in a fixed order, so that the bits do not depend on how the other
  dimensions are cut. Counts are the plain function's, and so are means of integers. Means of floats and deviations are,
  before they are rounded to the output dtype, within (n + 8·k)·2⁻⁵³ times the root mean square of the values from the
  plain function's, for n values in k chunks. In one chunk they are the plain function's, to the last bit. A mask is cut
  as the array is.
- `whittaker_smooth` keeps the dimension along which it smooths, which must be one chunk.
- There is no ``out``, and ``num_threads`` is 1, because dask brings its own.

A reduction gets its dimension as the last axis of a *view*: nothing is copied, however the array lies in memory.
"""

from __future__ import annotations

try:
    import xarray  # noqa: F401 - asked for here, so that whoever lacks it is told what to do
except ModuleNotFoundError as error:
    hint = "eokernels.xarray needs xarray, and dask for chunked arrays: pip install 'eokernels[xarray]'"
    raise ModuleNotFoundError(hint, name=error.name) from error

import eokernels as plain
from eokernels import _derived
from eokernels._attributes import MEANING, PACKING
from eokernels._rust import CORE

_GUESSED = "`scale`, `offset` and `nodata` are never guessed from attributes: a file may have been decoded, and its\n"
_GUESSED += "attributes may be those of another processing baseline."
_CLASSES = "`qa` and `mask` may lack dimensions of `dn`: one class band per date serves all the bands of that date."
_STATS = """
Returns a Dataset of ``mean``, ``std`` and ``count``. Of a Dataset each variable ``red`` becomes ``red_mean``,
``red_std`` and ``red_count``; what lacks the dimension keeps its name. Of chunked arrays one pass makes all three, when
they are computed together: ``.compute()`` of the Dataset.
"""
_SMOOTH = """
`dim` stays, and must be one chunk. `times` may be numbers or datetimes, such as ``y.time``, which become days since the
first. They are never taken from the coordinate unasked: without them dates are one apart.
"""
_ZONES = """
Returns a Dataset of ``count``, ``sum``, ``mean``, ``min``, ``max`` and ``std``. Dimensions of `zones` are reduced, the
others of `values` stay, and the new dimension ``zone`` has the numbers 0 … n_zones − 1 for labels. Chunked arrays stay
lazy: blocks are combined in a fixed order, so the bits do not depend on how the dimensions that stay are cut.
``.compute()`` of the Dataset makes all six in one pass.
"""
_MEDIAN = "`dim` must be one chunk: a median cannot be made of parts."
_MAX = "`dim` must be one chunk."

_PECULIAR = {
    "evi": {"note": _GUESSED},
    "normalized_difference_dn": {"note": _GUESSED},
    "mask_and_scale": {"companions": ("qa", "mask"), "index": False, "note": _CLASSES},
    "temporal_stats": {"results": ("mean", "std", "count"), "note": _STATS},
    "temporal_max": {"note": _MAX},
    "temporal_median": {"note": _MEDIAN},
    "whittaker_smooth": {"companions": ("weights", "mask"), "note": _SMOOTH},
    "zonal_stats": {"note": _ZONES},
}
"""What does not follow from core dimensions."""

_MADE = {name: _derived.labelled(getattr(plain, name), core, _PECULIAR.get(name, {})) for name, core in CORE.items()}
globals().update(_MADE)
__all__ = ["MEANING", "PACKING", *_MADE]  # noqa: PLE0604
