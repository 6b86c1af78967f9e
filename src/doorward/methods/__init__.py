"""Ways to prove oneself, one per file; `registry` makes the configured ones for the flows."""
