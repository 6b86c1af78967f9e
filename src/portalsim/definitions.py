"""What a property definition and a group of them are, and their JSON. The standard ones are in `standard`."""

from dataclasses import dataclass
from typing import Any

from portalsim.clock import iso_ms


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One property of contacts. `type` is bool, date, datetime, enumeration, number, phone_number or string."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Option, ...] = ()
    unique: bool = False
    read_only: bool = False
    is_standard: bool = False
    description: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    display_order: int = -1
    archived: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the properties API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": option.label, "value": option.value, "displayOrder": order, "hidden": False}
                for order, option in enumerate(self.options)
            ],
            "displayOrder": self.display_order,
            "calculated": False,
            "externalOptions": False,
            "archived": self.archived,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.is_standard,
            "modificationMetadata": {
                "archivable": not self.is_standard,
                "readOnlyDefinition": self.is_standard,
                "readOnlyValue": self.read_only,
            },
            "formField": not self.read_only,
            **(
                {} if self.is_standard else {"createdAt": iso_ms(self.created_ms), "updatedAt": iso_ms(self.updated_ms)}
            ),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A group of properties."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "displayOrder": self.display_order, "archived": self.archived}
