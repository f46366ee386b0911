"""Base against head: what a change can affect, and two wheels measured in lock-step."""
