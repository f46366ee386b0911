"""What a case of the battery leaves to the usual: required keywords, and arrays that go beside the data."""

from __future__ import annotations

from inputs.battery.case import OMITTED, Array, Call, labels
from inputs.battery.request import Request


def complete(request: Request, call: Call) -> Call:
    """Return a call with what it left to the usual: arrays that go beside the data, and required keywords."""
    kwargs = {**request.filled, **call.kwargs}
    arrays = call.arrays
    if len(arrays) == request.arrays:
        arrays = (*arrays, *(_accompany(request, role, call) for role in request.beside))
    return Call(arrays, {name: value for name, value in kwargs.items() if value is not OMITTED})


def _accompany(request: Request, role: str, call: Call) -> Array:
    """Return an ordinary array of a role other than data, as long as the first array."""
    if role != "labels":
        raise ValueError(f"role: was {role!r}; by position the battery hands over data and labels")
    first = call.arrays[0]
    (keyword,) = dict(request.lengths).values()
    zones = call.kwargs.get(keyword, request.filled[keyword])
    return labels(getattr(first, "shape", ()), zones if isinstance(zones, int) else request.filled[keyword])
