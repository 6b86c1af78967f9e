"""What a person was asked to agree to in a form, and what they answered: the receipts that a submit will write."""

from collections.abc import Mapping
from typing import Any

from doorward.flows.model import Flow
from doorward.identities.draft import NewConsent
from doorward.identities.schema import IdentitySchema, value_at
from doorward.identities.schema_fields import ConsentField

SHOWN = "consents"
"""Key of a flow's internal memory: what was shown when the form was made."""


def shown_consents(schema: IdentitySchema) -> list[dict[str, str]]:
    """For the flow's memory: a later change of the schema must not change what somebody has read."""
    return [{"purpose": item.purpose, "version": item.version, "text": item.text} for item in schema.consents]


def answered_consents(
    flow: Flow, schema: IdentitySchema, traits: Mapping[str, Any], transient_payload: Mapping[str, Any]
) -> tuple[NewConsent, ...]:
    """One answer per consent that was shown; a yes is the literal `true` and nothing else."""
    fields = {item.purpose: item for item in schema.consents}
    return tuple(
        NewConsent(
            purpose=shown["purpose"],
            granted=_is_granted(fields[shown["purpose"]], traits, transient_payload),
            text=shown["text"],
            version=shown["version"],
            locale=flow.language,
            source="flow",
        )
        for shown in flow.internal.get(SHOWN, ())
        if shown["purpose"] in fields
    )


def _is_granted(field: ConsentField, traits: Mapping[str, Any], transient_payload: Mapping[str, Any]) -> bool:
    if field.path:
        return value_at(traits, field.path) is True
    return value_at(transient_payload, field.transient) is True
