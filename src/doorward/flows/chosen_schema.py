"""Which identity schema a form is made of: the one that `identity_schema` asks for, if people may choose it."""

from collections.abc import Mapping
from dataclasses import replace

from doorward.flows.errors import SchemaNotSelectable
from doorward.flows.messages import Message, Words
from doorward.flows.model import Flow
from doorward.identities.schema import IdentitySchema, SchemaRegistry, UnknownSchema

IDENTIFIER, GENERIC = "identifier", 1070004


def chosen_schema(registry: SchemaRegistry, query: Mapping[str, str]) -> IdentitySchema:
    """The default one if none is asked for. Raises SchemaNotSelectable."""
    asked = query.get("identity_schema", "")
    if not asked:
        return registry.get_schema(registry.default_id)
    try:
        schema = registry.get_schema(asked)
    except UnknownSchema:
        raise SchemaNotSelectable from None
    if not schema.is_selectable and schema.id != registry.default_id:
        raise SchemaNotSelectable
    return schema


def asked_schema(query: Mapping[str, str]) -> dict[str, str]:
    """What a flow shows of it."""
    asked = query.get("identity_schema", "")
    return {"identity_schema": asked} if asked else {}


def with_identifier_label(flow: Flow, schema: IdentitySchema, words: Words) -> Flow:
    """The field for the identifier is called as the one trait that people sign in with, if there is just one."""
    label = _label(schema, words)
    if label is None:
        return flow
    return flow.with_ui(
        nodes=[
            replace(node, label=label)
            if node.name == IDENTIFIER and node.label is not None and node.label.id == GENERIC
            else node
            for node in flow.ui.nodes
        ]
    )


def _label(schema: IdentitySchema, words: Words) -> Message | None:
    fields = [
        field
        for field in schema.fields
        if any(kind.get(IDENTIFIER) for kind in field.extension.get("credentials", {}).values())
    ]
    title = fields[0].title if len(fields) == 1 else None
    return words.say(1070002, {"title": title, "name": fields[0].name}) if title else None
