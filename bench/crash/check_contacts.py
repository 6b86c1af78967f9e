"""Contacts against the log and the database: one for who is delivered, with the last state, and none for others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from .accounting import DELIVERED, WAITING, newest_deliveries, standing
from .portal import Contact
from .records import Delivery, Identity
from .violations import DOUBLED, INVENTED, LOST, OUT_OF_ORDER, WITHOUT_CONSENT, Facts, Violation, person_of


def check_contacts(facts: Facts) -> Iterator[Violation]:
    """Doubles first, then strangers, then each contact and each identity against the other."""
    people = facts.person_of_identity()
    yield from _doubles(facts, people)
    contacts = {each.identity: each for each in facts.portal.contacts if each.identity}
    newest = newest_deliveries(facts.records)
    identities = {each.id: each for each in facts.records.identities}
    for contact in facts.portal.contacts:
        person = people.get(contact.identity or "") or person_of(contact.email or "")
        if person not in facts.people:
            yield Violation(INVENTED, person, f"nobody asked for the contact {contact.id} ({contact.email})")
        elif contact.identity not in identities:
            yield from _outlived(person, contact, newest)
    for identity in facts.records.identities:
        person = people[identity.id]
        where = standing(newest.get(identity.id))
        if identity.agrees and where == DELIVERED:
            yield from _delivered(person, identity, contacts.get(identity.id))
        elif not identity.agrees and where != WAITING:
            yield from _refusing(person, contacts.get(identity.id))


def _doubles(facts: Facts, people: Mapping[str, str]) -> Iterator[Violation]:
    live: defaultdict[str, list[str]] = defaultdict(list)
    for contact in facts.portal.contacts:
        live[people.get(contact.identity or "") or person_of(contact.email or "")].append(contact.id)
    for person, ids in live.items():
        if len(ids) > 1:
            yield Violation(DOUBLED, person, f"has the contacts {', '.join(ids)}")
    ever: defaultdict[str, set[str]] = defaultdict(set)
    for write in facts.portal.ledger:
        if write.is_applied and write.identity and write.contact_id:
            ever[write.identity].add(write.contact_id)
    for identity, made in ever.items():
        if len(made) > 1:
            person = people.get(identity, identity)
            yield Violation(DOUBLED, person, f"the identity {identity} was made into the contacts {sorted(made)}")


def _outlived(person: str, contact: Contact, newest: Mapping[str, Delivery]) -> Iterator[Violation]:
    """A contact whose identity is gone is right only as long as its removal waits."""
    delivery = newest.get(contact.identity or "")
    if standing(delivery) != WAITING:
        told = "no delivery" if delivery is None else f"{delivery.event_kind} is {delivery.state}: {delivery.reason}"
        yield Violation(INVENTED, person, f"the contact {contact.id} outlives its identity {contact.identity}; {told}")


def _delivered(person: str, identity: Identity, contact: Contact | None) -> Iterator[Violation]:
    if contact is None:
        yield Violation(LOST, person, f"the identity {identity.id} is delivered, and has no contact")
        return
    held, wanted = (contact.email, contact.first, contact.consent), (identity.email, identity.first, "true")
    if held != wanted:
        yield Violation(OUT_OF_ORDER, person, f"the contact {contact.id} holds {held}, the last state is {wanted}")


def _refusing(person: str, contact: Contact | None) -> Iterator[Violation]:
    if contact is not None and contact.consent != "false":
        text = f"the contact {contact.id} says consent={contact.consent} for somebody who does not agree"
        yield Violation(WITHOUT_CONSENT, person, text)
