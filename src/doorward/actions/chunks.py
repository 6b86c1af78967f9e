"""Cuts a list of texts into parts that are bounded in number and size."""

from collections.abc import Sequence


def chunks(items: Sequence[bytes], limit: int, limit_bytes: int) -> list[list[bytes]]:
    """Parts in the order of `items`, each of at most `limit` items and `limit_bytes`, or of one larger item."""
    parts: list[list[bytes]] = []
    size = 0
    for item in items:
        if not parts or len(parts[-1]) >= limit or size + len(item) > limit_bytes:
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += len(item)
    return parts
