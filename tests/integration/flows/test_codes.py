"""One-time codes and links on both databases: good once, in time, in their flow, and only so many guesses."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from doorward.clock import MovableClock
from doorward.flows import store
from doorward.flows.codes import CodeLimits, Miss, OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_store import OneTimeCode, Purpose, Recipient
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui
from doorward.ids import new_secret_id
from doorward.storage.contract import Database, Transaction

ANN = Recipient("email", "ann@example.org")
LIMITS = CodeLimits(timedelta(minutes=15), 3)


@pytest.fixture
def codes(clock: MovableClock) -> OneTimeCodes:
    return OneTimeCodes(LIMITS, ["the-newest-secret", "an-older-secret"], clock)


@pytest.fixture
def links(clock: MovableClock) -> OneTimeLinks:
    return OneTimeLinks(timedelta(minutes=15), clock)


async def new_flow(database: Database, clock: MovableClock) -> UUID:
    now = clock.now()
    flow = Flow(
        id=new_secret_id(),
        kind=FlowKind.RECOVERY,
        type=FlowType.BROWSER,
        state=FlowState.SENT_EMAIL,
        request_url="http://127.0.0.1:4433/self-service/recovery/browser",
        ui=Ui(action=""),
        csrf_token="",
        issued_at=now,
        expires_at=now + timedelta(hours=1),
    )

    async def write(tx: Transaction) -> None:
        await store.insert_flow(tx, flow)

    await database.transaction(write)
    return flow.id


async def issue(database: Database, codes: OneTimeCodes, flow_id: UUID, purpose: Purpose = Purpose.RECOVERY) -> str:
    async def write(tx: Transaction) -> str:
        return await codes.issue(tx, flow_id, purpose, ANN)

    return await database.transaction(write)


async def redeem(
    database: Database, codes: OneTimeCodes, flow_id: UUID, code: str, purpose: Purpose = Purpose.RECOVERY
) -> OneTimeCode | Miss:
    async def write(tx: Transaction) -> OneTimeCode | Miss:
        return await codes.redeem(tx, flow_id, purpose, code)

    return await database.transaction(write)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_a_code_is_good_once(database: Database, codes: OneTimeCodes, clock: MovableClock) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    assert len(code) == 6
    assert code.isdigit()
    taken = await redeem(database, codes, flow_id, code)
    assert isinstance(taken, OneTimeCode)
    assert taken.recipient == ANN
    assert await redeem(database, codes, flow_id, code) is Miss.WRONG


async def test_of_two_at_the_same_time_one_is_taken(
    database: Database, codes: OneTimeCodes, clock: MovableClock
) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    both = await asyncio.gather(*(redeem(database, codes, flow_id, code) for _ in range(2)))
    assert sorted(isinstance(each, OneTimeCode) for each in both) == [False, True]


async def test_a_code_belongs_to_its_flow_and_purpose(
    database: Database, codes: OneTimeCodes, clock: MovableClock
) -> None:
    flow_id, other = await new_flow(database, clock), await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    assert await redeem(database, codes, other, code) is Miss.WRONG
    assert await redeem(database, codes, flow_id, code, Purpose.LOGIN) is Miss.WRONG
    assert isinstance(await redeem(database, codes, flow_id, code), OneTimeCode)


async def test_a_code_expires(database: Database, codes: OneTimeCodes, clock: MovableClock) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    clock.move(minutes=15)
    assert await redeem(database, codes, flow_id, code) is Miss.WRONG


async def test_guesses_are_counted_over_all_codes_of_a_flow(
    database: Database, codes: OneTimeCodes, clock: MovableClock
) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    for _ in range(LIMITS.max_submissions):
        assert await redeem(database, codes, flow_id, other_than(code)) is Miss.WRONG
    assert await redeem(database, codes, flow_id, code) is Miss.TOO_MANY
    another = await issue(database, codes, flow_id)
    assert await redeem(database, codes, flow_id, another) is Miss.TOO_MANY
    assert await codes.peek(database.reader, flow_id, Purpose.RECOVERY, another) is Miss.TOO_MANY


async def test_peeking_uses_nothing_up(database: Database, codes: OneTimeCodes, clock: MovableClock) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)
    for _ in range(LIMITS.max_submissions + 1):
        assert isinstance(await codes.peek(database.reader, flow_id, Purpose.RECOVERY, code), OneTimeCode)
    assert await codes.peek(database.reader, flow_id, Purpose.RECOVERY, other_than(code)) is Miss.WRONG
    assert isinstance(await redeem(database, codes, flow_id, code), OneTimeCode)


async def test_invalidated_codes_are_wrong(database: Database, codes: OneTimeCodes, clock: MovableClock) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)

    async def write(tx: Transaction) -> str:
        await codes.invalidate(tx, flow_id, Purpose.RECOVERY)
        return await codes.issue(tx, flow_id, Purpose.RECOVERY, ANN)

    newer = await database.transaction(write)
    if newer != code:
        assert await redeem(database, codes, flow_id, code) is Miss.WRONG
    assert isinstance(await redeem(database, codes, flow_id, newer), OneTimeCode)


async def test_a_code_outlives_a_change_of_the_secret(
    database: Database, codes: OneTimeCodes, clock: MovableClock
) -> None:
    flow_id = await new_flow(database, clock)
    before = OneTimeCodes(LIMITS, ["an-older-secret"], clock)
    code = await issue(database, before, flow_id)
    assert isinstance(await redeem(database, codes, flow_id, code), OneTimeCode)


async def test_neither_codes_nor_tokens_are_stored(
    database: Database, codes: OneTimeCodes, links: OneTimeLinks, clock: MovableClock
) -> None:
    flow_id = await new_flow(database, clock)
    code = await issue(database, codes, flow_id)

    async def write(tx: Transaction) -> str:
        return await links.issue(tx, flow_id, Purpose.RECOVERY, ANN)

    token = await database.transaction(write)
    rows = await database.reader.fetch_all("SELECT secret_hash FROM one_time_codes")
    assert len(rows) == 2
    assert not any(secret == row["secret_hash"] for row in rows for secret in (code, token))


async def test_a_link_is_good_once_and_told_apart_afterwards(
    database: Database, links: OneTimeLinks, clock: MovableClock
) -> None:
    flow_id = await new_flow(database, clock)

    async def write(tx: Transaction) -> str:
        return await links.issue(tx, flow_id, Purpose.VERIFICATION, ANN)

    token = await database.transaction(write)
    link = await links.find(database.reader, Purpose.VERIFICATION, token)
    assert link is not None
    assert link.is_good(clock.now())
    assert await links.find(database.reader, Purpose.RECOVERY, token) is None

    async def follow(tx: Transaction) -> bool:
        return await links.use(tx, link)

    both = await asyncio.gather(database.transaction(follow), database.transaction(follow))
    assert sorted(both) == [False, True]
    used = await links.find(database.reader, Purpose.VERIFICATION, token)
    assert used is not None
    assert used.used_at == clock.now()


async def test_a_link_expires(database: Database, links: OneTimeLinks, clock: MovableClock) -> None:
    flow_id = await new_flow(database, clock)

    async def write(tx: Transaction) -> str:
        return await links.issue(tx, flow_id, Purpose.RECOVERY, ANN, timedelta(minutes=1))

    link = await links.find(database.reader, Purpose.RECOVERY, await database.transaction(write))
    assert link is not None
    clock.move(minutes=1)
    assert not link.is_good(clock.now())

    async def follow(tx: Transaction) -> bool:
        return await links.use(tx, link)

    assert not await database.transaction(follow)
