"""Erasing for privacy: the contact goes for good and its e-mail is put on a list of erased ones.

Source: HubSpot's contacts API; whether the API may bring the e-mail back is the switch `gdpr_recreate`."""

from dataclasses import replace

from portalsim import problems
from portalsim.call import Answer, Call, Operation, versioned
from portalsim.contacts import lookup, records
from portalsim.contacts.model import Contact
from portalsim.contacts.single import WRITE
from portalsim.ledger import APPLIED, Entry, Origin
from portalsim.portal import Portal


def erase(portal: Portal, contact: Contact, origin: Origin) -> None:
    """Hard: the record is gone. Soft (switch): an empty shell stays archived."""
    now_ms = portal.clock.now_ms()
    ids = [contact.id, *records.merged_ids(portal.database, contact.id)]
    for email in filter(None, (contact.email, *contact.properties.get("hs_additional_emails", "").split(";"))):
        forbid(portal, email, now_ms)
    if portal.switches["gdpr_delete"] == "soft":
        records.release(portal.database, contact.id)
        shell = replace(contact, properties={}, archived_ms=now_ms, updated_ms=max(now_ms, contact.updated_ms + 1))
        records.replace(portal.database, shell)
    else:
        records.remove(portal.database, contact.id)
    portal.ledger.forget_values(ids)
    portal.ledger.add(Entry(origin, now_ms, APPLIED, contact.id))
    portal.counters.wrote(now_ms // 1000, 1)


def forbid(portal: Portal, email: str, now_ms: int) -> None:
    """Puts an address on the list of erased ones."""
    portal.database.execute(
        "INSERT OR REPLACE INTO erased (email, erased_ms) VALUES (?, ?)", (email.strip().lower(), now_ms)
    )
    portal.database.execute("DELETE FROM statuses WHERE email = ?", (email.strip().lower(),))


def endpoint(portal: Portal, call: Call) -> Answer:
    """204. An unknown address is put on the list too; an unknown id is 404."""
    body = call.object()
    key, id_property = str(body.get("objectId") or ""), body.get("idProperty") or None
    if not key:
        raise problems.validation("objectId is required")
    contact = lookup.find_any(portal, key, id_property)
    if contact is not None:
        erase(portal, contact, call.origin)
    elif id_property == "email":
        forbid(portal, key, portal.clock.now_ms())
    else:
        raise problems.not_found()
    return Answer(204)


OPERATIONS = (
    Operation("POST", versioned("crm", "objects", "/{type}/gdpr-delete"), endpoint, "write", WRITE, "contact.erase"),
)
