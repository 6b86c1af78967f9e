"""Session and person in one statement: the same as when each is read by itself, on both databases."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.flows.signed_in import find_signed_in
from doorward.identities.model import AddressStatus, Credential, Identity, RecoveryAddress, State, VerifiableAddress
from doorward.identities.store import find_identity, insert_identity, replace_addresses, replace_credential
from doorward.sessions.model import Device, Issued
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database, Transaction


async def made(database: Database, clock: MovableClock, addresses: int, devices: int) -> Issued:
    """A session of a person with so many addresses of each kind."""
    now = clock.now()
    identity = Identity(
        id=uuid4(),
        schema_id="person",
        traits={"email": "ada@example.org"},
        state=State.ACTIVE,
        state_changed_at=now,
        created_at=now,
        updated_at=now,
        metadata_public={"a": [1]},
        verifiable_addresses=tuple(
            VerifiableAddress(
                uuid4(), f"{n}@example.org", "email", n > 0, AddressStatus.SENT, now if n else None, now, now
            )
            for n in range(addresses)
        ),
        recovery_addresses=tuple(
            RecoveryAddress(uuid4(), f"{n}@example.org", "email", now, now) for n in range(addresses)
        ),
    )
    service = SessionService(clock, timedelta(hours=1))
    issued = service.prepare(identity.id, "password", Device(uuid4(), "192.0.2.1", None, ""))

    async def write(tx: Transaction) -> None:
        assert await insert_identity(tx, identity)
        assert await replace_addresses(tx, identity)
        await service.store(tx, issued)
        for number in range(devices):
            await tx.execute(
                """
                INSERT INTO session_devices (id, session_id, ip_address, user_agent, location, created_at)
                VALUES (:id, :session, :address, 'x', '', :at)
                """,
                {"id": uuid4(), "session": issued.session.id, "address": f"192.0.2.{number}", "at": now},
            )

    await database.transaction(write)
    return issued


async def test_it_is_what_each_table_says(database: Database, clock: MovableClock) -> None:
    reader = database.reader
    for addresses, devices in ((0, 0), (1, 0), (3, 2)):
        issued = await made(database, clock, addresses, devices)
        found = await find_signed_in(reader, issued.token)
        assert found is not None
        assert found.identity == await find_identity(reader, issued.session.identity_id)
        assert found.session == await SessionService(clock, timedelta(hours=1)).find_any(reader, issued.token)
        assert len(found.identity.verifiable_addresses) == len(found.identity.recovery_addresses) == addresses
        assert len(found.session.devices) == devices + 1
        assert not found.may_have_factor
        await remove(database, found.identity.id)


async def remove(database: Database, identity_id: UUID) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute("DELETE FROM identities WHERE id = :id", {"id": identity_id})

    await database.transaction(work)


async def test_nobody(database: Database, clock: MovableClock) -> None:
    issued = await made(database, clock, 1, 0)
    assert await find_signed_in(database.reader, issued.token + "x") is None
    await remove(database, issued.session.identity_id)
    assert await find_signed_in(database.reader, issued.token) is None


@pytest.mark.parametrize(
    ("kind", "config", "may_have_factor"),
    [
        ("totp", {"totp_url": "x"}, True),
        ("lookup_secret", {"recovery_codes": []}, True),
        # Everybody whose schema marks an identifier for it has an empty one.
        ("webauthn", {}, False),
        ("password", {"hashed_password": "x"}, False),
    ],
)
async def test_a_second_factor_is_told(
    database: Database, clock: MovableClock, kind: str, config: dict[str, object], may_have_factor: bool
) -> None:
    issued = await made(database, clock, 1, 0)
    now = clock.now()

    async def link(tx: Transaction) -> None:
        assert await replace_credential(tx, issued.session.identity_id, Credential(kind, (), config, 0, now, now))

    await database.transaction(link)
    found = await find_signed_in(database.reader, issued.token)
    assert found is not None
    assert found.may_have_factor == may_have_factor
