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


def changed_consents(
    flow: Flow,
    schema: IdentitySchema,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    transient_payload: Mapping[str, Any],
) -> tuple[NewConsent, ...]:
    """The answers that differ from before: saving a form again is not agreeing again.

    A consent without a trait counts as answered where the payload says anything about it.
    """
    fields = {item.purpose: item for item in schema.consents}
    return tuple(
        answer
        for answer in answered_consents(flow, schema, after, transient_payload)
        if _is_changed(fields[answer.purpose], before, after, transient_payload)
    )


def _is_changed(
    field: ConsentField, before: Mapping[str, Any], after: Mapping[str, Any], transient_payload: Mapping[str, Any]
) -> bool:
    if field.path:
        return (value_at(before, field.path) is True) != (value_at(after, field.path) is True)
    return value_at(transient_payload, field.transient) is not None


def _is_granted(field: ConsentField, traits: Mapping[str, Any], transient_payload: Mapping[str, Any]) -> bool:
    if field.path:
        return value_at(traits, field.path) is True
    return value_at(transient_payload, field.transient) is True
