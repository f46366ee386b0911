"""Seeded scenes, stacks and masks that look like the real ones, and the layouts in which arrays are handed over."""
