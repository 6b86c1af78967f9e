"""The portal's contact properties: what each one takes. Read from HubSpot's property definitions, kept compact."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorward.clock import from_micros, micros

MULTIPLE = "checkbox"
"""The field type of an enumeration that takes several values, `a;b`."""


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """One contact property. `options` is empty where any value is taken, or where HubSpot keeps the list elsewhere."""

    name: str
    type: str
    field_type: str = ""
    options: frozenset[str] = frozenset()
    is_read_only: bool = False
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every property by name, as of `learned_at`."""

    properties: Mapping[str, PropertyDefinition]
    learned_at: datetime

    def find(self, name: str) -> PropertyDefinition | None:
        return self.properties.get(name)


def read_definition(shape: Mapping[str, Any]) -> PropertyDefinition | None:
    """A definition from HubSpot's answer; None for archived ones and for what is none."""
    name, kind = shape.get("name"), shape.get("type")
    if not isinstance(name, str) or not isinstance(kind, str) or shape.get("archived") is True:
        return None
    metadata = shape.get("modificationMetadata")
    options = shape.get("options")
    is_external = shape.get("externalOptions") is True
    return PropertyDefinition(
        name=name,
        type=kind,
        field_type=str(shape.get("fieldType") or ""),
        options=frozenset() if is_external or not isinstance(options, list) else frozenset(_option_values(options)),
        is_read_only=isinstance(metadata, Mapping) and metadata.get("readOnlyValue") is True,
        is_unique=shape.get("hasUniqueValue") is True,
    )


def make_catalogue(shapes: Iterable[Mapping[str, Any]], at: datetime) -> Catalogue:
    found = (read_definition(shape) for shape in shapes)
    return Catalogue({each.name: each for each in found if each is not None}, at)


def pack(catalogue: Catalogue) -> dict[str, Any]:
    """As JSON values, for `destinations.facts`."""
    return {
        "learned_at": micros(catalogue.learned_at),
        "properties": {
            each.name: [each.type, each.field_type, sorted(each.options), each.is_read_only, each.is_unique]
            for each in catalogue.properties.values()
        },
    }


def unpack(packed: object) -> Catalogue | None:
    """The inverse of `pack`; None for anything that another release may have left there."""
    try:
        shape = packed if isinstance(packed, Mapping) else {}
        return Catalogue(
            {
                name: PropertyDefinition(name, kind, field, frozenset(options), read_only, unique)
                for name, (kind, field, options, read_only, unique) in shape["properties"].items()
            },
            from_micros(shape["learned_at"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _option_values(options: list[Any]) -> Iterable[str]:
    return (str(each["value"]) for each in options if isinstance(each, Mapping) and "value" in each)
