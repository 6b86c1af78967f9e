"""Between Python values and columns: how parameters are adapted for both engines, and how raw columns are read back.

UUID → TEXT in SQLite, uuid in PostgreSQL; datetime → microseconds since 1970; dict and list → JSON text.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from doorward.clock import from_micros, micros
from doorward.storage.errors import UnstorableValue

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def adapt_text(value: str) -> str:
    """The text unchanged. Raises UnstorableValue for NUL and lone surrogates, which PostgreSQL refuses."""
    if "\x00" in value:
        raise UnstorableValue("A text contains the character NUL, which cannot be stored.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnstorableValue("A text is not valid Unicode.") from None
    return str(value)


def adapt_int(value: int) -> int:
    """The number unchanged. Raises UnstorableValue outside 64 bits."""
    if not INT_MIN <= value <= INT_MAX:
        raise UnstorableValue("A number needs more than 64 bits.")
    return int(value)


def adapt_json(value: object) -> str:
    """Compact JSON text. Raises UnstorableValue for what PostgreSQL's jsonb refuses."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        raise UnstorableValue("A value cannot be written as JSON.") from None
    if "\\u0000" in text and JSON_NUL.search(text):
        raise UnstorableValue("A text contains the character NUL, which cannot be stored.")
    return text


ADAPTERS: Mapping[type, Callable[[Any], Any]] = {
    str: adapt_text,
    int: adapt_int,
    datetime: micros,
    dict: adapt_json,
    list: adapt_json,
}
AS_THEY_ARE = frozenset({bool, bytes, float, type(None), UUID})


def adapt(value: Any) -> Any:
    """What both drivers take, except that UUIDs stay UUIDs."""
    kind = type(value)
    if kind in AS_THEY_ARE:
        return value
    adapter = ADAPTERS.get(kind)
    if adapter is not None:
        return adapter(value)
    return adapt_subclass(value)


def adapt_subclass(value: Any) -> Any:
    """Enums by value, subclasses as their parents, other mappings and sequences as JSON. Raises TypeError otherwise."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, Enum):
        return adapt(value.value)
    for parent, adapter in ADAPTERS.items():
        if isinstance(value, parent):
            return adapter(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Mapping):
        return adapt_json(dict(value))
    if isinstance(value, tuple):
        return adapt_json(list(value))
    raise TypeError(f"a {type(value).__name__} cannot be a parameter")


def read_uuid(value: Any) -> UUID:
    """A UUID from either engine, always of the standard library's type."""
    return UUID(int=value.int) if isinstance(value, UUID) else UUID(value)


def read_time(value: Any) -> datetime:
    """A UTC-aware datetime from microseconds."""
    return from_micros(value)


def read_json(value: Any) -> Any:
    """The parsed JSON column."""
    return orjson.loads(value)


def read_bool(value: Any) -> bool:
    """True or False from SQLite's 0 and 1 or PostgreSQL's boolean."""
    return bool(value)


def read_bytes(value: Any) -> bytes:
    """The bytes of a {bytes} column."""
    return bytes(value)


def read_optional_uuid(value: Any) -> UUID | None:
    """`read_uuid`, or None for NULL."""
    return None if value is None else read_uuid(value)


def read_optional_time(value: Any) -> datetime | None:
    """`read_time`, or None for NULL."""
    return None if value is None else read_time(value)


def read_optional_json(value: Any) -> Any:
    """`read_json`, or None for NULL."""
    return None if value is None else read_json(value)
