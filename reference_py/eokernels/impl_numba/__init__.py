"""Kernels as explicit loops compiled by Numba; to ask for one imports Numba, to import this does not."""

from eokernels._package import give_functions

give_functions(__name__)
