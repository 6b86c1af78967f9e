"""Consents that an operator states: somebody agreed elsewhere, and it is said who or what."""

from collections.abc import Mapping
from typing import Any

from doorward.identities.draft import NewConsent
from doorward.identities.schema import SchemaRegistry, value_at

CAUSE_HELP = (
    "Who or what agreed, e.g. 'paper form of 2026-03-01'. Without it a consent trait set to true sends nothing."
)


def stated_consents(
    schemas: SchemaRegistry, schema_id: str, traits: Mapping[str, Any], source: str | None, path: str = "cli"
) -> tuple[NewConsent, ...]:
    """A write to true counts only with a stated source; without one there is no receipt, and nothing is sent."""
    if not source:
        return ()
    return tuple(
        NewConsent(item.purpose, True, item.text, item.version, "en", f"{path}: {source}")
        for item in schemas.get_schema(schema_id).consents
        if item.path and value_at(traits, item.path) is True
    )
