"""Failures are counted for all processes, forgotten in time, and stop the guesser before the one who is guessed at."""

from datetime import timedelta

import pytest

from doorward.clock import MovableClock
from doorward.flows.errors import TooManyAttempts
from doorward.flows.throttle import Throttle, ThrottleLimits
from doorward.flows.throttle_gate import Gate
from doorward.flows.throttle_tally import Tally, delete_old_counts, network_of
from doorward.storage.contract import Database, Transaction

WINDOW = timedelta(minutes=10)
KEYS = ["a-secret-of-the-tests-for-all-keys"]
LIMITS = ThrottleLimits(WINDOW, per_person_and_network=3, per_person=6, per_network=9)
ADA, GRACE, HERE, THERE = "ada@example.org", "grace@example.org", "192.0.2.7", "198.51.100.9"


@pytest.fixture
def throttle(database: Database, clock: MovableClock) -> Throttle:
    return throttle_of(database, clock)


def throttle_of(database: Database, clock: MovableClock, limits: ThrottleLimits = LIMITS) -> Throttle:
    """That of another process."""
    return Throttle(database, limits, Tally(limits.window, KEYS, clock), Gate())


async def fail(database: Database, throttle: Throttle, person: str, ip_address: str, times: int = 1) -> None:
    async def work(tx: Transaction) -> None:
        for write in throttle.failed(person, ip_address):
            await write(tx)

    for _ in range(times):
        await database.transaction(work)


async def is_open(throttle: Throttle, person: str, ip_address: str) -> bool:
    try:
        place = await throttle.admit(person, ip_address)
    except TooManyAttempts:
        return False
    place.leave()
    return True


async def test_who_guesses_is_stopped_and_the_account_is_open_elsewhere(database: Database, throttle: Throttle) -> None:
    await fail(database, throttle, ADA, HERE, 3)
    assert not await is_open(throttle, ADA, HERE)
    assert not await is_open(throttle, ADA, "192.0.2.200")  # the neighbour in the same network
    assert await is_open(throttle, ADA, THERE)
    assert await is_open(throttle, GRACE, HERE)


async def test_an_account_that_many_networks_try_rests_too(database: Database, throttle: Throttle) -> None:
    for number in range(6):
        await fail(database, throttle, ADA, f"203.0.{number}.1")
    assert not await is_open(throttle, ADA, THERE)
    assert await is_open(throttle, GRACE, THERE)


async def test_who_holds_the_first_factor_gets_no_more_guesses_at_the_second_from_elsewhere(
    database: Database, throttle: Throttle
) -> None:
    async def work(tx: Transaction) -> None:
        for number in range(3):
            for write in throttle.failed(ADA, f"203.0.{number}.1", is_signed_in=True):
                await write(tx)

    await database.transaction(work)
    with pytest.raises(TooManyAttempts):
        await throttle.admit(ADA, THERE, is_signed_in=True)
    # The fourth failure, had it been let in together with others, would not be told either.
    with pytest.raises(TooManyAttempts):
        await database.transaction(throttle.failed(ADA, THERE, is_signed_in=True)[0])


async def test_a_network_that_tries_many_accounts_rests(database: Database, throttle: Throttle) -> None:
    for number in range(9):
        await fail(database, throttle, f"person-{number}@example.org", HERE)
    assert not await is_open(throttle, GRACE, HERE)
    assert await is_open(throttle, GRACE, THERE)


async def test_all_processes_count_together(database: Database, throttle: Throttle, clock: MovableClock) -> None:
    other = throttle_of(database, clock)
    await fail(database, throttle, ADA, HERE, 2)
    await fail(database, other, ADA, HERE)
    assert not await is_open(throttle, ADA, HERE)
    assert not await is_open(other, ADA, HERE)


async def test_the_window_slides(database: Database, throttle: Throttle, clock: MovableClock) -> None:
    await fail(database, throttle, ADA, HERE, 3)
    with pytest.raises(TooManyAttempts) as refused:
        await throttle.admit(ADA, HERE)
    assert 0 < refused.value.retry_after_s <= WINDOW.total_seconds()
    clock.move(seconds=refused.value.retry_after_s + 1)
    # The last window weighs nearly whole yet: three failures of it and one more are still too many together.
    await fail(database, throttle, ADA, HERE)
    assert not await is_open(throttle, ADA, HERE)
    clock.move(minutes=20)
    assert await is_open(throttle, ADA, HERE)


async def test_old_counts_are_swept_in_small_steps(database: Database, throttle: Throttle, clock: MovableClock) -> None:
    await fail(database, throttle, ADA, HERE)
    await fail(database, throttle, GRACE, THERE)
    clock.move(minutes=30)

    async def work(tx: Transaction) -> int:
        return await delete_old_counts(tx, clock.now() - 2 * WINDOW, 4)

    gone = [await database.transaction(work) for _ in range(3)]
    assert gone == [4, 2, 0]


async def test_nothing_is_counted_where_it_is_off(database: Database, clock: MovableClock) -> None:
    off = throttle_of(database, clock, ThrottleLimits(WINDOW, 1, 1, 1, is_on=False))
    await fail(database, off, ADA, HERE, 5)
    assert await is_open(off, ADA, HERE)
    assert await database.reader.fetch_all("SELECT * FROM throttle_counts") == []


async def test_the_table_names_nobody(database: Database, throttle: Throttle) -> None:
    await fail(database, throttle, ADA, HERE)
    rows = await database.reader.fetch_all("SELECT * FROM throttle_counts")
    assert len(rows) == 3
    assert ADA not in str([dict(row) for row in rows])


@pytest.mark.parametrize(
    ("ip_address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_networks(ip_address: str, network: str) -> None:
    assert network_of(ip_address) == network
