"""The door of the lab: ``python -m lab <verb>``, one file a verb, no arithmetic of its own."""
