"""What happens in a portal behind an integration's back: tokens end, properties go, people merge and erase contacts.

Called by the control API, by the pages, and by faults of the kind `act`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from portalsim.contacts import lookup, merge, privacy, records, writes
from portalsim.contacts.model import Contact
from portalsim.contacts.single import require_values
from portalsim.ledger import Origin
from portalsim.portal import Portal
from portalsim.switches import UnknownSwitch
from portalsim.tokens import Token

Details = Mapping[str, Any]


class BadHappening(ValueError):
    """It cannot happen: unknown action, or nothing of that name."""


def happen(portal: Portal, details: Details) -> dict[str, Any]:
    """Does `details["action"]`; answers what changed. Raises BadHappening, or Problem where a rule forbids it."""
    action = _ACTIONS.get(str(details.get("action")))
    if action is None:
        raise BadHappening(f"action is one of {', '.join(_ACTIONS)}, not {details.get('action')}")
    return action(portal, details)


def _revoke_token(portal: Portal, details: Details) -> dict[str, Any]:
    return portal.tokens.revoke(_token(portal, details)).to_json()


def _expire_token(portal: Portal, details: Details) -> dict[str, Any]:
    return portal.tokens.expire(_token(portal, details), portal.clock.now_ms()).to_json()


def _rotate_token(portal: Portal, details: Details) -> dict[str, Any]:
    """Shows the new value, once. `days` the old one works on: 0 or 7 in HubSpot."""
    token = _token(portal, details)
    value = new_token_value(portal)
    days = float(details.get("days", 0))
    rotated = portal.tokens.rotate(token, value, portal.clock.now_ms(), int(days * 86_400_000))
    return {**rotated.to_json(), "value": value}


def _set_scopes(portal: Portal, details: Details) -> dict[str, Any]:
    scopes = [str(each) for each in details.get("scopes", [])]
    return portal.tokens.set_scopes(_token(portal, details), scopes).to_json()


def _remove_scope(portal: Portal, details: Details) -> dict[str, Any]:
    token = _token(portal, details)
    return portal.tokens.set_scopes(token, [each for each in token.scopes if each != details.get("scope")]).to_json()


def _archive_property(portal: Portal, details: Details) -> dict[str, Any]:
    name = str(details.get("name"))
    if name not in portal.catalogue.live:
        raise BadHappening(f"there is no property {name}")
    portal.catalogue.archive(name, portal.clock.now_ms())
    return {"archived": name}


def _remove_option(portal: Portal, details: Details) -> dict[str, Any]:
    found = portal.catalogue.live.get(str(details.get("name")))
    if found is None:
        raise BadHappening(f"there is no property {details.get('name')}")
    left = tuple(each for each in found.options if each.value != details.get("option"))
    portal.catalogue.put(replace(found, options=left, updated_ms=portal.clock.now_ms()))
    return {"options": [each.value for each in left]}


def _require(portal: Portal, details: Details) -> dict[str, Any]:
    portal.require(tuple(str(each) for each in details.get("names", [])))
    return {"required": list(portal.required)}


def _form_contact(portal: Portal, details: Details) -> dict[str, Any]:
    """A contact that a form, an import or a person made: without anybody's key."""
    given = dict(details.get("properties", {}))
    if details.get("email"):
        given["email"] = details["email"]
    values = require_values(portal, given)
    origin = _origin(portal, "form", str(details.get("source", "FORM")))
    return {"id": str(writes.create(portal, values, origin).id)}


def _change_contact(portal: Portal, details: Details) -> dict[str, Any]:
    values = require_values(portal, details.get("properties", {}))
    changed = writes.change(portal, _contact(portal, details), values, _origin(portal, "contact.update"))
    return {"id": str(changed.id)}


def _archive_contact(portal: Portal, details: Details) -> dict[str, Any]:
    contact = _contact(portal, details)
    writes.archive(portal, contact, _origin(portal, "contact.archive"))
    return {"archived": str(contact.id)}


def _restore_contact(portal: Portal, details: Details) -> dict[str, Any]:
    records.purge(portal.database, portal.clock.now_ms())
    key = str(details.get("id", ""))
    found = records.find(portal.database, int(key), archived=True) if lookup.is_record_id(key) else None
    if found is None:
        raise BadHappening(f"nothing to restore under {key}")
    return {"restored": str(writes.restore(portal, found, _origin(portal, "contact.restore")).id)}


def _erase_contact(portal: Portal, details: Details) -> dict[str, Any]:
    contact = _contact(portal, details)
    privacy.erase(portal, contact, _origin(portal, "contact.erase"))
    return {"erased": str(contact.id)}


def _merge_contacts(portal: Portal, details: Details) -> dict[str, Any]:
    primary = _contact(portal, {"id": details.get("primary"), "email": details.get("primary_email")})
    other = _contact(portal, {"id": details.get("other"), "email": details.get("other_email")})
    return {"id": str(merge.merge(portal, primary, other, _origin(portal, "contact.merge")).id)}


def _set_switch(portal: Portal, details: Details) -> dict[str, Any]:
    try:
        portal.flip(str(details.get("name")), str(details.get("value")))
    except UnknownSwitch as unknown:
        raise BadHappening(str(unknown)) from unknown
    return {str(details.get("name")): str(details.get("value"))}


def _exhaust_day(portal: Portal, details: Details) -> dict[str, Any]:
    portal.limits.exhaust_day(portal.clock.now())
    return {"used": portal.limits.used_today(portal.clock.now())}


def _refuse_connections(portal: Portal, details: Details) -> dict[str, Any]:
    """`seconds` of the machine's clock, in which nobody is there, the control API included."""
    if portal.shut_door is None:
        raise BadHappening("there is no server whose door could be shut")
    try:
        seconds = float(details.get("seconds", 5))
    except (TypeError, ValueError):
        raise BadHappening(f"{details.get('seconds')} is no number of seconds") from None
    portal.shut_door(seconds)
    return {"refused_for_s": seconds}


def new_token_value(portal: Portal, kind: str = "private_app") -> str:
    return f"{'CJ' if kind == 'oauth' else 'pat'}-{portal.account.hosting}-{portal.new_uuid()}"


def _token(portal: Portal, details: Details) -> Token:
    """By id, value or name; the first one when none is named."""
    named = details.get("token")
    found = portal.tokens.find_by_id(str(named)) if named else next(iter(portal.tokens.list_all()), None)
    if found is None:
        raise BadHappening("there is no such token")
    return found


def _contact(portal: Portal, details: Details) -> Contact:
    key, id_property = (details.get("id"), None) if details.get("id") else (details.get("email"), "email")
    found = lookup.find_any(portal, str(key), id_property)
    if found is None:
        raise BadHappening(f"there is no contact {key}")
    return found


def _origin(portal: Portal, kind: str, source: str = "CRM_UI") -> Origin:
    return Origin(portal.new_uuid(), "", kind, source)


_ACTIONS: Mapping[str, Callable[[Portal, Details], dict[str, Any]]] = {
    "revoke_token": _revoke_token,
    "expire_token": _expire_token,
    "rotate_token": _rotate_token,
    "set_scopes": _set_scopes,
    "remove_scope": _remove_scope,
    "archive_property": _archive_property,
    "remove_option": _remove_option,
    "require": _require,
    "form_contact": _form_contact,
    "change_contact": _change_contact,
    "archive_contact": _archive_contact,
    "restore_contact": _restore_contact,
    "erase_contact": _erase_contact,
    "merge_contacts": _merge_contacts,
    "set_switch": _set_switch,
    "exhaust_day": _exhaust_day,
    "refuse_connections": _refuse_connections,
}
ACTION_NAMES = tuple(_ACTIONS)
