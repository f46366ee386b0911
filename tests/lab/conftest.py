"""What the tests of the verbs share."""

from synthetic_gate import world

__all__ = ["world"]
