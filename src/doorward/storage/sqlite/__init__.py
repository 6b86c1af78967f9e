"""The SQLite engine: one writer thread that commits waiting transactions as a group, reads on the calling thread."""
