"""Faults on demand: which request gets one, and what it does to the answer."""
