"""The `identity` of a parsed 200: which fields are applied, and of which a wrong type fails the whole answer."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.actions.answer_json import Malformed, checked_size, fields_of, list_of

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
FREE = ("traits", "metadata_public", "metadata_admin")

Check = Callable[[Any, str], None]


def read_patch(raw: Any) -> dict[str, Any]:
    """Names to new values, each to be replaced whole; empty for null. Raises Malformed.

    Empty texts and lists change nothing, but a null or empty `external_id` and null metadata clear theirs. `traits` of
    null is passed on, to fail validation. Keys count in any case; unknown ones do not.
    """
    found = fields_of(raw, CHECKS.keys() | set(FREE), "identity")
    _each(found, CHECKS, "identity")
    patch = {name: found[name] for name in FREE if name in found}
    for name in ("schema_id", "state", "verifiable_addresses", "recovery_addresses"):
        if found.get(name):
            patch[name] = found[name]
    if "external_id" in found:
        patch["external_id"] = found["external_id"] or None
    checked_size(patch)
    return patch


def _text(value: Any, what: str) -> None:
    if not isinstance(value, str):
        raise Malformed(f"{what} is not a text")


def _flag(value: Any, what: str) -> None:
    if not isinstance(value, bool):
        raise Malformed(f"{what} is not true or false")


def _uuid(value: Any, what: str) -> None:
    try:
        UUID(str(value))
    except ValueError:
        raise Malformed(f"{what} is not a UUID") from None


def _time(value: Any, what: str) -> None:
    if not isinstance(value, str) or not RFC3339.fullmatch(value):
        raise Malformed(f"{what} is not a time with its zone")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Malformed(f"{what} is not a time") from None


def _whole(value: Any, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{what} is not a whole number")


def _texts(value: Any, what: str) -> None:
    for text in list_of(value, what):
        if text is not None:
            _text(text, f"an entry of {what}")


def _credentials(value: Any, what: str) -> None:
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object")
    for kind, credential in value.items():
        _each(fields_of(credential, CREDENTIAL_CHECKS.keys(), f"{what}.{kind}"), CREDENTIAL_CHECKS, f"{what}.{kind}")


def _addresses(value: Any, what: str) -> None:
    for address in list_of(value, what):
        _each(fields_of(address, ADDRESS_CHECKS.keys(), f"an entry of {what}"), ADDRESS_CHECKS, what)


def _each(found: Mapping[str, Any], checks: Mapping[str, Check], what: str) -> None:
    """Null is of every type."""
    for name, value in found.items():
        if name in checks and value is not None:
            checks[name](value, f"{what}.{name}")


CREDENTIAL_CHECKS: Mapping[str, Check] = {
    "type": _text,
    "identifiers": _texts,
    "version": _whole,
    "created_at": _time,
    "updated_at": _time,
}
ADDRESS_CHECKS: Mapping[str, Check] = {
    "id": _uuid,
    "value": _text,
    "via": _text,
    "status": _text,
    "verified": _flag,
    "verified_at": _time,
    "created_at": _time,
    "updated_at": _time,
}
CHECKS: Mapping[str, Check] = {
    "id": _uuid,
    "organization_id": _uuid,
    "schema_id": _text,
    "schema_url": _text,
    "state": _text,
    "external_id": _text,
    "region": _text,
    "created_at": _time,
    "updated_at": _time,
    "state_changed_at": _time,
    "credentials": _credentials,
    "verifiable_addresses": _addresses,
    "recovery_addresses": _addresses,
}
