"""The case battery: the corners at which array code goes wrong, by theme."""
