"""Reads a target's answer as Go's decoder would: keys in any case, the last one counts. Anything else is Malformed."""

import json
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn

import orjson

from doorward.security.egress import OutgoingResponse

BLANKS = " \t\r\n"
WHOLE_BITS = 63


class Malformed(Exception):
    """The answer cannot be read; the text says why and quotes nothing of it."""


def first_value(response: OutgoingResponse) -> Any:
    """The first JSON value of the body; what follows it does not matter. Raises Malformed."""
    value, _ = _decode(response)
    return value


def whole_value(response: OutgoingResponse) -> Any:
    """The body as one JSON value and nothing more. Raises Malformed."""
    value, rest = _decode(response)
    if rest:
        raise Malformed("there is something behind the JSON")
    return value


def fields_of(raw: Any, known: AbstractSet[str], what: str) -> dict[str, Any]:
    """The known fields of an object, by their names in lower case; null has none."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise Malformed(f"{what} is not an object")
    return {name.lower(): value for name, value in raw.items() if name.lower() in known}


def list_of(raw: Any, what: str) -> list[Any]:
    """The items of a list; null has none. Raises Malformed."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Malformed(f"{what} is not a list")
    return raw


def storable(value: Any) -> Any:
    """A value without what no database keeps, for it becomes part of a form: NUL, and whole numbers of more than 64
    bits, which become the nearest number with a fraction.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >> WHOLE_BITS:
        return _as_float(value)
    if isinstance(value, str):
        return value.replace("\0", "")
    return _within(value, storable)


def checked_size(value: Any) -> Any:
    """The value unchanged. Raises Malformed for numbers of more than 64 bits and for what is nested too deeply."""
    try:
        orjson.dumps(value)
    except TypeError:
        raise Malformed("it holds a number that is too large, or is nested too deeply") from None
    return value


def _decode(response: OutgoingResponse) -> tuple[Any, str]:
    if response.truncated:
        raise Malformed("it is too large")
    text = response.body.decode("utf-8", "replace").lstrip(BLANKS)
    try:
        value, end = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
        if "\\u" in text:
            value = _whole_characters(value)
    except (ValueError, RecursionError):
        raise Malformed("it is not JSON") from None
    return value, text[end:].strip(BLANKS)


def _whole_characters(value: Any) -> Any:
    """Half a pair is no character: U+FFFD stands for it, as in Go."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _within(value, _whole_characters)


def _within(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [change(each) for each in value]
    if isinstance(value, dict):
        return {change(name): change(each) for name, each in value.items()}
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None
