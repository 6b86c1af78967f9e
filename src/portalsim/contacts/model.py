"""A contact as data, and as HubSpot shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portalsim.clock import iso_ms

DEFAULT_NAMES = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
COMPUTED = frozenset({"createdate", "hs_object_id", "lastmodifieddate"})


@dataclass(frozen=True, slots=True)
class Contact:
    """`properties` hold what was set; empty texts are not kept. Id and both dates are computed from the record."""

    id: int
    properties: Mapping[str, str] = field(repr=False)
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None

    @property
    def email(self) -> str:
        return self.properties.get("email", "")

    @property
    def name(self) -> str:
        """For sorting and finding."""
        return f"{self.properties.get('firstname', '')} {self.properties.get('lastname', '')}".strip().lower()

    def value(self, name: str) -> str | None:
        """None where there is none."""
        if name == "hs_object_id":
            return str(self.id)
        if name == "createdate":
            return iso_ms(self.created_ms)
        if name == "lastmodifieddate":
            return iso_ms(self.updated_ms)
        return self.properties.get(name)

    def all_names(self) -> list[str]:
        return sorted({*self.properties, *DEFAULT_NAMES})

    def to_json(self, names: Iterable[str], link: str, **more: Any) -> dict[str, Any]:
        """With the named properties and the ones that every answer has; `link` is the beginning of the record's URL."""
        asked = sorted({*DEFAULT_NAMES, *names})
        shown: dict[str, Any] = {
            "id": str(self.id),
            "properties": {name: self.value(name) for name in asked},
            "createdAt": iso_ms(self.created_ms),
            "updatedAt": iso_ms(self.updated_ms),
            "archived": self.archived_ms is not None,
            "url": f"{link}{self.id}",
        }
        if self.archived_ms is not None:
            shown["archivedAt"] = iso_ms(self.archived_ms)
        return {**shown, **more}
