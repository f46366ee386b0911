"""The machine under the lab: its cores, the cache directory, the surroundings that a process gets."""
