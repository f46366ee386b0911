"""The verdict on an answer: the battery, the structure of a call, evidence from outside, somebody else's function."""
