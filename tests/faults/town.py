"""One installation and one portal, emptied for every cell: people, dispatchers, and how a person's contact stands."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from delivery_house import YES, DeliveryHouse, Targets
from doorward.actions.model import Action, RetryPolicy, Trigger
from doorward.actions.sandbox import Sandbox
from doorward.clock import MovableClock
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.limits import Unlimited
from doorward.connectors.hubspot.setup import prepare
from doorward.connectors.hubspot.transport import Transport
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Paths
from doorward.connectors.registry import Parts, make_connector
from doorward.delivery.dispatcher import Dispatcher
from doorward.outbox.model import Delivery
from doorward.storage.contract import Database, Transaction
from faults.portal_nearby import ImpatientEgress, NearbyPortal
from portalsim.contacts import lookup
from portalsim.contacts.model import Contact
from portalsim.definitions import Definition, Group
from portalsim.tokens import FIRST_TOKEN

HUBSPOT = "hubspot"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PURPOSE = "marketing"
MEMBERSHIP = "membership"
TEMPLATE = """
function(ctx)
  { properties: { email: ctx.identity.traits.email, firstname: ctx.identity.traits.name, membership: 'free' } }
"""
BODY = "base64://" + b64encode(TEMPLATE.encode()).decode()
SETTINGS = {
    "destination": HUBSPOT,
    "body": BODY,
    "consent": PURPOSE,
    # Without this a name that is there stays on contacts that others made, even where the name is ours.
    "write": {"firstname": "always"},
}
ACTION = Action(
    name="hubspot-sign-up",
    trigger=Trigger("identity.created"),
    connector=HUBSPOT,
    destination=HUBSPOT,
    path="actions.0.config",
    settings=SETTINGS,
    template=BODY,
    consent=PURPOSE,
    retry=RetryPolicy(jitter=0.0),
)
EMPTIED = (
    "attempts",
    "deliveries",
    "events",
    "external_records",
    "destinations",
    "budgets",
    "action_pauses",
    "audit_log",
    "consent_receipts",
    "credential_identifiers",
    "credentials",
    "verifiable_addresses",
    "recovery_addresses",
    "identity_keys",
    "identities",
)
"""In an order that foreign keys allow."""


@dataclass
class Person:
    """What the portal should come to say about somebody.

    `is_gone`: the identity was deleted. `said_no_at`: since then nothing may be written but that no.
    """

    email: str
    name: str
    id: UUID
    is_gone: bool = False
    said_no_at: datetime | None = None


@dataclass
class Town:
    """Emptied by `reset`. The first house's database also signs people up; each house has a dispatcher.

    `others` are the e-mails of contacts that are not ours; with `is_guarded` Ann must prove her address, which then is
    one of the `proven`, before one of them may change. `new_email` is what she is about to have; `is_missed` tells of a
    fault that finds nothing to spoil.
    """

    nearby: NearbyPortal
    clock: MovableClock
    houses: Sequence[DeliveryHouse]
    egresses: Sequence[ImpatientEgress]
    token: str = FIRST_TOKEN
    api_version: str = "2026-03"
    definitions: Sequence[Definition] = ()
    groups: Sequence[Group] = ()
    people: list[Person] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    new_email: str | None = None
    is_guarded: bool = False
    is_missed: bool = False
    proven: set[str] = field(default_factory=set)
    dispatchers: list[Dispatcher] = field(default_factory=list)

    @property
    def house(self) -> DeliveryHouse:
        return self.houses[0]

    @property
    def database(self) -> Database:
        return self.house.database

    async def reset(self, switches: Mapping[str, str], dispatchers: int = 1) -> None:
        """Nobody lives here, the portal is connected and empty, and its switches stand so."""
        await self.nearby.reset()
        self.clock.moment = NOON
        self.people, self.others, self.new_email = [], [], None
        self.is_guarded, self.is_missed, self.proven = False, False, set()
        self.token, self.api_version = FIRST_TOKEN, "2026-03"
        portal = self.nearby.portal
        with portal.database.together():
            for group in self.groups:
                portal.catalogue.put_group(group)
            for definition in self.definitions:
                portal.catalogue.put(definition)
            for name, value in switches.items():
                portal.flip(name, value)
        if "partial_status_2026_09" in switches:
            self.api_version = "2026-09"

        async def empty(tx: Transaction) -> None:
            for table in EMPTIED:
                await tx.execute(f"DELETE FROM {table}")

        await self.database.transaction(empty)
        self.restart(dispatchers)

    def restart(self, count: int = 1) -> None:
        """New connectors with the token of this moment, as after `connect` or a restart, and `count` dispatchers."""
        raw = {"token": self.token, "base_url": self.nearby.url, "api_version": self.api_version}
        for house, egress in zip(self.houses, self.egresses, strict=True):
            parts = Parts(egress, house.database, house.budget, self.clock)
            house.targets = Targets(hubspot=make_connector(HUBSPOT, HUBSPOT, raw, parts))
        self.dispatchers = [house.dispatcher() for house in self.houses[:count]]

    async def connect(self) -> None:
        """What `doorward hubspot connect` does in the portal."""
        client = HubSpotClient(
            Transport(self.egresses[0], self.nearby.url, Secret(self.token), self.clock, lambda: 0.0),
            Paths("2026-03"),
            Unlimited(),
        )
        await prepare(client, None, [PURPOSE])

    async def sign_up(self, name: str) -> Person:
        email = f"{name.lower()}@example.org"
        change = await self.house.sign_up(email, name=name)
        person = Person(email, name, change.identity.id)
        self.people.append(person)
        return person

    async def turn_down(self, name: str) -> Person:
        """Somebody who signs up and says no."""
        email = f"{name.lower()}@example.org"
        change = await self.house.sign_up(email, (replace(YES, granted=False),), name=name, news=False)
        return Person(email, name, change.identity.id)

    async def rename(self, person: Person, name: str, email: str | None = None) -> None:
        person.name, person.email = name, email or person.email
        await self.house.change(person.id, email=person.email, name=name, news=True)

    async def withdraw(self, person: Person) -> None:
        person.said_no_at = self.clock.now()
        await self.house.change(person.id, email=person.email, name=person.name, news=False)

    async def delete(self, person: Person) -> None:
        person.is_gone = True
        await self.house.delete(person.id)

    async def dispatch(self) -> None:
        """Every dispatcher does what is due, all at once."""
        await asyncio.gather(*(each.run_once() for each in self.dispatchers))
        await self.nearby.at_rest()

    def contact_of(self, person: Person) -> Contact | None:
        """The contact that carries the person's key."""
        return lookup.find_any(self.nearby.portal, str(person.id), KEY_PROPERTY)

    async def deliveries(self) -> list[Delivery]:
        """Everything that there is to send, oldest first."""
        return [row for person in self.people for row in await self.house.line(person.id)]


def make_house(database: Database, clock: MovableClock, sandbox: Sandbox) -> DeliveryHouse:
    house = DeliveryHouse(database, clock, ACTION)
    house.sandbox = sandbox
    return house


async def learn_portal(town: Town) -> None:
    """Connects once for all cells, with a property of the operator's own, and remembers what that made."""
    membership: dict[str, Any] = {"name": MEMBERSHIP, "label": "Membership", "type": "string", "field_type": "text"}
    catalogue = town.nearby.portal.catalogue
    standard = set(catalogue.live)
    groups = {each.name for each in catalogue.list_groups()}
    catalogue.put(Definition(**membership, group="contactinformation"))
    await town.connect()
    town.definitions = [each for each in catalogue.list_all() if each.name not in standard]
    town.groups = [each for each in catalogue.list_groups() if each.name not in groups]
