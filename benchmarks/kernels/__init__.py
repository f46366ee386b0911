"""The declarations, one module a kernel; ``benchmarks/registry.py`` collects them. Names with ``_`` are no kernels."""
