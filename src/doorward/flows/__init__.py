"""Self-service runs as data and rules: start, fetch, submit. Knows no HTTP framework, no method, no hook by name."""
