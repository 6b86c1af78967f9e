"""Which contact an id means: a record id, an e-mail, or a value of a unique property. Raises the problem that fits."""

from portalsim import problems
from portalsim.contacts import records
from portalsim.contacts.model import Contact
from portalsim.portal import Portal
from portalsim.problems import Invalid

RECORD_ID = "hs_object_id"


def require_key(portal: Portal, id_property: str) -> None:
    """E-mail and unique properties are keys; everything else is refused, `hs_object_id` too. That a property which is
    not there at all is named as such is a guess: HubSpot's answer is not recorded."""
    if id_property not in portal.catalogue.live:
        found = Invalid(id_property, "PROPERTY_DOESNT_EXIST", f'Property "{id_property}" does not exist')
        raise problems.invalid_values([found], portal.account.portal_id)
    if id_property != "email" and id_property not in portal.catalogue.unique_names:
        raise problems.non_unique(id_property)


def find_by_key(portal: Portal, id_property: str, value: str) -> Contact | None:
    """A live contact by a key that was checked."""
    owner = (
        records.email_owner(portal.database, value)
        if id_property == "email"
        else records.unique_owner(portal.database, id_property, value)
    )
    return None if owner is None else records.find(portal.database, owner)


def find_any(portal: Portal, key: str, id_property: str | None, *, archived: bool = False) -> Contact | None:
    """By record id when `id_property` is None. Raises Problem for a wrong key property."""
    if archived:
        records.purge(portal.database, portal.clock.now_ms())
    if id_property in (None, "", RECORD_ID):
        return records.find(portal.database, int(key), archived=archived) if is_record_id(key) else None
    require_key(portal, str(id_property))
    return find_by_key(portal, str(id_property), key)


def get(portal: Portal, key: str, id_property: str | None, *, archived: bool = False) -> Contact:
    """As `find_any`; raises the 404 that HubSpot has for the case."""
    if id_property in (None, "", RECORD_ID) and not is_record_id(key):
        raise problems.not_numeric(key)
    found = find_any(portal, key, id_property, archived=archived)
    if found is None:
        raise problems.not_found()
    return found


def is_record_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 19


def link(portal: Portal) -> str:
    """The beginning of a record's URL in the portal."""
    return f"https://{portal.account.ui_domain}/contacts/{portal.account.portal_id}/record/0-1/"
