"""Inputs: named cases, seeded synthetic scenes and stacks, masks, real Sentinel-2 data. Knows no kernel."""
