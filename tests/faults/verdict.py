"""What must be true when a cell has ended, read from the simulator itself and from the journal of all calls."""

from collections.abc import Iterator, Sequence

from doorward.connectors.hubspot.wire import KEY_PROPERTY, consent_property
from doorward.outbox.model import Delivery
from faults.town import PURPOSE, Person, Town
from portalsim.contacts import records
from portalsim.contacts.model import Contact
from portalsim.ledger import APPLIED


def violations(town: Town, refuser: Person, rows: Sequence[Delivery]) -> list[str]:
    """Everything that is wrong, in words; empty when the cell holds."""
    live = records.list_page(town.nearby.portal.database, 0, 1000, archived=False)
    found = [each for person in town.people for each in _of_person(person, live)]
    return [
        *found,
        *_of_refuser(town, refuser, live),
        *_of_others(town, live),
        *_of_strangers(town),
        *_of_writes(town),
        *_of_tales(town, rows),
        *_of_calls(town),
    ]


def _of_person(person: Person, live: list[Contact]) -> Iterator[str]:
    """One contact with the last state, or none."""
    keyed = [each for each in live if each.properties.get(KEY_PROPERTY) == str(person.id)]
    if person.is_gone:
        if keyed:
            yield f"{person.name} is gone and a contact still carries the key"
        return
    if person.said_no_at is not None:
        yield from _of_withdrawn(person, keyed)
        return
    if len(keyed) != 1:
        yield f"{person.name} has {len(keyed)} contacts"
    if sum(person.email in _emails(each) for each in live) != 1:
        yield f"{person.email} is on more or less than one contact"
    for each in keyed:
        if person.email not in _emails(each):
            yield f"{person.name}'s contact lacks the e-mail {person.email}: {sorted(_emails(each))}"
        if each.properties.get("firstname") != person.name:
            yield f"{person.name}'s contact says {each.properties.get('firstname')!r}"
        if each.properties.get(consent_property(PURPOSE)) != "true":
            yield f"{person.name}'s contact does not say that there is consent"


def _of_withdrawn(person: Person, keyed: list[Contact]) -> Iterator[str]:
    """No contact, or one that was made before the no and says so."""
    if len(keyed) > 1:
        yield f"{person.name} has {len(keyed)} contacts"
    for each in keyed:
        if each.properties.get(consent_property(PURPOSE)) != "false":
            yield f"{person.name} said no and the contact says {each.properties.get(consent_property(PURPOSE))!r}"


def _of_writes(town: Town) -> Iterator[str]:
    """No call after a no carries the person's data."""
    for person in town.people:
        if person.said_no_at is None:
            continue
        since_ms = int(person.said_no_at.timestamp() * 1000)
        for line in town.nearby.portal.journal.newest(2000):
            if line.at_ms >= since_ms and person.email.encode() in line.request:
                yield f"{person.name} said no and {line.method} {line.path} carries the e-mail"


def _of_tales(town: Town, rows: Sequence[Delivery]) -> Iterator[str]:
    """Of a delivery that was applied nobody is told that it was not sent."""
    for row in rows:
        applied = town.nearby.portal.ledger.page(0, 1, {"trace_id": str(row.id), "outcome": APPLIED})
        if applied and "Nothing was sent" in (row.reason or ""):
            yield f"{row.event_kind} was applied and says: {row.reason}"


def _of_refuser(town: Town, refuser: Person, live: list[Contact]) -> Iterator[str]:
    """Who said no is mentioned in no call and on no contact."""
    if any(refuser.email in _emails(each) for each in live):
        yield "who said no has a contact"
    needles = (refuser.email.encode(), str(refuser.id).encode())
    for line in town.nearby.portal.journal.newest(2000):
        if any(needle in line.request or needle in line.path.encode() for needle in needles):
            yield f"who said no is named in {line.method} {line.path}"


def _of_others(town: Town, live: list[Contact]) -> Iterator[str]:
    """Contacts that are not ours are still there, with what others wrote into them."""
    for email in town.others:
        theirs = [each for each in live if email in _emails(each)]
        if [each.properties.get("lastname") for each in theirs] != ["Other"]:
            yield f"the contact of {email} is not what it was: {[dict(each.properties) for each in theirs]}"


def _of_strangers(town: Town) -> Iterator[str]:
    """Where a form made a contact first, Ann had to prove her address; unless HubSpot itself gave her the contact."""
    if not town.is_guarded or town.nearby.portal.switches["adoption_conflict"] == "adopt":
        return
    if town.people[0].said_no_at is None and not {"ann@example.org", town.new_email} & town.proven:
        yield "a contact that others made was taken without a proof"


def _of_calls(town: Town) -> Iterator[str]:
    for line in town.nearby.portal.journal.newest(2000, {"path": "/search"}):
        yield f"a search on the way: {line.path}"


def _emails(contact: Contact) -> frozenset[str]:
    more = contact.properties.get("hs_additional_emails", "").split(";")
    return frozenset(each for each in (contact.email, *more) if each)
