"""The command line: one file per noun, each a click group. Prints for people, or JSON with `--json`."""
