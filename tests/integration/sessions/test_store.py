"""Sessions in both databases: what a proof changes, who is ended, what is listed and in which order."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.identities.factors import load_second_factors, second_factors
from doorward.identities.model import Credential
from doorward.identities.store import replace_credential
from doorward.sessions.model import Device, Issued, Session
from doorward.sessions.query import (
    Position,
    SessionFilter,
    count_of_identity,
    find_session,
    list_all,
    list_ids,
    list_of_identity,
    position_text,
    read_position,
    with_their_devices,
)
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database, Transaction

HOUR = timedelta(hours=1)
DEVICE = Device(UUID(int=7), "192.0.2.1", None, "Berlin, DE")


async def person(database: Database, clock: MovableClock) -> UUID:
    identity_id = uuid4()

    async def write(tx: Transaction) -> None:
        await tx.execute(
            """
            INSERT INTO identities (id, schema_id, traits, state, state_changed_at, created_at, updated_at)
            VALUES (:id, 'person', :traits, 'active', :now, :now, :now)
            """,
            {"id": identity_id, "traits": {}, "now": clock.now()},
        )

    await database.transaction(write)
    return identity_id


async def stored(database: Database, service: SessionService, identity_id: UUID) -> Issued:
    issued = service.prepare(identity_id, "password", Device(uuid4(), "192.0.2.1", "tests", ""))

    async def write(tx: Transaction) -> None:
        await service.store(tx, issued)

    await database.transaction(write)
    return issued


async def three(database: Database, service: SessionService, identity_id: UUID, clock: MovableClock) -> list[Issued]:
    found = []
    for _ in range(3):
        clock.move(seconds=1)
        found.append(await stored(database, service, identity_id))
    return found


@pytest.fixture
def service(clock: MovableClock) -> SessionService:
    return SessionService(clock, HOUR)


async def test_a_session_comes_back_as_it_was(database: Database, service: SessionService, clock: MovableClock) -> None:
    issued = service.prepare(await person(database, clock), "code", DEVICE)

    async def write(tx: Transaction) -> None:
        await service.store(tx, issued)

    await database.transaction(write)
    assert await service.find_live(database.reader, issued.token) == issued.session
    assert await service.find_live(database.reader, issued.token + "x") is None
    rows = await database.reader.fetch_all("SELECT * FROM sessions")
    assert issued.token not in str([dict(row) for row in rows])


async def test_another_proof_raises_it(database: Database, service: SessionService, clock: MovableClock) -> None:
    issued = await stored(database, service, await person(database, clock))
    clock.move(minutes=30)
    shown = service.raised(issued.session, "totp", "aal2", DEVICE)

    async def write(tx: Transaction) -> None:
        await service.store_raised(tx, shown)

    await database.transaction(write)
    kept = await service.find_live(database.reader, issued.token)
    assert kept is not None
    assert (kept.id, kept.aal, [each.method for each in kept.methods]) == (
        issued.session.id,
        "aal2",
        ["password", "totp"],
    )
    assert (kept.authenticated_at, kept.expires_at) == (clock.now(), clock.now() + HOUR)
    assert (kept.issued_at, kept.devices) == (issued.session.issued_at, issued.session.devices)
    assert (shown.issued_at, shown.devices[-1].id) == (clock.now(), UUID(int=0))


async def test_a_level_is_never_lost(database: Database, service: SessionService, clock: MovableClock) -> None:
    issued = await stored(database, service, await person(database, clock))

    async def write(tx: Transaction) -> Session:
        higher = await service.upgrade(tx, issued.session, "totp", "aal2")
        return await service.upgrade(tx, higher, "password", "aal1")

    returned = await database.transaction(write)
    kept = await service.find_live(database.reader, issued.token)
    assert kept == returned
    assert returned.aal == "aal2"


async def test_it_ends_with_its_lifespan_and_can_be_extended(
    database: Database, service: SessionService, clock: MovableClock
) -> None:
    issued = await stored(database, service, await person(database, clock))

    async def extend(tx: Transaction) -> bool:
        return await service.extend(tx, issued.session.id)

    clock.move(minutes=59)
    assert await service.find_live(database.reader, issued.token) is not None
    clock.move(minutes=1)
    assert await service.find_live(database.reader, issued.token) is None
    assert await database.transaction(extend)
    revived = await service.find_live(database.reader, issued.token)
    assert revived is not None
    assert revived.expires_at == clock.now() + HOUR


async def test_too_early_to_extend(database: Database, clock: MovableClock) -> None:
    service = SessionService(clock, HOUR, timedelta(minutes=10))
    issued = await stored(database, service, await person(database, clock))

    async def extend(tx: Transaction) -> bool:
        return await service.extend(tx, issued.session.id)

    clock.move(minutes=49)
    assert not await database.transaction(extend)
    clock.move(minutes=1)
    assert await database.transaction(extend)


async def test_others_end_and_are_counted_again(
    database: Database, service: SessionService, clock: MovableClock
) -> None:
    identity_id = await person(database, clock)
    sessions = await three(database, service, identity_id, clock)
    stranger = await stored(database, service, await person(database, clock))

    async def end(tx: Transaction) -> int:
        return await service.revoke_others(tx, identity_id, sessions[0].session.id)

    assert await database.transaction(end) == 2
    assert await database.transaction(end) == 2
    live = [await service.find_live(database.reader, each.token) is not None for each in [*sessions, stranger]]
    assert live == [True, False, False, True]


async def test_revoked_and_deleted_by_id(database: Database, service: SessionService, clock: MovableClock) -> None:
    identity_id = await person(database, clock)
    ids = [each.session.id for each in await three(database, service, identity_id, clock)]

    async def revoke(tx: Transaction) -> int:
        return await service.revoke(tx, [ids[0], ids[0], uuid4()])

    async def delete(tx: Transaction) -> int:
        return await service.delete(tx, [ids[0], uuid4()])

    async def delete_all(tx: Transaction) -> int:
        return await service.delete_all(tx, identity_id)

    assert [await database.transaction(revoke), await database.transaction(revoke)] == [1, 0]
    assert await database.transaction(delete) == 1
    assert await find_session(database.reader, ids[0]) is None
    assert [await database.transaction(delete_all), await database.transaction(delete_all)] == [2, 0]
    left = await database.reader.fetch_one("SELECT COUNT(*) AS number FROM session_devices")
    assert left is not None
    assert left["number"] == 0


async def test_the_list_of_a_person(database: Database, service: SessionService, clock: MovableClock) -> None:
    identity_id = await person(database, clock)
    sessions = [each.session for each in await three(database, service, identity_id, clock)]
    await stored(database, service, await person(database, clock))

    async def revoke(tx: Transaction) -> None:
        await service.revoke(tx, [sessions[1].id])

    await database.transaction(revoke)
    now, reader = clock.now(), database.reader
    for chosen, expected in (
        (SessionFilter(now), [2, 1, 0]),
        (SessionFilter(now, is_live=True), [2, 0]),
        (SessionFilter(now, is_live=False), [1]),
        (SessionFilter(now, is_live=True, except_id=sessions[0].id), [2]),
        (SessionFilter(now + HOUR, is_live=True), []),
    ):
        found = await list_of_identity(reader, identity_id, chosen, 10, 0)
        assert [each.id for each in found] == [sessions[index].id for index in expected]
        assert await count_of_identity(reader, identity_id, chosen) == len(expected)
        assert all(len(each.devices) == 1 for each in found)
    page = await list_of_identity(reader, identity_id, SessionFilter(now), 1, 1)
    assert [each.id for each in page] == [sessions[1].id]


async def test_the_list_of_all_goes_on_where_it_stopped(
    database: Database, service: SessionService, clock: MovableClock
) -> None:
    identity_id = await person(database, clock)
    # Several of one moment: only their ids tell them apart.
    made = [await stored(database, service, identity_id) for _ in range(4)]
    made += await three(database, service, identity_id, clock)
    seen: list[UUID] = []
    after: Position | None = None
    while True:
        listed = await list_all(database.reader, SessionFilter(clock.now()), 2, after)
        seen += [each.id for each in listed.sessions]
        if listed.next is None:
            break
        after = read_position(position_text(listed.next))
    assert sorted(seen) == sorted(each.session.id for each in made)
    assert seen[:3] == [each.session.id for each in reversed(made[4:])]


async def test_ids_to_end(database: Database, service: SessionService, clock: MovableClock) -> None:
    identity_id = await person(database, clock)
    sessions = await three(database, service, identity_id, clock)
    await stored(database, service, await person(database, clock))

    async def ids(tx: Transaction) -> list[int]:
        await service.revoke(tx, [sessions[0].session.id])
        return [
            len(await list_ids(tx, None, False, 10)),
            len(await list_ids(tx, None, True, 10)),
            len(await list_ids(tx, [identity_id, uuid4()], True, 10)),
            len(await list_ids(tx, [identity_id], False, 2)),
        ]

    assert await database.transaction(ids) == [4, 3, 2, 2]


async def test_what_ended_long_ago_is_swept_bit_by_bit(
    database: Database, service: SessionService, clock: MovableClock
) -> None:
    identity_id = await person(database, clock)
    await three(database, service, identity_id, clock)
    clock.move(hours=2)
    fresh = await stored(database, service, identity_id)

    async def sweep(tx: Transaction) -> int:
        return await service.sweep(tx, clock.now() - timedelta(minutes=30), 2)

    assert [await database.transaction(sweep) for _ in range(3)] == [2, 1, 0]
    assert await service.find_live(database.reader, fresh.token) is not None


@pytest.mark.parametrize(
    ("kind", "config", "is_code_factor", "found"),
    [
        ("totp", {"totp_url": "otpauth://totp/x"}, False, {"totp"}),
        ("password", {}, True, set()),
        ("code", {}, False, set()),
        ("code", {}, True, {"code"}),
    ],
)
async def test_second_factors_of_a_person(
    database: Database, clock: MovableClock, kind: str, config: dict[str, str], is_code_factor: bool, found: set[str]
) -> None:
    identity_id = await person(database, clock)
    now = clock.now()
    made = Credential(kind, ("ada@example.org",), config, 0, now, now)

    async def link(tx: Transaction) -> bool:
        return await replace_credential(tx, identity_id, made)

    assert await database.transaction(link)
    loaded = await load_second_factors(database.reader, identity_id, is_code_factor=is_code_factor)
    assert loaded == found == second_factors({kind: made}, is_code_factor=is_code_factor)
    assert await load_second_factors(database.reader, uuid4(), is_code_factor=True) == set()


async def test_devices_of_nobody(database: Database) -> None:
    assert await with_their_devices(database.reader, []) == []


@pytest.mark.parametrize("text", ["", "1", "x:y", ":00000000-0000-0000-0000-000000000000"])
def test_a_place_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_position(text)
