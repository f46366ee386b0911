"""Kernels as explicit loops compiled by Numba; importing a kernel's module imports Numba, importing this does not."""
