"""What a property accepts: values become text, and each that does not fit is refused with HubSpot's code."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portalsim.clock import iso
from portalsim.definitions import Definition
from portalsim.problems import Invalid

EMAIL = re.compile(r"[^@\s<>()\[\],;:\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,})")
BAD_TLDS = frozenset({"con", "cmo", "ocm", "comm", "invalidtld", "local", "localhost", "internal"})
MAX_TEXT = 65_536


def as_text(value: Any) -> str:
    """HubSpot keeps every value as text; null and nothing are the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def checked(
    given: Mapping[str, Any], definitions: Mapping[str, Definition], settable: frozenset[str] = frozenset()
) -> tuple[dict[str, str], list[Invalid]]:
    """The values as they would be stored, and everything that is wrong with them. `settable`: read-only names that
    this write may set all the same."""
    kept: dict[str, str] = {}
    wrong: list[Invalid] = []
    for name, raw in given.items():
        definition = definitions.get(name)
        text = as_text(raw)
        found = (
            Invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
            if definition is None
            else _refusal(definition, text, name in settable)
        )
        if found is not None:
            wrong.append(found)
        elif definition is not None:
            kept[name] = _stored(definition, text)
    return kept, wrong


def _refusal(definition: Definition, text: str, is_settable: bool) -> Invalid | None:
    name = definition.name
    if definition.read_only and not is_settable:
        message = f'"{name}" is a calculated property; its value cannot be set.'
        return Invalid(name, "READ_ONLY_VALUE", message)
    if not text:
        return None
    if len(text) > MAX_TEXT:
        return Invalid(name, "PROPERTY_VALUE_TOO_LONG", f"{name} may hold {MAX_TEXT} characters at most")
    check = _CHECKS.get("email" if name == "email" else definition.type)
    return check(definition, text) if check else None


def _email(definition: Definition, text: str) -> Invalid | None:
    found = EMAIL.fullmatch(text.strip())
    if found is None or found.group(1).lower() in BAD_TLDS:
        return Invalid(definition.name, "INVALID_EMAIL", f"Email address {text} is invalid")
    return None


def _number(definition: Definition, text: str) -> Invalid | None:
    if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        return None
    return Invalid(definition.name, "INVALID_LONG", f"{text} was not a valid long.")


def _option(definition: Definition, text: str) -> Invalid | None:
    allowed = {option.value for option in definition.options}
    parts = text.lstrip(";").split(";") if definition.field_type == "checkbox" else [text]
    bad = [part for part in parts if part not in allowed]
    if not bad:
        return None
    listed = ", ".join(f'label: "{option.label}"\nvalue: "{option.value}"\n' for option in definition.options)
    message = f"{bad[0]} was not one of the allowed options: [{listed}]"
    return Invalid(definition.name, "INVALID_OPTION", message)


def _bool(definition: Definition, text: str) -> Invalid | None:
    if text.lower() in ("true", "false"):
        return None
    return Invalid(definition.name, "INVALID_BOOLEAN_OPTION", f"{text} was not a valid boolean.")


def _date(definition: Definition, text: str) -> Invalid | None:
    moment = _moment(text)
    if moment is None:
        return Invalid(definition.name, "INVALID_DATE", f"{text} was not a valid date.")
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        message = f"{text} is at {moment:%H:%M:%S.%f} UTC, not midnight!"
        return Invalid(definition.name, "INVALID_DATE", message)
    return None


def _datetime(definition: Definition, text: str) -> Invalid | None:
    if _moment(text) is None:
        return Invalid(definition.name, "INVALID_DATE", f"{text} was not a valid date.")
    return None


def _moment(text: str) -> datetime | None:
    try:
        if re.fullmatch(r"-?\d+", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stored(definition: Definition, text: str) -> str:
    if definition.name == "email":
        return text.strip().lower()
    if definition.type == "bool":
        return text.lower()
    moment = _moment(text) if definition.type in ("date", "datetime") and text else None
    if moment is not None:
        return moment.strftime("%Y-%m-%d") if definition.type == "date" else iso(moment)
    return text


_CHECKS = {
    "email": _email,
    "number": _number,
    "enumeration": _option,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
}


def epoch_ms(text: str) -> int | None:
    """A datetime value as milliseconds since 1970, None for what is none."""
    moment = _moment(text) if text else None
    return None if moment is None else int(moment.timestamp() * 1000)
