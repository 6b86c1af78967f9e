"""One contact at a time: create, read, list, update, archive."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.contacts import lookup, records, writes
from portalsim.contacts.history import with_history
from portalsim.contacts.model import DEFAULT_NAMES, Contact
from portalsim.portal import Portal
from portalsim.problems import Problem
from portalsim.standard import SETTABLE_AT_CREATION
from portalsim.values import checked

READ, WRITE = ("crm.objects.contacts.read",), ("crm.objects.contacts.write",)
PAGE, PAGE_WITH_HISTORY, DEFAULT_PAGE = 100, 50, 10


def create(portal: Portal, call: Call) -> Answer:
    values = require_values(portal, _properties(call.object()), settable=SETTABLE_AT_CREATION)
    try:
        contact = writes.create(portal, values, call.origin)
    except Problem as refused:
        raise _single_conflict(portal, refused, values.get("email", "")) from refused
    where = f"{lookup.link(portal)}{contact.id}"
    shown = contact.to_json(contact.all_names(), lookup.link(portal))
    return Answer(201, shown, {"location": where})


def read(portal: Portal, call: Call) -> Answer:
    contact = lookup.get(
        portal, call.params["id"], call.text("idProperty") or None, archived=call.text("archived") == "true"
    )
    names = known_names(portal, call.names("properties"))
    histories = known_names(portal, call.names("propertiesWithHistory"))
    shown = contact.to_json([*names, *histories], lookup.link(portal))
    return Answer(200, with_history(portal, contact, shown, histories))


def list_page(portal: Portal, call: Call) -> Answer:
    histories = known_names(portal, call.names("propertiesWithHistory"))
    limit = call.number("limit", DEFAULT_PAGE, PAGE_WITH_HISTORY if histories else PAGE)
    after = _read_cursor(call.text("after"))
    records.purge(portal.database, portal.clock.now_ms())
    found = records.list_page(portal.database, after, limit + 1, archived=call.text("archived") == "true")
    names = known_names(portal, call.names("properties"))
    results = [
        with_history(portal, each, each.to_json([*names, *histories], lookup.link(portal)), histories)
        for each in found[:limit]
    ]
    body: dict[str, Any] = {"results": results}
    if len(found) > limit:
        body["paging"] = {"next": _next(call, found[limit - 1])}
    return Answer(200, body)


def update(portal: Portal, call: Call) -> Answer:
    contact = lookup.get(portal, call.params["id"], call.text("idProperty") or None)
    values = require_values(portal, _properties(call.object()))
    changed = writes.change(portal, contact, values, call.origin)
    return Answer(200, changed.to_json([*DEFAULT_NAMES, *values], lookup.link(portal)))


def archive(portal: Portal, call: Call) -> Answer:
    """An unknown id is no error: the contact is not there, as was wanted."""
    contact = lookup.find_any(portal, call.params["id"], None)
    if contact is not None:
        writes.archive(portal, contact, call.origin)
    return Answer(204)


def require_values(
    portal: Portal, given: Mapping[str, Any], settable: frozenset[str] = frozenset()
) -> Mapping[str, str]:
    """Checked values, or the problem that names all that is wrong."""
    values, wrong = checked(given, portal.catalogue.live, settable)
    if wrong:
        capped = portal.switches.is_on("errors_capped_at_3")
        raise problems.invalid_values(wrong, portal.account.portal_id, capped=capped)
    return values


def known_names(portal: Portal, names: list[str]) -> list[str]:
    """Names that were never defined are left out of answers silently."""
    return [name for name in names if name in portal.catalogue.live]


def _properties(body: Mapping[str, Any]) -> Mapping[str, Any]:
    given = body.get("properties")
    if not isinstance(given, Mapping):
        raise problems.broken_json(1, 1, "properties is missing or no object")
    return given


def _single_conflict(portal: Portal, refused: Problem, email: str) -> Problem:
    owner = records.email_owner(portal.database, email) if refused.status == 409 else None
    if owner is not None and portal.switches["conflict_body"] == "legacy":
        return problems.legacy_conflict(owner, email, portal.clock.now_ms())
    return refused


def _read_cursor(text: str) -> int:
    try:
        return int(base64.b64decode(text, validate=True)) if text else 0
    except (ValueError, binascii.Error):
        raise problems.validation(f"after is not a cursor of this API: {text}") from None


def _next(call: Call, last: Contact) -> dict[str, str]:
    after = base64.b64encode(str(last.id).encode()).decode()
    return {"after": after, "link": f"https://api.hubapi.com{call.path}?after={after}"}


OPERATIONS = (
    Operation("POST", versioned("crm", "objects", "/{type}"), create, "write", WRITE, "contact.create"),
    Operation("GET", versioned("crm", "objects", "/{type}"), list_page, "read", READ),
    Operation("GET", versioned("crm", "objects", "/{type}/{id}"), read, "read", READ),
    Operation("PATCH", versioned("crm", "objects", "/{type}/{id}"), update, "write", WRITE, "contact.update"),
    Operation("DELETE", versioned("crm", "objects", "/{type}/{id}"), archive, "write", WRITE, "contact.archive"),
)
