"""What happens to the contact of a deleted identity: archived, erased or kept, as the action says.

A contact that was there before the person signed up, or that was merged with somebody else's since, is not ours to
archive: our key is taken off it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from doorward.connectors.hubspot.action_settings import ActionSettings, parse_action
from doorward.connectors.hubspot.adoption import MERGED_IDS
from doorward.connectors.hubspot.batch import send_batch
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.connectors.hubspot.links import Link
from doorward.connectors.hubspot.outcomes import outcome_of, pause_action
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import KEY_PROPERTY, BatchInput, Contact
from doorward.delivery.contract import Delivered, Job, Outcome, Skip

DELETED = "identity.deleted"
KEPT = Skip("kept", "The action keeps contacts of deleted identities (on_delete: keep).")
NOTHING = Skip("nothing_to_remove", "No contact carries this identity's id.")


async def remove(client: HubSpotClient, jobs: Sequence[Job], links: Mapping[UUID, Link]) -> dict[UUID, Outcome]:
    """Outcomes by delivery id. Reads by our key, so that only a contact that names the identity is touched."""
    outcomes: dict[UUID, Outcome] = {}
    wanted: dict[UUID, str] = {}
    for job in jobs:
        settings = parse_action(job.action.settings, job.action.path, DELETED)
        if not isinstance(settings, ActionSettings):
            outcomes[job.delivery.id] = pause_action("action_misconfigured", " ".join(settings[0]) + ".")
        elif settings.on_delete == "keep":
            outcomes[job.delivery.id] = KEPT
        else:
            wanted[job.delivery.id] = settings.on_delete
    remaining = [job for job in jobs if job.delivery.id in wanted]
    ids = [str(job.delivery.identity_id) for job in remaining]
    found = await client.read(ids, [KEY_PROPERTY, MERGED_IDS], KEY_PROPERTY)
    contacts = {each.value(KEY_PROPERTY): each for each in found}
    archived: list[tuple[Job, Contact]] = []
    unlinked: list[tuple[Job, Contact]] = []
    for job in remaining:
        contact = contacts.get(str(job.delivery.identity_id))
        link = links.get(job.delivery.identity_id)
        if contact is None:
            outcomes[job.delivery.id] = NOTHING
        elif wanted[job.delivery.id] == "gdpr":
            outcomes[job.delivery.id] = await _erase(client, contact)
        elif _belongs_to_others_too(contact, link):
            unlinked.append((job, contact))
        else:
            archived.append((job, contact))
    return outcomes | await _archive(client, archived) | await _unlink(client, unlinked)


def _belongs_to_others_too(contact: Contact, link: Link | None) -> bool:
    """It was there before us, or a person merged ours with another: what that other held must not go with us."""
    if contact.value(MERGED_IDS):
        return True
    return link is not None and (link.is_adopted or link.contact_id != contact.id)


async def _erase(client: HubSpotClient, contact: Contact) -> Outcome:
    try:
        await client.gdpr_delete(contact.id)
    except CallRefused as refused:
        if refused.problem.verdict is not Verdict.GONE:
            return outcome_of(refused.problem)
    return Delivered(contact.id, summary="contact erased (GDPR delete)")


async def _archive(client: HubSpotClient, pairs: Sequence[tuple[Job, Contact]]) -> dict[UUID, Outcome]:
    try:
        await client.archive([contact.id for _, contact in pairs])
    except CallRefused as refused:
        return {job.delivery.id: outcome_of(refused.problem) for job, _ in pairs}
    return {job.delivery.id: Delivered(contact.id, summary="contact archived") for job, contact in pairs}


async def _unlink(client: HubSpotClient, pairs: Sequence[tuple[Job, Contact]]) -> dict[UUID, Outcome]:
    inputs = [BatchInput(contact.id, {KEY_PROPERTY: ""}, str(job.delivery.id)) for job, contact in pairs]
    written = await send_batch(client.update, inputs)
    outcomes: dict[UUID, Outcome] = {}
    for job, contact in pairs:
        result = written[str(job.delivery.id)]
        outcomes[job.delivery.id] = (
            outcome_of(result)
            if isinstance(result, Problem) and result.verdict is not Verdict.GONE
            else Delivered(contact.id, summary="contact kept, it is not only ours; our key was taken off")
        )
    return outcomes
