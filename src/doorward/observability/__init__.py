"""Logs, metrics and traces. Nothing personal and no secret passes through here."""
