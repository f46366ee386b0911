"""Random calls by the million: what a declaration says is drawn, right and wrong, and every call is watched.

`arena` is the memory that calls work on, `options` and `calls` draw a call from a number, `judge` makes it and says
what was wrong with it, `child` is the process that may die of it, and `campaign` starts one after the other.
"""
