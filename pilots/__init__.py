"""Kernels whose family the registry does not know yet."""
