"""Builds the nodes of forms: the CSRF field, one field per trait, buttons."""

from typing import Any

from doorward.flows.messages import Message, Words
from doorward.flows.model import CSRF_FIELD, Node
from doorward.identities.schema_fields import TraitField

TYPES_BY_FORMAT = {"email": "email", "tel": "tel", "uri": "url", "date": "date", "date-time": "datetime-local"}
AUTOCOMPLETE = {"email": "email", "tel": "tel", "uri": "url"}
TYPES = {"number": "number", "integer": "number", "boolean": "checkbox"}
OPTIONS_MAX = 256


def input_node(name: str, kind: str, group: str, label: Message | None = None, **attributes: Any) -> Node:
    """A field; further attributes (value, required, autocomplete, pattern, …) as given."""
    return Node("input", group, {"name": name, "type": kind, "disabled": False, **attributes}, label)


def submit_node(name: str, value: str, group: str, label: Message) -> Node:
    """A button."""
    return input_node(name, "submit", group, label, value=value)


def csrf_node() -> Node:
    """The hidden field; its value is put in when the form is shown."""
    return input_node(CSRF_FIELD, "hidden", "default", required=True, value="")


def trait_node(field: TraitField, words: Words) -> Node:
    """The field of a trait. A consent is labelled with the exact sentence that is agreed to."""
    attributes: dict[str, Any] = {}
    if field.required:
        attributes["required"] = True
    if field.format in AUTOCOMPLETE:
        attributes["autocomplete"] = AUTOCOMPLETE[field.format]
    if field.pattern:
        attributes["pattern"] = field.pattern
    if field.enum:
        attributes["options"] = [{"value": value} for value in field.enum[:OPTIONS_MAX]]
    return input_node(field.name, input_type(field), "default", _label(field, words), **attributes)


def input_type(field: TraitField) -> str:
    """The HTML input type of a trait."""
    if field.type == "string":
        return TYPES_BY_FORMAT.get(field.format or "", "text")
    return TYPES.get(field.type, "text")


def _label(field: TraitField, words: Words) -> Message | None:
    title = field.consent.text if field.consent else field.title
    return words.say(1070002, {"title": title, "name": field.name}) if title else None
