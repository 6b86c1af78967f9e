"""After a restore: which deliveries had arrived before the database was lost. Decides by what the contacts tell.

A contact carried what a delivery would write if there was a moment since the delivery was queued at which nothing of
it was missing: now, or in the past, when later changes have overwritten it. Then it is not written again, which
would undo those changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from doorward.connectors.hubspot.adoption import ADDITIONAL_EMAILS, allowed
from doorward.connectors.hubspot.bin import Bin
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.links import Link
from doorward.connectors.hubspot.looking import AT_ONCE, Past, read_pasts
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact
from doorward.delivery.contract import Hold, Outcome
from doorward.outbox.restored import RESTORED

FOUND = "found there: it was sent before the restore"
REMOVED = Hold(
    RESTORED,
    "removed_since",
    "The contact was archived in HubSpot after this was queued: the person may have been deleted since the backup. "
    "Delete the person here as well, or release the delivery to make a new contact.",
)

WITHDRAWN = Hold(
    RESTORED,
    "withdrawn_since",
    "The contact says no to what this delivery says yes to: the consent may have been withdrawn after the backup. "
    "Record the no here and discard the delivery, or release it if the person does consent.",
)


@dataclass(frozen=True, slots=True)
class Looked:
    """Drafts that are left to write, those that had arrived (contact by delivery id), and those that must wait.

    `links` are those that were given and those that were learned from the contacts.
    """

    drafts: tuple[Draft, ...]
    links: Mapping[UUID, Link]
    arrived: Mapping[UUID, Contact] = field(default_factory=dict)
    outcomes: Mapping[UUID, Outcome] = field(default_factory=dict)


async def look_first(client: HubSpotClient, bin_: Bin, drafts: Sequence[Draft], links: Mapping[UUID, Link]) -> Looked:
    """Looks for the drafts of doubtful deliveries; the others stay as they are. Raises CallRefused."""
    doubtful = [draft for draft in drafts if draft.job.delivery.is_restored]
    if not doubtful:
        return Looked(tuple(drafts), links)
    names = sorted({KEY_PROPERTY, "email", ADDITIONAL_EMAILS, *(name for each in doubtful for name in each.properties)})
    found = await read_pasts(client, [str(draft.identity_id) for draft in doubtful], names)
    pasts = {past.contact.value(KEY_PROPERTY): past for past in found}
    known = {**_learned(doubtful, pasts), **links}
    arrived: dict[UUID, Contact] = {}
    outcomes: dict[UUID, Outcome] = {}
    for draft in doubtful:
        past = pasts.get(str(draft.identity_id))
        if past is None:
            if await bin_.has(client, draft.identity_id, draft.job.delivery.created_at):
                outcomes[draft.delivery_id] = REMOVED
        elif has_arrived(past, draft, is_adopted=known[draft.identity_id].is_adopted):
            arrived[draft.delivery_id] = past.contact
        elif any(past.contact.value(name) == "false" for name in draft.always):
            outcomes[draft.delivery_id] = WITHDRAWN
    left = tuple(draft for draft in drafts if draft.delivery_id not in arrived.keys() | outcomes.keys())
    return Looked(left, known, arrived, outcomes)


def has_arrived(past: Past, draft: Draft, *, is_adopted: bool) -> bool:
    """Whether the contact carried all that the draft would write, now or at a moment since it was queued."""
    key = str(draft.identity_id)
    states = [past.contact, *_states_since(past, draft.job.delivery.created_at)]
    return any(
        state.value(KEY_PROPERTY) == key and not allowed(state, draft, is_adopted=is_adopted) for state in states
    )


def was_adopted(past: Past) -> bool:
    """Whether it was there before it got our key."""
    return past.unkeyed_for is not None and past.unkeyed_for > AT_ONCE


def _states_since(past: Past, since: datetime) -> Iterator[Contact]:
    """The contact as it was after each change since then."""
    moments = {version.at for versions in past.versions.values() for version in versions if version.at >= since}
    for moment in sorted(moments, reverse=True):
        values = {
            name: next((version.value for version in versions if version.at <= moment), "")
            for name, versions in past.versions.items()
        }
        yield replace(past.contact, properties={**past.contact.properties, **values})


def _learned(doubtful: Sequence[Draft], pasts: Mapping[str, Past]) -> dict[UUID, Link]:
    """Links that the lost database knew and this one does not."""
    return {
        draft.identity_id: Link(draft.identity_id, past.contact.id, was_adopted(past))
        for draft in doubtful
        if (past := pasts.get(str(draft.identity_id))) is not None
    }
