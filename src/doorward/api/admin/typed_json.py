"""JSON bodies of the admin API read with types, as strictly as Kratos reads them: names without regard to case, null as
if absent, and, where asked for, no name that nobody knows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from doorward.ids import find_uuid
from doorward.web.body import MalformedBody


class JsonFields:
    """An object of a body. Each getter gives None for what is absent or null; MalformedBody for a wrong type."""

    def __init__(self, value: Any, place: str = "") -> None:
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise MalformedBody(f"{place or 'The body'} has to be an object.")
        self._place = place
        self._values: Mapping[str, Any] = {name.lower(): each for name, each in value.items()}

    def allow(self, *names: str) -> "JsonFields":
        """Itself. Raises MalformedBody for any other name."""
        unknown = sorted(set(self._values) - set(names))
        if unknown:
            raise MalformedBody(f"Unknown field: {self._named(unknown[0])}.")
        return self

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def raw(self, name: str) -> Any:
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise MalformedBody(f"{self._named(name)} has to be a text.")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise MalformedBody(f"{self._named(name)} has to be true or false.")
        return value

    def fields(self, name: str) -> "JsonFields":
        """An inner object; an empty one where there is none."""
        return JsonFields(self._values.get(name), self._named(name))

    def items(self, name: str) -> Sequence[Any]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise MalformedBody(f"{self._named(name)} has to be a list.")
        return value or ()

    def objects(self, name: str) -> list["JsonFields"]:
        """The objects of a list; null counts as an empty one."""
        return [JsonFields(each, f"{self._named(name)}[{index}]") for index, each in enumerate(self.items(name))]

    def uuid(self, name: str) -> UUID | None:
        text = self.text(name)
        if text is None:
            return None
        found = find_uuid(text)
        if found is None:
            raise MalformedBody(f"{self._named(name)} has to be a UUID.")
        return found

    def time(self, name: str) -> datetime | None:
        """An RFC 3339 time."""
        text = self.text(name)
        if text is None:
            return None
        try:
            found = datetime.fromisoformat(text)
            # Five past midnight of the year 1 in Berlin is no time at all in UTC.
            found = found if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise MalformedBody(f"{self._named(name)} has to be a time such as 2026-01-31T12:00:00Z.") from None
        if found.tzinfo is None:
            raise MalformedBody(f"{self._named(name)} has to name its time zone.")
        return found

    def _named(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
