"""What one connector knows of its portal: that it is the right one, and which properties it has.

The account is asked once per connector (a new token makes a new connector); properties are kept in the database.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from doorward.clock import Clock
from doorward.connectors.hubspot.catalogue import Catalogue, make_catalogue
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.errors import Verdict
from doorward.connectors.hubspot.facts_store import PortalFacts, find_facts, save_facts
from doorward.connectors.hubspot.settings import HubSpotSettings
from doorward.connectors.hubspot.transport import CallRefused
from doorward.connectors.hubspot.wire import Account
from doorward.errors import Conflict
from doorward.storage.contract import Database

CATALOGUE_AGE = timedelta(hours=1)
REFRESH_AGE = timedelta(seconds=60)
"""How old the catalogue must be before a refused property is worth another look."""


class WrongPortal(Conflict):
    """The token belongs to another HubSpot account than the one that the destination is pinned to."""


class Portal:
    """The portal behind one destination."""

    def __init__(self, destination: str, settings: HubSpotSettings, database: Database, clock: Clock) -> None:
        self._destination = destination
        self._settings = settings
        self._database = database
        self._clock = clock
        self._facts: PortalFacts | None = None
        self._asked_at: datetime | None = None
        # Batches begin side by side: one that finds another asking waits, or it would go out without definitions.
        self._asking = asyncio.Lock()

    @property
    def account(self) -> Account | None:
        """None until `ensure_checked`."""
        return None if self._facts is None else self._facts.account

    @property
    def catalogue(self) -> Catalogue | None:
        """None when the token may not read property definitions."""
        return None if self._facts is None else self._facts.catalogue

    async def ensure_checked(self, client: HubSpotClient) -> None:
        """Asks whose token it is, the first time. Raises WrongPortal, CallRefused."""
        async with self._asking:
            if self._facts is None:
                await self._check(client)

    async def _check(self, client: HubSpotClient) -> None:
        known = await find_facts(self._database, self._destination)
        pinned = self._settings.portal_id or known.portal_id
        account = await client.account()
        if pinned is not None and account.portal_id != pinned:
            raise WrongPortal(
                f"The token belongs to the HubSpot account {account.portal_id}, but the destination is pinned to "
                f"{pinned}. Put back the right token, or run `doorward hubspot connect` to change the account."
            )
        facts = replace(known, portal_id=account.portal_id, account=account)
        if known.portal_id not in {None, account.portal_id}:
            facts = replace(facts, catalogue=None)
        await save_facts(self._database, self._clock, self._destination, facts)
        self._facts = facts

    async def ensure_catalogue(self, client: HubSpotClient) -> None:
        """Learns the properties when they are unknown or an hour old. Raises CallRefused."""
        async with self._asking:
            if self._is_older_than(CATALOGUE_AGE):
                await self._learn(client)

    async def ensure_fresh(self, client: HubSpotClient) -> bool:
        """Learns the properties again unless that was done a minute ago; whether it did. Raises CallRefused."""
        async with self._asking:
            if not self._is_older_than(REFRESH_AGE):
                return False
            await self._learn(client)
            return self.catalogue is not None

    def _is_older_than(self, age: timedelta) -> bool:
        learned_at = self._asked_at if self.catalogue is None else self.catalogue.learned_at
        # A clock that was set back makes it old as well, or it would stay as it is until the clock has caught up.
        return learned_at is None or not timedelta() <= self._clock.now() - learned_at <= age

    async def _learn(self, client: HubSpotClient) -> None:
        try:
            shapes = await client.list_properties()
        except CallRefused as refused:
            if refused.problem.verdict is Verdict.SCOPE:
                # Values then go out as plain texts, and HubSpot judges them. Any other no is asked again at once:
                # without definitions a contact would lack its consent, and nobody would write it later.
                self._asked_at = self._clock.now()
                return
            raise
        facts = replace(self._facts or PortalFacts(), catalogue=make_catalogue(shapes, self._clock.now()))
        await save_facts(self._database, self._clock, self._destination, facts)
        self._facts = facts
