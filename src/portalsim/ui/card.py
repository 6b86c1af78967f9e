"""What the page of one contact shows: grouped properties, history, subscriptions, lists, merged ids, the raw record."""

from collections import defaultdict
from typing import Any

import orjson

from portalsim.contacts import lookup, records
from portalsim.contacts.history import versions
from portalsim.contacts.model import Contact
from portalsim.portal import Portal

NEWEST = 200


def facts(portal: Portal, contact: Contact) -> dict[str, Any]:
    """The template's variables."""
    names = contact.all_names()
    raw = contact.to_json(names, lookup.link(portal))
    history = [
        {"name": name, **version}
        for name, found in versions(portal, contact, names).items()
        for version in found
        if version["value"]
    ]
    history.sort(key=lambda each: (each["timestamp"], each["name"]), reverse=True)
    return {
        "groups": _grouped(portal, contact, names),
        "history": history[:NEWEST],
        "merged": records.merged_ids(portal.database, contact.id),
        "statuses": portal.database.rows(
            "SELECT subscription_id, state, legal_basis, at_ms FROM statuses WHERE email = ?", (contact.email,)
        ),
        "lists": portal.database.rows(
            "SELECT list_id, at_ms FROM memberships WHERE contact_id = ? ORDER BY list_id", (contact.id,)
        ),
        "raw": orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode(),
        "calls": portal.ledger.page(0, NEWEST, {"contact_id": str(contact.id)}),
    }


def _grouped(portal: Portal, contact: Contact, names: list[str]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(group's label, [(label, name, value)]) for what has a value."""
    found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name in names:
        value = contact.value(name)
        definition = portal.catalogue.find(name)
        if value:
            group = definition.group if definition else "other"
            found[group].append((definition.label if definition else name, name, value))
    labels = {each.name: each.label for each in portal.catalogue.list_groups()}
    return [(labels.get(name, name), rows) for name, rows in sorted(found.items())]
