"""One upsert: finds by the key, changes or creates. The switches of the open questions about upserts act here."""

from collections.abc import Mapping
from dataclasses import dataclass

from portalsim import problems
from portalsim.contacts import lookup, records, writes
from portalsim.contacts.batch_input import Input, values_of
from portalsim.contacts.model import Contact
from portalsim.ledger import Origin
from portalsim.portal import Portal
from portalsim.problems import Problem


@dataclass(frozen=True, slots=True)
class Upsert:
    """Applies inputs whose key property was checked. The key is a value too, unless the properties say otherwise."""

    portal: Portal
    origin: Origin

    def __call__(self, given: Input) -> tuple[Contact, bool]:
        key_name = given.id_property or ""
        keyed = Input(given.key, key_name, {key_name: given.key, **given.properties}, given.trace_id)
        values = values_of(self.portal, keyed)
        found = lookup.find_by_key(self.portal, key_name, given.key)
        if found is None:
            return self._create(values, given, key_name)
        if key_name == "email":
            self._require_whole(given)
            values = self._without_secondary(found, given, values)
        return writes.change(self.portal, found, values, self.origin, given.trace_id), False

    def _create(self, values: Mapping[str, str], given: Input, key_name: str) -> tuple[Contact, bool]:
        email = values.get("email", "")
        owner = records.email_owner(self.portal.database, email) if email and key_name != "email" else None
        if owner is not None:
            return self._collide(owner, values, given)
        return writes.create(self.portal, values, self.origin, given.trace_id), True

    def _collide(self, owner: int, values: Mapping[str, str], given: Input) -> tuple[Contact, bool]:
        """Somebody made a contact with this e-mail before, without our key."""
        choice = self.portal.switches["adoption_conflict"]
        contact = records.find(self.portal.database, owner)
        if choice == "adopt" and contact is not None:
            return writes.change(self.portal, contact, values, self.origin, given.trace_id), False
        raise problems.conflict(owner if choice == "conflict_with_id" else None)

    def _require_whole(self, given: Input) -> None:
        if self.portal.switches["partial_upsert_by_email"] == "refused" and "email" not in given.properties:
            raise problems.validation("Partial upserts are not supported when email is the idProperty")

    def _without_secondary(self, found: Contact, given: Input, values: Mapping[str, str]) -> Mapping[str, str]:
        """A key that is a secondary address finds the contact and must not become its primary by that alone."""
        key = given.key.strip().lower()
        if key == found.email:
            return values
        if self.portal.switches["upsert_by_secondary_email"] == "conflict":
            raise self._secondary(found)
        return {name: value for name, value in values.items() if name != "email" or value != key}

    def _secondary(self, found: Contact) -> Problem:
        return problems.conflict(found.id)
