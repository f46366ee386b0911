"""Real Sentinel-2 data, fetched with checksum."""
