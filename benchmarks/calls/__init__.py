"""From a case and an arm to a call, and what is seen of it: the answer, held against what was due."""
