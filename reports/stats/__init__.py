"""From rows to numbers: ratios with intervals, limits, winners. All statistics of the lab are here."""
