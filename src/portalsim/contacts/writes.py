"""What a single write does to a contact: the rules of e-mail, unique values, stages and required properties.

Every function either applies its write, with a line in the ledger, or raises Problem and has changed nothing.
Values come in checked (`portalsim.values`)."""

from collections.abc import Mapping
from dataclasses import replace

from portalsim import problems
from portalsim.contacts import records
from portalsim.contacts.lifecycle import is_backward
from portalsim.contacts.model import Contact
from portalsim.ledger import APPLIED, Entry, Origin
from portalsim.portal import Portal
from portalsim.problems import Invalid, Problem
from portalsim.values import epoch_ms

ONE_OF = ("email", "firstname", "lastname")
ENFORCING_VERSION = "2026-09"


def create(portal: Portal, values: Mapping[str, str], origin: Origin, trace_id: str | None = None) -> Contact:
    """A new contact. Raises Problem: e-mail or unique value taken, nothing to call it by, a portal rule unmet."""
    given = {name: value for name, value in values.items() if value}
    email = given.get("email", "")
    if email:
        _require_free_email(portal, email, None)
        _require_not_erased(portal, email, origin)
    if not any(given.get(name) for name in ONE_OF):
        raise problems.validation("At least one of the properties email, firstname and lastname is required.")
    _require_free_values(portal, given, None)
    _require_rules(portal, given, origin)
    now_ms = portal.clock.now_ms()
    created_ms = epoch_ms(given.pop("createdate", "")) or now_ms
    defaults = {
        "lifecyclestage": "lead",
        "hs_object_source": origin.source,
        "hs_pipeline": "contacts-lifecycle-pipeline",
        "hs_lifecyclestage_lead_date": str(now_ms),
        "hs_marketable_status": "false",
        "hs_is_contact": "true",
    }
    if email:
        defaults["hs_email_domain"] = email.partition("@")[2]
    contact = Contact(portal.next_id(), {**defaults, **given}, created_ms, now_ms)
    records.insert(portal.database, contact)
    records.claim(portal.database, contact, portal.catalogue.unique_names)
    record(portal, origin, contact, dict(contact.properties), trace_id)
    return contact


def change(
    portal: Portal, contact: Contact, values: Mapping[str, str], origin: Origin, trace_id: str | None = None
) -> Contact:
    """The contact with new values. A stage that would go back is left as it is, without an error."""
    changes = {name: _joined(contact, name, value) for name, value in values.items()}
    stage = changes.get("lifecyclestage")
    if stage is not None and is_backward(contact.properties.get("lifecyclestage", ""), stage):
        del changes["lifecyclestage"]
    changes = {name: value for name, value in changes.items() if value != contact.properties.get(name, "")}
    if changes.get("email"):
        _require_free_email(portal, changes["email"], contact.id)
    _require_free_values(portal, changes, contact.id)
    _require_rules(portal, {**contact.properties, **changes}, origin)
    now_ms = max(portal.clock.now_ms(), contact.updated_ms + 1)
    properties = {name: value for name, value in {**contact.properties, **changes}.items() if value}
    if "email" in changes:
        properties = _with_new_email(contact, properties)
    changed = replace(contact, properties=properties, updated_ms=now_ms)
    touches_keys = "email" in changes or any(name in changes for name in portal.catalogue.unique_names)
    if touches_keys:
        records.release(portal.database, contact.id)
    records.replace(portal.database, changed)
    if touches_keys:
        records.claim(portal.database, changed, portal.catalogue.unique_names)
    record(portal, origin, changed, changes, trace_id)
    return changed


def archive(portal: Portal, contact: Contact, origin: Origin) -> None:
    """Into the bin for 90 days; its e-mails and unique values are free again."""
    now_ms = portal.clock.now_ms()
    records.release(portal.database, contact.id)
    archived = replace(contact, archived_ms=now_ms, updated_ms=max(now_ms, contact.updated_ms + 1))
    records.replace(portal.database, archived)
    record(portal, origin, archived, {}, None)


def restore(portal: Portal, contact: Contact, origin: Origin) -> Contact:
    """Out of the bin. Raises Problem when another contact has taken its e-mail or a unique value since."""
    if contact.email:
        _require_free_email(portal, contact.email, contact.id)
    _require_free_values(portal, contact.properties, contact.id)
    restored = replace(contact, archived_ms=None, updated_ms=max(portal.clock.now_ms(), contact.updated_ms + 1))
    records.replace(portal.database, restored)
    records.claim(portal.database, restored, portal.catalogue.unique_names)
    record(portal, origin, restored, {}, None)
    return restored


def record(portal: Portal, origin: Origin, contact: Contact, changes: Mapping[str, str], trace_id: str | None) -> None:
    """The line of an applied write."""
    unique = {name: contact.properties[name] for name in portal.catalogue.unique_names if name in contact.properties}
    portal.ledger.add(
        Entry(origin, contact.updated_ms, APPLIED, contact.id, trace_id, contact.email or None, unique, changes)
    )
    portal.counters.wrote(contact.updated_ms // 1000, 1)


def _require_free_email(portal: Portal, email: str, own_id: int | None) -> None:
    owner = records.email_owner(portal.database, email)
    if owner is not None and owner != own_id:
        raise problems.conflict(owner)


def _require_not_erased(portal: Portal, email: str, origin: Origin) -> None:
    if portal.switches["gdpr_recreate"] == "allowed" or origin.source != "INTEGRATION":
        return
    if portal.database.value("SELECT 1 FROM erased WHERE email = ?", (email,)):
        found = Invalid("email", "GDPR_BLACKLISTED_EMAIL", f"Email address {email} was deleted for privacy reasons")
        raise problems.invalid_values([found], portal.account.portal_id)


def _require_free_values(portal: Portal, values: Mapping[str, str], own_id: int | None) -> None:
    for name in portal.catalogue.unique_names:
        value = values.get(name)
        owner = records.unique_owner(portal.database, name, value) if value else None
        if owner is not None and owner != own_id:
            text = f"{value} is already the value of {name} of the record {owner}."
            raise _taken(portal, Invalid(name, "CONFLICTING_UNIQUE_VALUE", text))


def _taken(portal: Portal, found: Invalid) -> Problem:
    is_conflict = portal.switches["unique_conflict"] == "conflict_409"
    return problems.unique_taken(found, portal.account.portal_id, as_conflict=is_conflict)


def _require_rules(portal: Portal, values: Mapping[str, str], origin: Origin) -> None:
    if origin.version != ENFORCING_VERSION:
        return
    missing = [name for name in portal.required if not values.get(name)]
    if missing:
        found = [Invalid(name, "MISSING_REQUIRED_PROPERTY", f"{name} is required") for name in missing]
        raise problems.invalid_values(found, portal.account.portal_id)


def _joined(contact: Contact, name: str, value: str) -> str:
    """A list value that begins with `;` is added to what is there."""
    if not value.startswith(";"):
        return value
    parts = [*contact.properties.get(name, "").split(";"), *value.split(";")]
    return ";".join(dict.fromkeys(part for part in parts if part))


def _with_new_email(contact: Contact, properties: Mapping[str, str]) -> dict[str, str]:
    """One of its own secondary addresses may become the primary; they change places then."""
    others = [each for each in properties.get("hs_additional_emails", "").split(";") if each]
    email = properties.get("email", "")
    if email in others:
        others = [each for each in others if each != email] + [contact.email]
    changed = {**properties, "hs_email_domain": email.partition("@")[2], "hs_additional_emails": ";".join(others)}
    return {name: value for name, value in changed.items() if value}
