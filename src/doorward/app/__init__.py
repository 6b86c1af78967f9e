"""The composition root: the one place that sees everything and hands objects down by constructor."""
