"""What runs inside a flow, one kind per file; `registry` makes hooks of configured entries."""
