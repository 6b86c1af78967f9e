"""Reads HubSpot's error bodies, whole or per record, into one flat form. Judges nothing; `errors` does.

Every field may be absent, a body may be HTML, and validation messages hold a JSON text of their own
(https://developers.hubspot.com/docs/api-reference/error-handling).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

EXISTING_ID = re.compile(r"Existing ID:\s*(\d+)", re.IGNORECASE)
PROPERTY_IN_TEXT = re.compile(r'[Pp]roperty "([^"]{1,200})"')
EMBEDDED = re.compile(r"\[\s*\{.*\}\s*\]", re.DOTALL)
NO_OBJECT: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What HubSpot complained of. `message` may quote a person's data: it is matched, never shown or stored.

    `codes` are upper-case validation codes in the order found, `properties` the property names blamed.
    """

    status: int
    category: str = ""
    message: str = ""
    policy: str = ""
    codes: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    existing_id: str | None = None
    scopes: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    correlation_id: str | None = None
    is_json: bool = True


def read_complaint(status: int, body: object) -> Complaint:
    """`body` is the parsed JSON, or None when the answer was none."""
    if not isinstance(body, Mapping):
        return Complaint(status, is_json=False)
    context = _mapping(body.get("context"))
    message = _text(body.get("message"))
    details = [*_embedded(message), *_mappings(body.get("errors"))]
    texts = [message, *(_text(each.get("message")) for each in details)]
    return Complaint(
        status=status,
        category=(_text(body.get("category")) or _text(body.get("errorType"))).upper(),
        message=message,
        policy=_text(body.get("policyName")).upper(),
        codes=_unique(_codes(body, details)),
        properties=_unique(_properties(context, details, texts)),
        existing_id=_existing_id([context, *(_mapping(each.get("context")) for each in details)], texts),
        scopes=_unique(_scopes([context, *(_mapping(each.get("context")) for each in details)])),
        trace_ids=_texts(context.get("objectWriteTraceId")),
        ids=_texts(context.get("ids")),
        correlation_id=_text(body.get("correlationId")) or None,
    )


def _embedded(message: str) -> list[Mapping[str, Any]]:
    """The list of problems that a validation message carries as JSON text behind its first words."""
    found = EMBEDDED.search(message)
    if found is None:
        return []
    try:
        return _mappings(orjson.loads(found[0]))
    except orjson.JSONDecodeError:
        return []


def _codes(body: Mapping[str, Any], details: list[Mapping[str, Any]]) -> Iterator[str]:
    for each in details:
        code = _text(each.get("code")) or _text(each.get("error"))
        if code:
            yield code.upper()
    for key in ("code", "subCategory"):
        if _text(body.get(key)):
            yield _text(body[key]).upper()


def _properties(context: Mapping[str, Any], details: list[Mapping[str, Any]], texts: list[str]) -> Iterator[str]:
    yield from _texts(context.get("propertyName"))
    for each in details:
        yield from _texts(_mapping(each.get("context")).get("propertyName"))
        if _text(each.get("name")):
            yield _text(each["name"])
    for text in texts:
        if not EMBEDDED.search(text):
            yield from PROPERTY_IN_TEXT.findall(text)


def _existing_id(contexts: list[Mapping[str, Any]], texts: list[str]) -> str | None:
    for context in contexts:
        for found in _texts(context.get("existingId")):
            if found.isdecimal():
                return found
    return next((found[1] for text in texts for found in [EXISTING_ID.search(text)] if found), None)


def _scopes(contexts: list[Mapping[str, Any]]) -> Iterator[str]:
    for context in contexts:
        yield from _texts(context.get("requiredGranularScopes"))
        yield from _texts(context.get("requiredScopes"))


def _unique(found: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else NO_OBJECT


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
