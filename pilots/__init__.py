"""Declarations that wait for what the lab has not got yet."""
