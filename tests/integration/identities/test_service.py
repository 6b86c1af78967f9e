"""The only writer of identities, on both databases: uniqueness, order of events, receipts, what a change does."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from doorward.clock import MovableClock
from doorward.identities import store
from doorward.identities.draft import NewConsent, NewCredential, NewIdentity
from doorward.identities.events import Cause, EventKind, IdentityEvent, Recorded
from doorward.identities.lists import list_identities
from doorward.identities.model import Identity
from doorward.identities.query import load_people
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import (
    Change,
    IdentifierTaken,
    IdentityChange,
    IdentityNotFound,
    IdentityService,
)
from doorward.storage.contract import Database, Transaction

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "ory.sh/kratos": {
                        "credentials": {"password": {"identifier": True}},
                        "verification": {"via": "email"},
                    },
                },
                "name": {"type": "string"},
                "news": {
                    "type": "boolean",
                    "doorward": {"consent": {"purpose": "marketing", "version": "1", "text": "News?"}},
                },
            },
            "required": ["email"],
        }
    },
}
CAUSE = Cause("cli")


class Witness:
    """A recorder that remembers what it was told, as rows would."""

    def __init__(self) -> None:
        self.events: list[IdentityEvent] = []

    def hears(self, _event: IdentityEvent) -> bool:
        return True

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        assert await tx.fetch_one("SELECT 1 AS one") is not None
        self.events.append(event)
        return Recorded(UUID(int=event.seq))


class House:
    """A service on a migrated database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.witness = Witness()
        self.clock = MovableClock()
        registry = SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person")
        self.service = IdentityService(registry, self.witness, self.clock)

    async def create(self, email: str, consents: tuple[NewConsent, ...] = (), **traits: Any) -> Change:
        credential = NewCredential("password", {"hashed_password": "$argon2id$x"})
        draft = self.service.draft(NewIdentity("person", {"email": email, **traits}, (credential,), consents=consents))

        async def work(tx: Transaction) -> Change:
            return await self.service.create(tx, draft, CAUSE)

        return await self.database.transaction(work)

    async def update(self, identity_id: UUID, change: IdentityChange) -> Change:
        async def work(tx: Transaction) -> Change:
            return await self.service.update(tx, identity_id, change, CAUSE)

        return await self.database.transaction(work)

    async def delete(self, identity_id: UUID) -> Change:
        async def work(tx: Transaction) -> Change:
            return await self.service.delete(tx, identity_id, CAUSE)

        return await self.database.transaction(work)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_what_was_created_is_read_back_whole(house: House) -> None:
    made = await house.create("Ada@example.org", name="Ada")
    found = await store.find_identity(house.database.reader, made.identity.id, with_credentials=True)
    assert found == made.identity
    by_name = await store.find_by_identifier(house.database.reader, "password", "ada@example.org")
    assert by_name is not None
    assert by_name.id == made.identity.id


async def test_an_identifier_belongs_to_one_person(house: House) -> None:
    await house.create("ada@example.org")
    with pytest.raises(IdentifierTaken):
        await house.create("ADA@example.org")
    assert [event.kind for event in house.witness.events] == [EventKind.CREATED]


async def test_of_many_who_want_one_identifier_at_once_one_gets_it(house: House) -> None:
    results = await asyncio.gather(*(house.create("eve@example.org") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, Change) for result in results) == 1
    assert sum(isinstance(result, IdentifierTaken) for result in results) == 7


async def test_events_of_one_person_are_numbered_in_their_order(house: House) -> None:
    identity = (await house.create("kim@example.org")).identity
    await asyncio.gather(
        *(
            house.update(identity.id, IdentityChange(traits={"email": "kim@example.org", "name": str(n)}))
            for n in range(5)
        )
    )
    await house.delete(identity.id)
    assert sorted({event.seq for event in house.witness.events}) == list(range(1, 8))
    assert house.witness.events[-1].kind is EventKind.DELETED


async def test_a_new_address_is_unproved_and_an_old_one_keeps_its_proof(house: House) -> None:
    identity = (await house.create("kim@example.org")).identity

    async def verify(tx: Transaction) -> Change | None:
        return await house.service.mark_address_verified(tx, identity.id, "email", "kim@example.org", CAUSE)

    assert await house.database.transaction(verify) is not None
    assert await house.database.transaction(verify) is None
    kept = await house.update(identity.id, IdentityChange(traits={"email": "kim@example.org", "name": "Kim"}))
    assert [address.verified for address in kept.identity.verifiable_addresses] == [True]
    moved = await house.update(identity.id, IdentityChange(traits={"email": "kim@new.example.org"}))
    assert [(each.value, each.verified) for each in moved.identity.verifiable_addresses] == [
        ("kim@new.example.org", False)
    ]
    assert moved.identity.credentials["password"].identifiers == ("kim@new.example.org",)


async def test_taking_the_yes_away_leaves_a_no_whoever_does_it(house: House) -> None:
    yes = NewConsent("marketing", True, "News?", "1", "en", "flow")
    identity = (await house.create("ada@example.org", (yes,), news=True)).identity
    await house.update(identity.id, IdentityChange(traits={"email": "ada@example.org", "news": False}))
    receipts = await store.list_receipts(house.database.reader, identity.id)
    assert [(receipt.granted, receipt.source) for receipt in receipts] == [(True, "flow"), (False, "cli")]
    assert EventKind.CONSENT_CHANGED in [event.kind for event in house.witness.events]
    people = await load_people(house.database.reader, [identity.id])
    assert people[identity.id].consents == {"marketing": False}


async def test_a_write_to_true_without_a_stated_source_is_no_consent(house: House) -> None:
    identity = (await house.create("ada@example.org")).identity
    await house.update(identity.id, IdentityChange(traits={"email": "ada@example.org", "news": True}))
    assert await store.find_newest_receipt(house.database.reader, identity.id, "marketing") is None


async def test_a_deletion_takes_everything_with_it(house: House) -> None:
    identity = (await house.create("ada@example.org")).identity
    await house.delete(identity.id)
    assert await store.find_identity(house.database.reader, identity.id) is None
    again = await house.create("ada@example.org")
    assert again.identity.id != identity.id
    with pytest.raises(IdentityNotFound):
        await house.delete(identity.id)


async def test_many_people_are_loaded_in_one_go(house: House) -> None:
    made = [(await house.create(f"p{n}@example.org", news=n % 2 == 0)).identity.id for n in range(7)]
    people = await load_people(house.database.reader, [*made, UUID(int=0)])
    assert set(people) == set(made)
    assert [people[each].traits["news"] for each in made] == [True, False, True, False, True, False, True]


async def test_a_better_hash_never_brings_an_old_password_back(house: House) -> None:
    made = (await house.create("ada@example.org")).identity
    seen = made.credentials["password"]

    async def renew(tx: Transaction) -> bool:
        return await store.renew_config(tx, made.id, seen, {"hashed_password": "better"})

    assert await house.database.transaction(renew)
    house.clock.move(seconds=1)

    def edit(before: Identity, at: datetime) -> Identity:
        changed = replace(before.credentials["password"], config={"hashed_password": "changed"}, updated_at=at)
        return replace(before, credentials={**before.credentials, "password": changed})

    await house.database.transaction(lambda tx: house.service.rewrite(tx, made.id, edit, CAUSE))
    assert not await house.database.transaction(renew)
    found = await store.find_identity(house.database.reader, made.id, with_credentials=True)
    assert found is not None
    assert found.credentials["password"].config == {"hashed_password": "changed"}


async def test_many_are_made_and_what_is_taken_leaves_nothing(house: House) -> None:
    taken = (await house.create("ada@example.org")).identity
    drafts = [
        house.service.draft(NewIdentity("person", {"email": email}, id=given))
        for email, given in (("b@example.org", None), ("ada@example.org", None), ("c@example.org", taken.id))
    ]
    changes = await house.database.transaction(lambda tx: house.service.create_many(tx, drafts, CAUSE))
    assert [change is not None for change in changes] == [True, False, False]
    everybody = await list_identities(house.database.reader, 10)
    assert sorted(each.traits["email"] for each in everybody) == ["ada@example.org", "b@example.org"]
