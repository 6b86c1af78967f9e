"""What is left of messages: nothing of a deleted person, nothing that has expired, nothing older than retention."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.courier.enqueue import Courier
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.courier.query import MessageStatus, list_messages
from doorward.courier.store import forget_person
from doorward.courier.sweep import sweep_messages
from doorward.security.cipher import Cipher
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys

RETENTION = timedelta(days=30)


@pytest.fixture
def courier(clock: MovableClock) -> Courier:
    keys = IdentityKeys(Cipher(["a secret that is long enough"]), clock)
    return Courier(keys, clock, {Channel.EMAIL: "smtp", Channel.SMS: "courier_http"})


async def queue(database: Database, courier: Courier, message: Message) -> UUID:
    async def work(tx: Transaction) -> UUID:
        return await courier.queue(tx, message)

    return await database.transaction(work)


def message(clock: MovableClock, identity_id: UUID | None = None) -> Message:
    to = "ada@example.org"
    data = template_data(TemplateType.RECOVERY_CODE_VALID, to, code="123456")
    until = clock.now() + timedelta(hours=1)
    return Message(TemplateType.RECOVERY_CODE_VALID, Channel.EMAIL, to, data, identity_id, useful_until=until)


async def end(database: Database, message_id: UUID, state: str, clock: MovableClock) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(
            "UPDATE deliveries SET state = :state, settled_at = :now WHERE id = :id",
            {"state": state, "now": clock.now(), "id": message_id},
        )

    await database.transaction(work)


async def count(database: Database, table: str) -> int:
    row = await database.reader.fetch_one(f"SELECT COUNT(*) AS number FROM {table}")
    assert row is not None
    return int(row["number"])


async def payloads(database: Database) -> int:
    row = await database.reader.fetch_one("SELECT COUNT(*) AS number FROM deliveries WHERE length(payload) > 0")
    assert row is not None
    return int(row["number"])


async def test_nothing_names_a_deleted_person(database: Database, courier: Courier, clock: MovableClock) -> None:
    person, other = uuid4(), uuid4()
    mine = await queue(database, courier, message(clock, person))
    theirs = await queue(database, courier, message(clock, other))

    async def work(tx: Transaction) -> None:
        await forget_person(tx, person, clock.now())

    await database.transaction(work)
    found = {each.id: each for each in await list_messages(database.reader, database.dialect, 10)}
    assert (found[mine].recipient, found[mine].status) == ("", MessageStatus.ABANDONED)
    assert (found[theirs].recipient, found[theirs].status) == ("ada@example.org", MessageStatus.QUEUED)
    assert await payloads(database) == 1
    assert await count(database, "identity_keys") == 1


@pytest.mark.parametrize("state", ["dead", "cancelled", "skipped", "held"])
async def test_what_was_given_up_is_emptied_once_it_expired(
    database: Database, courier: Courier, clock: MovableClock, state: str
) -> None:
    given_up = await queue(database, courier, message(clock))
    await end(database, given_up, state, clock)
    await sweep_messages(database, clock, RETENTION)
    assert await payloads(database) == 1
    clock.move(seconds=3601)
    await sweep_messages(database, clock, RETENTION)
    assert await payloads(database) == 0
    [shown] = await list_messages(database.reader, database.dialect, 10)
    assert shown.status is MessageStatus.ABANDONED


async def test_what_still_waits_is_left_to_the_dispatcher(
    database: Database, courier: Courier, clock: MovableClock
) -> None:
    await queue(database, courier, message(clock))
    clock.move(seconds=3601)
    await sweep_messages(database, clock, RETENTION)
    assert await payloads(database) == 1


async def test_old_messages_go_with_all_their_rows(database: Database, courier: Courier, clock: MovableClock) -> None:
    sent = await queue(database, courier, message(clock))
    await end(database, sent, "delivered", clock)
    await queue(database, courier, message(clock))
    clock.move(seconds=RETENTION.total_seconds() + 1)
    assert await sweep_messages(database, clock, RETENTION) == 1
    for table in ("courier_messages", "deliveries", "events", "identity_keys"):
        assert await count(database, table) == 1, table
