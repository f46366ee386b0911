"""What asv sees and how it is called: benchmark types, look-ups, result files, machines."""
