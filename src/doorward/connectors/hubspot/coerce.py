"""Turns a template's JSON values into the texts that HubSpot takes, by the property's type.

Source: HubSpot's properties guide: all values are texts; dates are midnight UTC, several options are `a;b`, "" clears.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from doorward.clock import EPOCH
from doorward.connectors.hubspot.catalogue import MULTIPLE, PropertyDefinition
from doorward.errors import InvalidInput

LONGEST_TEXT = 65_536
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MILLISECONDS = re.compile(r"-?\d{10,16}")
FRACTION = re.compile(r"(\.\d{1,6})\d*")


class ValueRefused(InvalidInput):
    """A property cannot hold the value that the template gave it."""

    def __init__(self, name: str, wanted: str, *, may_be_stale: bool = False) -> None:
        """Never quotes the value, which is personal data. `may_be_stale`: a newer catalogue may allow it."""
        self.name = name
        self.may_be_stale = may_be_stale
        super().__init__(f"The template's value for the property {name!r} is not {wanted}.", property=name)


def coerce(value: Any, name: str, definition: PropertyDefinition | None) -> str:
    """The text to send; without a definition a plain text form. Raises ValueRefused."""
    if value is None:
        return ""
    if isinstance(value, str) and value == "":
        return ""
    kind = "" if definition is None else definition.type
    text = COERCIONS.get(kind, _text)(value, definition or PropertyDefinition(name, ""))
    if len(text) > LONGEST_TEXT:
        raise ValueRefused(name, f"at most {LONGEST_TEXT} characters long")
    return text


def _text(value: Any, definition: PropertyDefinition) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, definition)
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ";".join(_text(each, definition) for each in value)
    raise ValueRefused(definition.name, "a text")


def _boolean(value: Any, definition: PropertyDefinition) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower()
    raise ValueRefused(definition.name, "true or false")


def _number(value: Any, definition: PropertyDefinition) -> str:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueRefused(definition.name, "a number")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return value.strip()
    raise ValueRefused(definition.name, "a number (digits, at most one point, no commas)")


def _enumeration(value: Any, definition: PropertyDefinition) -> str:
    given = value if isinstance(value, list) else [value]
    texts = [_text(each, definition) for each in given]
    if definition.field_type != MULTIPLE:
        if len(texts) > 1:
            raise ValueRefused(definition.name, "one value: the property takes a single option")
        chosen = texts
    else:
        chosen = [part.strip() for text in texts for part in text.split(";") if part.strip()]
    if definition.options and not definition.options.issuperset(chosen):
        raise ValueRefused(definition.name, "one of the property's options (by value, not by label)", may_be_stale=True)
    # A leading semicolon means: add to what is there.
    is_adding = definition.field_type == MULTIPLE and bool(texts) and texts[0].startswith(";")
    return (";" if is_adding and chosen else "") + ";".join(chosen)


def _date(value: Any, definition: PropertyDefinition) -> str:
    if isinstance(value, str) and DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            raise ValueRefused(definition.name, "a date") from None
    return _moment(value, definition, "a date").date().isoformat()


def _datetime(value: Any, definition: PropertyDefinition) -> str:
    moment = _moment(value, definition, "a date with time")
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _moment(value: Any, definition: PropertyDefinition, wanted: str) -> datetime:
    """A moment in UTC from RFC 3339 text (without zone: UTC) or milliseconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return EPOCH + timedelta(milliseconds=value)
        if isinstance(value, str) and MILLISECONDS.fullmatch(value.strip()):
            return EPOCH + timedelta(milliseconds=int(value))
        if isinstance(value, str):
            moment = datetime.fromisoformat(FRACTION.sub(r"\1", value.strip()))
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueRefused(definition.name, f"{wanted} (as 2026-03-02T10:11:12Z, or milliseconds since 1970)")


COERCIONS: Mapping[str, Callable[[Any, PropertyDefinition], str]] = {
    "bool": _boolean,
    "number": _number,
    "enumeration": _enumeration,
    "date": _date,
    "datetime": _datetime,
}
