"""Ids and opaque tokens.

Time-ordered ids for rows that only the administrator names; random ones for whatever opens a door by being known.
"""

import os
import re
import string
from uuid import UUID, uuid4

import uuid_utils

ALPHANUMERIC = string.ascii_letters + string.digits
FAIR = 256 - 256 % len(ALPHANUMERIC)
LETTERS = bytes(ord(ALPHANUMERIC[number % len(ALPHANUMERIC)]) for number in range(256))
UNFAIR = bytes(range(FAIR, 256))
"""Bytes that are thrown away: with them the first letters would come more often."""

PLAIN = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}"
UUID_TEXT = re.compile(rf"(?:urn:uuid:)?(?:{PLAIN})|\{{(?:{PLAIN})\}}")


def uuid_from(text: str) -> UUID:
    """The id in a request, in the spellings that Kratos takes; Python takes many more. Raises ValueError."""
    if not UUID_TEXT.fullmatch(text):
        raise ValueError("not a UUID")
    return UUID(text)


def find_uuid(text: str) -> UUID | None:
    """The same; None for anything else."""
    try:
        return uuid_from(text)
    except ValueError:
        return None


def new_row_id() -> UUID:
    """A UUIDv7: rows written one after another sort one after another, which keeps index pages warm."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def new_secret_id() -> UUID:
    """A UUIDv4 from the system's generator, for flows, sessions and errors: knowing it grants access."""
    return uuid4()


def new_hex_id() -> str:
    """32 hex digits for a request or a trace, straight from the system: each request needs two."""
    return os.urandom(16).hex()


def opaque_token(prefix: str = "", length: int = 32) -> str:
    """`prefix` and `length` random letters and digits (5.95 bits each)."""
    letters = b""
    while len(letters) < length:
        # All at once: letter by letter the system would be asked each time.
        letters += os.urandom(length + length // 4).translate(LETTERS, UNFAIR)
    return prefix + letters[:length].decode("ascii")
