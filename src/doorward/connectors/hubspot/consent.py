"""A consent that was withdrawn after the contact was made: its own write, and nothing beside it.

It sets one property to false on the contact that carries the identity's id, and never makes a contact.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from doorward.connectors.hubspot.batch import send_batch
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.draft import Written
from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.connectors.hubspot.links import Link
from doorward.connectors.hubspot.outcomes import outcome_of
from doorward.connectors.hubspot.wire import KEY_PROPERTY, BatchInput, Contact, consent_property
from doorward.delivery.contract import Job, Outcome, Skip

CREATED = "identity.created"
NO_PURPOSE = Skip("withdrawn", "The action sends without consent, so there is none to withdraw.")


def may_have_contact(job: Job, links: Mapping[UUID, Link]) -> bool:
    """A person who says no on arrival has no contact: nobody is asked, however many do. One whose first try got no
    answer may have one that is not remembered."""
    return job.delivery.event_kind != CREATED or job.may_have_applied or job.delivery.identity_id in links


def never_sent(job: Job) -> Skip:
    """The outcome for a no that found no contact."""
    return Skip(
        "withdrawn", f"Consent to {job.action.consent!r} is not given: the newest answer is no. Nothing was sent."
    )


async def withdraw(client: HubSpotClient, jobs: Sequence[Job]) -> dict[UUID, Outcome]:
    """Outcomes by delivery id: skipped with what was told, or tried again. Raises CallRefused when nothing is read."""
    outcomes: dict[UUID, Outcome] = {job.delivery.id: NO_PURPOSE for job in jobs if job.action.consent is None}
    asked = [job for job in jobs if job.action.consent is not None]
    ids = [str(job.delivery.identity_id) for job in asked]
    names = [KEY_PROPERTY, *sorted({consent_property(job.action.consent or "") for job in asked})]
    contacts = {each.value(KEY_PROPERTY): each for each in await client.read(ids, names, KEY_PROPERTY)}
    found = {job.delivery.id: contacts.get(str(job.delivery.identity_id)) for job in asked}
    told = {job.delivery.id: contact for job in asked if _was_told(job, contact := found[job.delivery.id])}
    inputs = [
        BatchInput(contact.id, {consent_property(job.action.consent or ""): "false"}, str(job.delivery.id))
        for job in asked
        if (contact := found[job.delivery.id]) is not None and job.delivery.id not in told
    ]
    written = {**await send_batch(client.update, inputs), **{str(each): contact for each, contact in told.items()}}
    return outcomes | {job.delivery.id: _outcome(job, written.get(str(job.delivery.id))) for job in asked}


def _was_told(job: Job, contact: Contact | None) -> bool:
    """After a restore the contact may say no already: then the database that was lost has told it."""
    is_no = contact is not None and contact.value(consent_property(job.action.consent or "")) == "false"
    return is_no and job.delivery.is_restored


def _outcome(job: Job, result: Written | None) -> Outcome:
    if result is None or (isinstance(result, Problem) and result.verdict is Verdict.GONE):
        return never_sent(job)
    if isinstance(result, Problem):
        return outcome_of(result)
    name = consent_property(job.action.consent or "")
    return Skip("withdrawn", f"Consent was withdrawn; {name} was set to false on the contact {result.id}.")
