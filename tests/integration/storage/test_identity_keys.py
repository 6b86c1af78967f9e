"""Keys of persons in the database, their rotation and erasure."""

import asyncio
from uuid import UUID

import pytest

from doorward.clock import MovableClock
from doorward.ids import new_row_id
from doorward.security.cipher import Cipher, SecretMissing, Tampered
from doorward.security.keys import IdentityKey
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys, KeyErased, Rotation, rotate

OLD, NEW = "an old secret of some length", "0123456789abcdef0123456789abcdef"


@pytest.fixture
def keys(clock: MovableClock) -> IdentityKeys:
    return IdentityKeys(Cipher([OLD]), clock)


async def seal(database: Database, keys: IdentityKeys, person: UUID, row: UUID, text: bytes) -> bytes:
    async def work(tx: Transaction) -> bytes:
        return await keys.seal(tx, person, row, text)

    return await database.transaction(work)


async def test_sealed_payloads_open_until_the_person_is_erased(database: Database, keys: IdentityKeys) -> None:
    person, row = new_row_id(), new_row_id()
    sealed = await seal(database, keys, person, row, b"payload")
    other = await seal(database, keys, person, new_row_id(), b"payload")
    assert await keys.open(database.reader, person, row, sealed) == b"payload"
    with pytest.raises(Tampered):
        await keys.open(database.reader, person, row, other)

    async def erase(tx: Transaction) -> bool:
        return await keys.erase(tx, person)

    assert await database.transaction(erase) is True
    assert await database.transaction(erase) is False
    with pytest.raises(KeyErased):
        await keys.open(database.reader, person, row, sealed)


async def test_no_plaintext_and_no_key_is_stored(database: Database, keys: IdentityKeys) -> None:
    person = new_row_id()
    await seal(database, keys, person, new_row_id(), b"payload")
    key = await keys.find_identity_key(database.reader, person)
    assert isinstance(key, IdentityKey)
    row = await database.reader.fetch_one("SELECT wrapped_key FROM identity_keys")
    assert row is not None
    assert key.secret not in bytes(row["wrapped_key"])


async def test_two_that_want_the_first_key_get_the_same(database: Database, keys: IdentityKeys) -> None:
    person = new_row_id()

    async def work(tx: Transaction) -> IdentityKey:
        return await keys.ensure_identity_key(tx, person)

    found = await asyncio.gather(*(database.transaction(work) for _ in range(8)))
    assert len({key.secret for key in found}) == 1


async def test_many_keys_in_one_read(database: Database, keys: IdentityKeys) -> None:
    people = [new_row_id() for _ in range(5)]
    for person in people[:4]:
        await seal(database, keys, person, person, b"x")
    found = await keys.list_identity_keys(database.reader, database.dialect, people[1:])
    assert set(found) == set(people[1:4])


async def test_rotation_wraps_anew_and_keeps_every_payload(
    database: Database, keys: IdentityKeys, clock: MovableClock
) -> None:
    people = [new_row_id() for _ in range(23)]
    sealed = {person: await seal(database, keys, person, person, person.bytes) for person in people}
    seen: list[Rotation] = []
    done = await rotate(database, Cipher([NEW, OLD]), seen.append, batch=10)
    assert done == Rotation(checked=23, rewrapped=23, unreadable=0)
    assert [progress.checked for progress in seen] == [10, 20, 23]
    only_new = IdentityKeys(Cipher([NEW]), clock)
    for person in people:
        assert await only_new.open(database.reader, person, person, sealed[person]) == person.bytes
    again = await rotate(database, Cipher([NEW, OLD]), lambda _: None)
    assert again == Rotation(checked=23, rewrapped=0, unreadable=0)
    with pytest.raises(SecretMissing):
        await keys.find_identity_key(database.reader, people[0])


async def test_rotation_counts_what_it_cannot_read_and_leaves_it(database: Database, keys: IdentityKeys) -> None:
    person = new_row_id()
    sealed = await seal(database, keys, person, person, b"x")
    assert await rotate(database, Cipher([NEW]), lambda _: None) == Rotation(checked=1, rewrapped=0, unreadable=1)
    assert await keys.open(database.reader, person, person, sealed) == b"x"
