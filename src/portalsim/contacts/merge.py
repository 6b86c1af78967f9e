"""Merging two contacts: a new record id (or the primary's, by switch), and both old ids go on leading there.

Source: HubSpot's contacts guide; which unique value survives is not established and therefore a switch."""

from dataclasses import replace
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.contacts import lookup, records
from portalsim.contacts.model import Contact
from portalsim.contacts.single import WRITE
from portalsim.contacts.writes import record
from portalsim.ledger import Origin
from portalsim.portal import Portal

LIMIT = 250


def merge(portal: Portal, primary: Contact, other: Contact, origin: Origin) -> Contact:
    """The primary's values win, the other's fill what is empty; its e-mail becomes a secondary one. Raises Problem."""
    if primary.id == other.id:
        raise problems.validation("A contact cannot be merged with itself")
    old_ids = [
        *records.merged_ids(portal.database, primary.id),
        *records.merged_ids(portal.database, other.id),
    ]
    if _merges(portal, primary.id, other.id, *old_ids) + 1 > LIMIT:
        raise problems.too_many_merges()
    keeps_id = portal.switches["merge_id"] == "primary"
    new_id = primary.id if keeps_id else portal.next_id()
    now_ms = max(portal.clock.now_ms(), primary.updated_ms + 1, other.updated_ms + 1)
    gone = [*old_ids, other.id] if keeps_id else [*old_ids, primary.id, other.id]
    properties = _merged(portal, primary, other, gone)
    memberships = portal.database.rows(
        "SELECT list_id, at_ms FROM memberships WHERE contact_id IN (?, ?)", (primary.id, other.id)
    )
    for each in (primary, other):
        records.remove(portal.database, each.id)
    merged = Contact(new_id, properties, min(primary.created_ms, other.created_ms), now_ms)
    records.insert(portal.database, merged)
    records.claim(portal.database, merged, portal.catalogue.unique_names)
    for list_id, at_ms in memberships:
        portal.database.execute("INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)", (list_id, new_id, at_ms))
    for old_id in gone:
        portal.database.execute("INSERT OR REPLACE INTO merged (old_id, contact_id) VALUES (?, ?)", (old_id, new_id))
    record(portal, replace(origin, source="MERGE_CONTACTS"), merged, properties, None)
    return merged


def endpoint(portal: Portal, call: Call) -> Answer:
    body = call.object()
    primary = _named(portal, body.get("primaryObjectId"))
    other = _named(portal, body.get("objectIdToMerge"))
    merged = merge(portal, primary, other, call.origin)
    return Answer(200, merged.to_json(merged.all_names(), lookup.link(portal)))


def _merges(portal: Portal, *ids: int) -> int:
    """How many merges led to these records."""
    marks = ",".join("?" * len(ids))
    query = f"SELECT count(*) FROM ledger WHERE contact_id IN ({marks}) AND kind = 'contact.merge'"
    return int(portal.database.value(query, ids) or 0)


def _named(portal: Portal, given: Any) -> Contact:
    return lookup.get(portal, str(given or ""), None)


def _merged(portal: Portal, primary: Contact, other: Contact, gone: list[int]) -> dict[str, str]:
    properties = {**other.properties, **primary.properties}
    emails = [primary.email, other.email]
    for each in (primary, other):
        emails += each.properties.get("hs_additional_emails", "").split(";")
    primary_email = primary.email or other.email
    additional = ";".join(dict.fromkeys(each for each in emails if each and each != primary_email))
    properties |= {
        "email": primary_email,
        "hs_additional_emails": additional,
        "hs_merged_object_ids": ";".join(map(str, gone)),
    }
    for name in portal.catalogue.unique_names:
        properties[name] = _unique_value(portal, name, primary, other)
    return {name: value for name, value in properties.items() if value}


def _unique_value(portal: Portal, name: str, primary: Contact, other: Contact) -> str:
    choice = portal.switches["merge_unique_value"]
    if choice == "none":
        return ""
    first, second = (primary, other) if choice == "primary" else (other, primary)
    return first.properties.get(name) or second.properties.get(name, "")


OPERATIONS = (
    Operation("POST", versioned("crm", "objects", "/{type}/merge"), endpoint, "write", WRITE, "contact.merge"),
)
