"""What the HubSpot connector remembers, on both databases: contacts by identity, facts of the portal, living people."""

from dataclasses import replace
from uuid import uuid4

from doorward.clock import MovableClock
from doorward.connectors.hubspot.catalogue import Catalogue, PropertyDefinition
from doorward.connectors.hubspot.facts_store import PortalFacts, find_facts, save_facts
from doorward.connectors.hubspot.links import Link, StoredLinks
from doorward.connectors.hubspot.people import StoredPeople
from doorward.connectors.hubspot.wire import Account
from doorward.storage.contract import Database, Transaction

ACCOUNT = Account("62515", "STANDARD", "US/Eastern", -18_000_000, "app.hubspot.com", "na1")


async def test_links_are_remembered_per_destination_and_the_newest_counts(
    database: Database, clock: MovableClock
) -> None:
    links, others = StoredLinks(database, "hubspot", clock), StoredLinks(database, "other", clock)
    ada, bob = uuid4(), uuid4()
    await links.remember([Link(ada, "1", False), Link(bob, "2", True)])
    await links.remember([Link(ada, "3", True)])
    await links.remember([])
    assert await links.find_links([ada, bob, uuid4()]) == {ada: Link(ada, "3", True), bob: Link(bob, "2", True)}
    assert await others.find_links([ada]) == {}
    await links.forget([ada])
    assert await links.find_links([ada, bob]) == {bob: Link(bob, "2", True)}
    assert await links.find_links([]) == {}


async def test_facts_survive_and_leave_the_rest_of_the_row_alone(database: Database, clock: MovableClock) -> None:
    assert await find_facts(database, "hubspot") == PortalFacts()

    async def pause(tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO destinations (name, paused_code, updated_at) VALUES ('hubspot', 'token_refused', :now)",
            {"now": clock.now()},
        )

    await database.transaction(pause)
    tier = PropertyDefinition("tier", "enumeration", "select", frozenset({"gold", "ünï"}), True, False)
    facts = PortalFacts("62515", ACCOUNT, Catalogue({"tier": tier}, clock.now()))
    await save_facts(database, clock, "hubspot", facts)
    assert await find_facts(database, "hubspot") == facts
    await save_facts(database, clock, "hubspot", replace(facts, catalogue=None))
    assert (await find_facts(database, "hubspot")).catalogue is None
    row = await database.reader.fetch_one("SELECT paused_code FROM destinations WHERE name = 'hubspot'")
    assert row is not None
    assert row["paused_code"] == "token_refused"


async def test_nobody_unknown_is_alive_or_proven(database: Database) -> None:
    people = StoredPeople(database)
    stranger = uuid4()
    assert await people.list_alive([]) == frozenset()
    assert await people.list_alive([stranger]) == frozenset()
    assert await people.list_proven([stranger]) == {stranger: frozenset()}
