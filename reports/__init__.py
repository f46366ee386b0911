"""The reports room: reads result files and the registry, never runs a kernel, and holds all the statistics."""
