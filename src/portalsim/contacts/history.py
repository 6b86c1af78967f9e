"""A property's former values, newest first, from the ledger."""

from collections.abc import Iterable, Sequence
from typing import Any

from portalsim.clock import iso_ms
from portalsim.contacts import records
from portalsim.contacts.model import Contact
from portalsim.portal import Portal

VERSIONS_KEPT = 45


def versions(portal: Portal, contact: Contact, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """By property: value, time and source of each version."""
    ids = [contact.id, *records.merged_ids(portal.database, contact.id)]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for at_ms, source, changes in portal.ledger.changes_of(ids):
        kind, _, source_id = source.partition(":")
        for name in found.keys() & changes.keys():
            version = {"value": changes[name], "timestamp": iso_ms(at_ms), "sourceType": kind}
            found[name].append({**version, "sourceId": source_id} if source_id else version)
    return {name: list(reversed(each[-VERSIONS_KEPT:])) for name, each in found.items()}


def as_of(portal: Portal, contact: Contact, moment_ms: int) -> Contact:
    """The contact as it was then (search sees the past). Only changes in the ledger are undone."""
    values: dict[str, str] = {}
    last_ms = contact.created_ms
    for at_ms, _, changes in portal.ledger.changes_of([contact.id]):
        if at_ms > moment_ms:
            break
        values.update(changes)
        last_ms = at_ms
    kept = {name: value for name, value in values.items() if value}
    return Contact(contact.id, kept, contact.created_ms, last_ms)


def with_history(portal: Portal, contact: Contact, shown: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {**shown, "propertiesWithHistory": versions(portal, contact, names)} if names else shown
