"""Forms (`application/x-www-form-urlencoded`) as nested values of the types that the fields have. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from doorward.flows.request import FieldTypes
from doorward.security.percent import BROKEN_ESCAPE

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
SPLIT = re.compile(r"(?<!\\)\.")
FIELDS_MAX = 2000


class Unreadable(ValueError):
    """The form has a mistake that leaves nothing to work with; the text says which."""


def read_form(body: bytes, types: FieldTypes) -> dict[str, Any]:
    """Nested values of the known fields; unknown names and empty texts are left out. Raises Unreadable.

    Names are dotted (`traits.name.first`). A name twice: the first text or number wins, the last switch (a checkbox
    sends `false` from a hidden field and then `true`), and all of a list's. What cannot be converted stays text.
    """
    given = _given(body)
    values: dict[str, Any] = {}
    for name in _containers(types):
        if texts := given.get(name):
            put(values, path_of(name), _object(name, texts[0]))
    for name, kind in types.items():
        if texts := given.get(name):
            value = _converted(kind, texts)
            if value is not None:
                put(values, path_of(name), value)
    return values


def path_of(name: str) -> tuple[str, ...]:
    """`traits.a\\.b` as `("traits", "a.b")`."""
    return tuple(part.replace("\\.", ".") for part in SPLIT.split(name))


def put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Sets a nested value; objects are merged, anything else in the way is replaced."""
    for part in path[:-1]:
        inner = values.get(part)
        if not isinstance(inner, dict):
            inner = values[part] = {}
        values = inner
    old = values.get(path[-1])
    if isinstance(old, dict) and isinstance(value, dict):
        old.update(value)
    else:
        values[path[-1]] = value


def _given(body: bytes) -> Mapping[str, list[str]]:
    text = body.decode("utf-8", "replace")
    if BROKEN_ESCAPE.search(text):
        raise Unreadable("The form contains a broken percent escape.")
    if ";" in text:
        raise Unreadable("The form contains a bare semicolon.")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="replace")
    except ValueError:
        raise Unreadable(f"The form has more than {FIELDS_MAX} fields.") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


def _containers(types: FieldTypes) -> list[str]:
    """The objects that fields lie in, outermost first: one may come whole, as JSON."""
    found: dict[str, None] = {}
    for name in types:
        parts = SPLIT.split(name)
        found.update({".".join(parts[:length]): None for length in range(1, len(parts))})
    return sorted(found, key=lambda name: name.count("."))


def _object(name: str, text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Unreadable(f"{name} has to be a JSON object.")
    return value


def _converted(kind: str, texts: list[str]) -> Any:
    match kind:
        case "boolean":
            return _switch(texts[-1])
        case "number" | "integer":
            return _number(texts[0])
        case "json":
            return _inner_object(texts[0])
        case "string" | "object":
            return texts[0] or None
    if kind.startswith("array"):
        return [_member(kind.removeprefix("array").removeprefix(":"), text) for text in texts]
    return None


def _member(kind: str, text: str) -> Any:
    """One of a list: unlike a field by itself, an empty one stays."""
    found = _converted(kind, [text]) if kind in ("boolean", "number", "integer") else None
    return text if found is None else found


def _inner_object(text: str) -> Any:
    """An object without fields of its own comes as JSON; what is none stays a text, which the schema refuses."""
    try:
        found = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return text
    return found if isinstance(found, dict) else text or None


def _switch(text: str) -> bool | str | None:
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    return text or None


def _number(text: str) -> int | float | str | None:
    if not text or text != text.strip():
        return text or None
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise Unreadable(f"{text} is not a number that can be kept.")
    return int(number) if number.is_integer() else number
