"""One batch from jobs to outcomes: compose, narrow, upsert, resolve conflicts, remember, add to lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from doorward.connectors.hubspot.arrived import FOUND, look_first
from doorward.connectors.hubspot.batch import send_batch
from doorward.connectors.hubspot.bin import Bin
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.coerce import ValueRefused
from doorward.connectors.hubspot.compose import PropertyUnknown, compose, refused_value, unknown_property
from doorward.connectors.hubspot.conflicts import Conflict, resolve
from doorward.connectors.hubspot.draft import Draft, Written
from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.connectors.hubspot.links import Link, Links
from doorward.connectors.hubspot.memberships import add_to_lists
from doorward.connectors.hubspot.narrow import narrow
from doorward.connectors.hubspot.origin import find_made_by_us
from doorward.connectors.hubspot.outcomes import outcome_of
from doorward.connectors.hubspot.people import People
from doorward.connectors.hubspot.portal import Portal
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import KEY_PROPERTY, BatchInput, Contact
from doorward.delivery.contract import Delivered, Job, Outcome


@dataclass(frozen=True, slots=True)
class Landed:
    """A contact that holds what the delivery wanted."""

    contact_id: str
    is_adopted: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes contacts to one portal."""

    portal: Portal
    people: People
    memory: Links
    bin: Bin = field(default_factory=Bin)

    async def write(self, client: HubSpotClient, jobs: Sequence[Job]) -> dict[UUID, Outcome]:
        """One outcome per delivery id. Never raises CallRefused."""
        drafts, outcomes = await self._composed(client, jobs)
        links = await self.memory.find_links([draft.identity_id for draft in drafts])
        landed: dict[UUID, Landed] = {}
        try:
            looked = await look_first(client, self.bin, drafts, links)
            links = looked.links
            narrowed = await narrow(client, self.people, looked.drafts, links)
        except CallRefused as refused:
            return outcomes | _all(drafts, outcome_of(refused.problem))
        outcomes |= {**looked.outcomes, **narrowed.outcomes}
        landed |= {
            delivery_id: Landed(contact.id, _is_adopted(links, _by_id(drafts, delivery_id)), FOUND)
            for delivery_id, contact in looked.arrived.items()
        }
        landed |= {
            delivery_id: Landed(contact.id, _is_adopted(links, _by_id(drafts, delivery_id)), "nothing to change")
            for delivery_id, contact in narrowed.unchanged.items()
        }
        await self._upsert(client, narrowed.drafts, links, landed, outcomes)
        await self._remember(drafts, landed)
        failed = await add_to_lists(client, drafts, {each: found.contact_id for each, found in landed.items()})
        arrived = {each: Delivered(found.contact_id, summary=found.summary) for each, found in landed.items()}
        return outcomes | arrived | failed

    async def _composed(self, client: HubSpotClient, jobs: Sequence[Job]) -> tuple[list[Draft], dict[UUID, Outcome]]:
        """Drafts and refusals; what a newer catalogue might allow is looked at twice."""
        drafts: list[Draft] = []
        outcomes: dict[UUID, Outcome] = {}
        doubtful: list[Job] = []

        def place(job: Job, composed: Draft | Outcome) -> None:
            if isinstance(composed, Draft):
                drafts.append(composed)
            else:
                outcomes[job.delivery.id] = composed

        for job in jobs:
            try:
                place(job, compose(job, self.portal.catalogue))
            except PropertyUnknown:
                doubtful.append(job)
            except ValueRefused as refused:
                if refused.may_be_stale:
                    doubtful.append(job)
                else:
                    outcomes[job.delivery.id] = refused_value(refused)
        await self._look_again(client, doubtful, place)
        return drafts, outcomes

    async def _look_again(
        self, client: HubSpotClient, doubtful: Sequence[Job], place: Callable[[Job, Draft | Outcome], None]
    ) -> None:
        if not doubtful:
            return
        try:
            await self.portal.ensure_fresh(client)
        except CallRefused as refused:
            for job in doubtful:
                place(job, outcome_of(refused.problem))
            return
        for job in doubtful:
            try:
                place(job, compose(job, self.portal.catalogue))
            except PropertyUnknown as unknown:
                place(job, unknown_property(unknown))
            except ValueRefused as refused_again:
                place(job, refused_value(refused_again))

    async def _upsert(
        self,
        client: HubSpotClient,
        drafts: Sequence[Draft],
        links: Mapping[UUID, Link],
        landed: dict[UUID, Landed],
        outcomes: dict[UUID, Outcome],
    ) -> None:
        """Fills `landed` and `outcomes`."""
        written = await send_batch(client.upsert, [_input(draft) for draft in drafts])
        unknown = [each.identity_id for each in drafts if _is_of_unknown_origin(links, each, written[each.trace_id])]
        ours = await find_made_by_us(client, unknown)
        conflicts: list[Conflict] = []
        for draft in drafts:
            result = written[draft.trace_id]
            if isinstance(result, Contact):
                is_adopted = _is_no_longer_only_ours(links, draft, result) and draft.identity_id not in ours
                landed[draft.delivery_id] = Landed(result.id, is_adopted, "created" if result.is_new else "updated")
            elif result.verdict is Verdict.CONFLICT:
                conflicts.append(Conflict(draft, result))
            else:
                outcomes[draft.delivery_id] = outcome_of(result)
        try:
            resolved = await resolve(client, self.people, self.memory, conflicts, links)
        except CallRefused as refused:
            outcomes |= _all([each.draft for each in conflicts], outcome_of(refused.problem))
            return
        outcomes |= resolved.outcomes
        for delivery_id, (contact_id, is_adopted) in resolved.contacts.items():
            landed[delivery_id] = Landed(contact_id, is_adopted, "adopted" if is_adopted else "updated")
        await self._refresh_if_blamed(client, written)

    async def _refresh_if_blamed(self, client: HubSpotClient, written: Mapping[str, Written]) -> None:
        """HubSpot knows a definition otherwise than we do: learn it before the action is resumed."""
        blamed = {Verdict.DEFINITION, Verdict.RULE}
        if not any(isinstance(each, Problem) and each.verdict in blamed for each in written.values()):
            return
        try:
            await self.portal.ensure_fresh(client)
        except CallRefused:
            return  # the outcomes stand as they are; the next batch learns the properties

    async def _remember(self, drafts: Sequence[Draft], landed: Mapping[UUID, Landed]) -> None:
        await self.memory.remember(
            [
                Link(draft.identity_id, found.contact_id, found.is_adopted)
                for draft in drafts
                if (found := landed.get(draft.delivery_id)) is not None
            ]
        )


def _input(draft: Draft) -> BatchInput:
    return BatchInput(str(draft.identity_id), draft.properties, draft.trace_id, KEY_PROPERTY)


def _all(drafts: Sequence[Draft], outcome: Outcome) -> dict[UUID, Outcome]:
    return dict.fromkeys((draft.delivery_id for draft in drafts), outcome)


def _is_adopted(links: Mapping[UUID, Link], draft: Draft) -> bool:
    link = links.get(draft.identity_id)
    return link is not None and link.is_adopted


def _is_of_unknown_origin(links: Mapping[UUID, Link], draft: Draft, written: Written) -> bool:
    """It carries our key and we remember nothing of it: this try was the first of this delivery, not of the person."""
    is_first = not draft.job.may_have_applied and draft.job.attempt == 1
    return isinstance(written, Contact) and not written.is_new and is_first and draft.identity_id not in links


def _is_no_longer_only_ours(links: Mapping[UUID, Link], draft: Draft, contact: Contact) -> bool:
    """Adopted, merged with another since (its id is a new one), or there before us: what others wrote stays."""
    link = links.get(draft.identity_id)
    if contact.is_new:
        return False
    if link is None:
        return _is_of_unknown_origin(links, draft, contact)
    return link.is_adopted or link.contact_id != contact.id


def _by_id(drafts: Sequence[Draft], delivery_id: UUID) -> Draft:
    return next(draft for draft in drafts if draft.delivery_id == delivery_id)
