"""Ids and opaque tokens.

Time-ordered ids for rows that only the administrator names; random ones for whatever opens a door by being known.
"""

import secrets
import string
from uuid import UUID, uuid4

import uuid_utils

ALPHANUMERIC = string.ascii_letters + string.digits


def new_row_id() -> UUID:
    """A UUIDv7: rows written one after another sort one after another, which keeps index pages warm."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def new_secret_id() -> UUID:
    """A UUIDv4 from the system's generator, for flows, sessions and errors: knowing it grants access."""
    return uuid4()


def opaque_token(prefix: str = "", length: int = 32) -> str:
    """`prefix` and `length` random letters and digits (5.95 bits each)."""
    return prefix + "".join(secrets.choice(ALPHANUMERIC) for _ in range(length))
