"""The admin port: what operators and their programs may see and do."""
