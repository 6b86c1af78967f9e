"""Lists of ids as parameters of a statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID


def placeholders(ids: Sequence[UUID] | Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Names for an IN list, padded to a power of two so that few statements are ever prepared."""
    size = 1 << (len(ids) - 1).bit_length()
    padded = [*ids, *[ids[-1]] * (size - len(ids))]
    return ", ".join(f":id{n}" for n in range(size)), {f"id{n}": value for n, value in enumerate(padded)}
