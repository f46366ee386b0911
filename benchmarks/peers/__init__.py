"""Adapters to packages that offer the same operations, one module a package; declarations name the `Peer` objects.

Importing an adapter imports no package. An adapter takes the kernel's own arguments, and its call holds all that a user
of the package does to get the contract's answer: casts, NaN for ``nodata``, the copy into ``out``.

Left out, and why: spyndex evaluates its formulas by NumPy, which `numpy_naive` is already; xarray-spatial needs a newer
Python than the lab; SciPy has no reduction that leaves NaN out in compiled code; OpenCV saturates integers, takes no
strided views and knows no NaN (it is the peer to beat where neighbourhoods come in).
"""
