"""The wheel and what surrounds a process that is measured: builds, locks, versions, the checkout, provenance."""
