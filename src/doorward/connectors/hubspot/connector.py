"""The HubSpot connector: one outcome for each delivery of a batch, whatever HubSpot answers.

What is written and by which rules stands in the modules beside this one; delivery owns retries, leases and pauses.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from doorward.clock import Clock
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.consent import may_have_contact, never_sent, withdraw
from doorward.connectors.hubspot.limits import SharedQuota, Spending
from doorward.connectors.hubspot.links import Links
from doorward.connectors.hubspot.outcomes import outcome_of, pause_destination
from doorward.connectors.hubspot.people import People
from doorward.connectors.hubspot.portal import Portal, WrongPortal
from doorward.connectors.hubspot.removal import DELETED, remove
from doorward.connectors.hubspot.settings import HubSpotSettings
from doorward.connectors.hubspot.transport import CallRefused, Sender, Transport
from doorward.connectors.hubspot.wire import BATCH_LIMIT, Paths
from doorward.connectors.hubspot.writing import Writer
from doorward.delivery.contract import Budget, Delivered, Job, Outcome
from doorward.storage.contract import Database

Work = Callable[[HubSpotClient], Awaitable[dict[UUID, Outcome]]]


class HubSpotConnector:
    """Speaks to one portal. Stateless but for what it learned of the portal; everything else is in the database."""

    def __init__(
        self,
        destination: str,
        settings: HubSpotSettings,
        *,
        sender: Sender,
        database: Database,
        people: People,
        links: Links,
        budget: Budget,
        clock: Clock,
    ) -> None:
        self._quota = SharedQuota(destination, settings.limits, budget, clock)
        self._transport = Transport(sender, settings.base_url, settings.token, clock, self._quota.until_reset_s)
        self._paths = Paths(settings.api_version)
        self._portal = Portal(destination, settings, database, clock)
        self._links = links
        self._writer = Writer(self._portal, people, links)

    @property
    def batch_limit(self) -> int:
        return BATCH_LIMIT

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """One outcome per delivery id. The dispatcher has taken one call from the budget; more are taken here."""

        async def work(client: HubSpotClient) -> dict[UUID, Outcome]:
            await self._portal.ensure_catalogue(client)
            gone = [job for job in jobs if job.delivery.event_kind == DELETED]
            outcomes = await self._removed(client, gone) if gone else {}
            alive = [job for job in jobs if job.delivery.event_kind != DELETED]
            return outcomes | (await self._writer.write(client, alive) if alive else {})

        return await self._checked(jobs, work)

    async def send_withdrawals(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """For deliveries that the gate refused because consent was withdrawn: tells the contact, if there is one.

        Outcomes are Skip (code `withdrawn`), or Retry, Snooze as in `send`. Jobs need no rendered template.
        """

        links = await self._links.find_links([job.delivery.identity_id for job in jobs])
        told = [job for job in jobs if may_have_contact(job, links)]

        async def work(client: HubSpotClient) -> dict[UUID, Outcome]:
            return await withdraw(client, told)

        silent = {job.delivery.id: never_sent(job) for job in jobs if not may_have_contact(job, links)}
        return silent | (await self._checked(told, work) if told else {})

    async def close(self) -> None:
        """Nothing to close: connections belong to the egress."""

    async def _checked(self, jobs: Sequence[Job], work: Work) -> dict[UUID, Outcome]:
        """Runs `work` against the right portal, within the day's calls; refusals of everything become outcomes."""
        await self._quota.prime()
        spent_s = self._quota.spent_for_s()
        if spent_s > 0:
            reason = "Only the reserve of the portal's daily calls is left (limits.daily_reserve)."
            return _all(jobs, pause_destination("daily_reserve", reason, spent_s))
        transport = replace(self._transport, may_call=lambda: all(job.is_held() for job in jobs))
        client = HubSpotClient(transport, self._paths, Spending(self._quota))
        try:
            await self._portal.ensure_checked(client)
            self._quota.account = self._portal.account
            return await work(client)
        except WrongPortal as wrong:
            return _all(jobs, pause_destination(wrong.code(), str(wrong)))
        except CallRefused as refused:
            return _all(jobs, outcome_of(refused.problem))

    async def _removed(self, client: HubSpotClient, jobs: Sequence[Job]) -> dict[UUID, Outcome]:
        ids = [job.delivery.identity_id for job in jobs]
        try:
            outcomes = await remove(client, jobs, await self._links.find_links(ids))
        except CallRefused as refused:
            return _all(jobs, outcome_of(refused.problem))
        await self._links.forget([job.delivery.identity_id for job in jobs if _is_over(outcomes[job.delivery.id])])
        return outcomes


def _is_over(outcome: Outcome) -> bool:
    return isinstance(outcome, Delivered)


def _all(jobs: Sequence[Job], outcome: Outcome) -> dict[UUID, Outcome]:
    return dict.fromkeys((job.delivery.id for job in jobs), outcome)
