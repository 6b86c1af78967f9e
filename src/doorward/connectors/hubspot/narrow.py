"""Before the upsert: leaves out of each draft what the rules forbid to overwrite on a contact that exists already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from doorward.connectors.hubspot.adoption import JUDGED_BY, WAITS_FOR, allowed, needs_proof
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.links import Link
from doorward.connectors.hubspot.people import People
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact
from doorward.delivery.contract import Delivered, Hold, Outcome


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Drafts to upsert, those that need no write because the contact says it all, and those that must wait."""

    drafts: tuple[Draft, ...]
    unchanged: Mapping[UUID, Contact] = field(default_factory=dict)
    outcomes: Mapping[UUID, Outcome] = field(default_factory=dict)


async def narrow(
    client: HubSpotClient, people: People, drafts: Sequence[Draft], links: Mapping[UUID, Link]
) -> Narrowed:
    """Reads, by our key, the contacts of those drafts that must not overwrite everything. Raises CallRefused."""
    careful = [draft for draft in drafts if _is_careful(draft, links)]
    if not careful:
        return Narrowed(tuple(drafts))
    wanted = sorted({*JUDGED_BY, *(name for draft in careful for name in draft.properties)})
    found = await client.read([str(draft.identity_id) for draft in careful], wanted, KEY_PROPERTY)
    contacts = {contact.value(KEY_PROPERTY): contact for contact in found}
    proven = await people.list_proven([draft.identity_id for draft in careful])
    kept: list[Draft] = []
    unchanged: dict[UUID, Contact] = {}
    outcomes: dict[UUID, Outcome] = {}
    for draft in drafts:
        contact = contacts.get(str(draft.identity_id))
        if draft not in careful or contact is None:
            kept.append(draft)
            continue
        is_adopted = _is_adopted(draft, links)
        if is_adopted and needs_proof(contact, draft, proven[draft.identity_id]):
            outcomes[draft.delivery_id] = _held()
            continue
        properties = allowed(contact, draft, is_adopted=is_adopted)
        if properties:
            kept.append(replace(draft, properties=properties))
        else:
            unchanged[draft.delivery_id] = contact
    return Narrowed(tuple(kept), unchanged, outcomes)


def unchanged_outcome(contact: Contact) -> Outcome:
    return Delivered(contact.id, summary="nothing to change")


def _is_careful(draft: Draft, links: Mapping[UUID, Link]) -> bool:
    """A contact that we made and may overwrite needs no reading: that is the usual case, one call for a hundred."""
    has_rules = any(rule != "always" for rule in draft.settings.write.values())
    may_exist = draft.identity_id in links or draft.job.may_have_applied or draft.job.attempt > 1
    return _is_adopted(draft, links) or (has_rules and may_exist)


def _is_adopted(draft: Draft, links: Mapping[UUID, Link]) -> bool:
    link = links.get(draft.identity_id)
    return link is not None and link.is_adopted


def _held() -> Outcome:
    return Hold(
        WAITS_FOR,
        "address_not_verified",
        "The contact was there before the person signed up; its e-mail changes once the new address is verified.",
    )
