"""After the upsert: what to do where the e-mail belongs to a contact already. Reads it, decides, adopts or leaves it.

Reads by record id and by our unique key, never by search: search lags behind by seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from doorward.connectors.hubspot.adoption import JUDGED_BY, MERGED_IDS, Claim, Take, addresses, decide
from doorward.connectors.hubspot.batch import send_batch
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.draft import Draft, Written
from doorward.connectors.hubspot.errors import Problem
from doorward.connectors.hubspot.links import Link, Links
from doorward.connectors.hubspot.outcomes import outcome_of
from doorward.connectors.hubspot.people import People
from doorward.connectors.hubspot.wire import KEY_PROPERTY, BatchInput, Contact
from doorward.delivery.contract import Outcome, Snooze

SOON_S = 2.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """Contacts that were written or needed no write, with whether they were adopted; and outcomes of the others."""

    contacts: Mapping[UUID, tuple[str, bool]]
    outcomes: Mapping[UUID, Outcome]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A draft whose e-mail a contact has already. HubSpot does not always tell which: then it is read by e-mail."""

    draft: Draft
    problem: Problem


async def resolve(
    client: HubSpotClient, people: People, memory: Links, conflicts: Sequence[Conflict], links: Mapping[UUID, Link]
) -> Resolved:
    """Decides each conflict by what the contact is now. Raises CallRefused when it cannot be read."""
    if not conflicts:
        return Resolved({}, {})
    contacts = await _read_existing(client, conflicts)
    own = await client.read([str(each.draft.identity_id) for each in conflicts], [KEY_PROPERTY], KEY_PROPERTY)
    own_ids = {contact.value(KEY_PROPERTY): contact.id for contact in own}
    alive = await people.list_alive(_owners(contacts.values()))
    proven = await people.list_proven([each.draft.identity_id for each in conflicts])

    outcomes: dict[UUID, Outcome] = {}
    takes: dict[str, tuple[Draft, Take]] = {}
    for each in conflicts:
        draft, contact = each.draft, contacts.get(each.draft.delivery_id)
        if contact is None:
            outcomes[draft.delivery_id] = outcome_of(each.problem)  # gone meanwhile: the next attempt tells
            continue
        link = links.get(draft.identity_id)
        claim = Claim(
            draft=draft,
            proven=proven[draft.identity_id],
            known_id=None if link is None else link.contact_id,
            own_id=own_ids.get(str(draft.identity_id)),
            is_owner_alive=_uuid(contact.value(KEY_PROPERTY)) in alive,
        )
        decided = decide(contact, claim)
        if not isinstance(decided, Take):
            outcomes[draft.delivery_id] = decided
        elif contact.id in takes:
            outcomes[draft.delivery_id] = Snooze("contact_busy", "Another row writes to the contact first.", SOON_S)
        else:
            takes[contact.id] = (draft, decided)
    # Remembered before it is written: a crash in between must not make the next attempt overwrite the contact as ours.
    await memory.remember(
        [Link(draft.identity_id, contact_id, take.is_adopted) for contact_id, (draft, take) in takes.items()]
    )
    return await _write(client, takes, outcomes)


async def _read_existing(client: HubSpotClient, conflicts: Sequence[Conflict]) -> dict[UUID, Contact]:
    """The contacts by delivery id. After a merge the id that answers is not the id that was asked for."""
    wanted = sorted({*JUDGED_BY, *(name for each in conflicts for name in each.draft.properties)})
    ids = [named for each in conflicts if (named := each.problem.complaint.existing_id)]
    emails = [each.draft.email for each in conflicts if not each.problem.complaint.existing_id and each.draft.email]
    found = await client.read(ids, wanted)
    by_id = {old: contact for contact in found for old in contact.value(MERGED_IDS).split(";") if old}
    by_id |= {contact.id: contact for contact in found}
    by_email = {
        address: contact for contact in await client.read(emails, wanted, "email") for address in addresses(contact)
    }
    existing = {
        each.draft.delivery_id: by_id.get(each.problem.complaint.existing_id or "") or by_email.get(each.draft.email)
        for each in conflicts
    }
    return {delivery_id: contact for delivery_id, contact in existing.items() if contact is not None}


async def _write(
    client: HubSpotClient, takes: Mapping[str, tuple[Draft, Take]], outcomes: dict[UUID, Outcome]
) -> Resolved:
    contacts = {
        draft.delivery_id: (contact_id, take.is_adopted)
        for contact_id, (draft, take) in takes.items()
        if not take.properties
    }
    inputs = [
        BatchInput(contact_id, take.properties, draft.trace_id)
        for contact_id, (draft, take) in takes.items()
        if take.properties
    ]
    written = await send_batch(client.update, inputs)
    for draft, take in takes.values():
        result: Written | None = written.get(draft.trace_id)
        if isinstance(result, Problem):
            outcomes[draft.delivery_id] = outcome_of(result)
        elif result is not None:
            contacts[draft.delivery_id] = (result.id, take.is_adopted)
    return Resolved(contacts, outcomes)


def _owners(contacts: Iterable[Contact]) -> list[UUID]:
    found = [_uuid(contact.value(KEY_PROPERTY)) for contact in contacts]
    return [each for each in found if each is not None]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
