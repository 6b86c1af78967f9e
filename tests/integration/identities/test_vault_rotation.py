"""Rotation of the keys that seal second factors, on both databases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.clock import MovableClock
from doorward.identities import store
from doorward.identities.draft import NewCredential, NewIdentity
from doorward.identities.events import Cause, IdentityEvent, Recorded
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema, SchemaRegistry
from doorward.identities.service import Change, IdentityService
from doorward.identities.vault import CredentialVault, is_sealed
from doorward.identities.vault_rotation import Resealed, reseal
from doorward.storage.contract import Database, Transaction

OLD, NEW = "an old secret of some length", "a new secret of some length!"
URL = "otpauth://totp/x?secret=ABCDEFGHIJKLMNOP"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"traits": {"type": "object"}}}


class Nobody:
    """A recorder that nobody reads."""

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        return Recorded(UUID(int=event.seq))

    def hears(self, event: IdentityEvent) -> bool:
        return False


class House:
    """People with authenticator apps, under one secret after another."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.schemas = SchemaRegistry([IdentitySchema("person", "", SCHEMA)], "person")

    def service(self, *secrets: str) -> IdentityService:
        return IdentityService(self.schemas, Nobody(), self.clock, CredentialVault(secrets))

    async def create(self, service: IdentityService) -> Identity:
        draft = service.draft(NewIdentity("person", {}, (NewCredential("totp", {"totp_url": URL}),)))

        async def write(tx: Transaction) -> Change:
            return await service.create(tx, draft, Cause("cli"))

        return (await self.database.transaction(write)).identity

    async def stored(self, identity_id: UUID) -> Identity:
        found = await store.find_identity(self.database.reader, identity_id, with_credentials=True)
        assert found is not None
        return found


async def test_secrets_are_sealed_anew_and_open_with_the_new_key_alone(database: Database, clock: MovableClock) -> None:
    house = House(database, clock)
    people = [await house.create(house.service(OLD)) for _ in range(5)]
    assert is_sealed((await house.stored(people[0].id)).credentials["totp"].config["totp_url"])
    both = CredentialVault([NEW, OLD])
    assert await reseal(database, both, batch=2) == Resealed(5, 5, 0)
    assert await reseal(database, both, batch=2) == Resealed(5, 0, 0)
    for person in people:
        opened = CredentialVault([NEW]).opened(await house.stored(person.id))
        assert opened.credentials["totp"].config == {"totp_url": URL}


async def test_what_cannot_be_read_is_counted_and_left(database: Database, clock: MovableClock) -> None:
    house = House(database, clock)
    person = await house.create(house.service(OLD))
    before = await house.stored(person.id)
    assert await reseal(database, CredentialVault([NEW])) == Resealed(1, 0, 1)
    assert await house.stored(person.id) == before


async def test_an_edit_sees_and_keeps_what_is_sealed(database: Database, clock: MovableClock) -> None:
    house = House(database, clock)
    service = house.service(OLD)
    person = await house.create(service)
    seen: list[Identity] = []

    def edit(before: Identity, _at: datetime) -> Identity:
        seen.append(before)
        return before

    async def rewrite(tx: Transaction) -> Change:
        return await service.rewrite(tx, person.id, edit, Cause("cli"))

    before = await house.stored(person.id)
    await database.transaction(rewrite)
    assert seen[-1].credentials["totp"].config == {"totp_url": URL}
    assert (await house.stored(person.id)).credentials == before.credentials
