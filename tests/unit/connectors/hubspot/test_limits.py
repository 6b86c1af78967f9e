"""Never above the plan; the day's reserve is left to others; waits are as long as they must be and no longer."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.clock import MovableClock
from doorward.connectors.hubspot.limits import (
    LONGEST_WAIT_S,
    SharedQuota,
    Spending,
    our_share,
    read_quota,
    read_retry_after,
    seconds_to_midnight,
)
from doorward.connectors.hubspot.settings import Limits
from doorward.connectors.hubspot.wire import Account

HEADERS = {
    "x-hubspot-ratelimit-max": "190",
    "x-hubspot-ratelimit-remaining": "180",
    "x-hubspot-ratelimit-interval-milliseconds": "10000",
    "x-hubspot-ratelimit-daily": "625000",
    "x-hubspot-ratelimit-daily-remaining": "600000",
}
BERLIN = Account("1", "STANDARD", "Europe/Berlin", 3_600_000, "app.hubspot.com", "eu1")


class Ledger:
    """A Budget that writes down what it is told and answers with the waits it was given."""

    def __init__(self, waits: Iterable[float] = ()) -> None:
        self.learned: list[tuple[int, float, int | None]] = []
        self.waits = list(waits)

    async def take(self, destination: str, calls: int = 1) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    async def learn(self, destination: str, *, limit: int, interval_s: float, remaining: int | None = None) -> None:
        self.learned.append((limit, interval_s, remaining))


@given(plan=st.integers(1, 10_000), own=st.none() | st.integers(1, 10_000))
def test_our_share_is_below_the_plan_and_below_what_the_operator_set(plan: int, own: int | None) -> None:
    share = our_share(plan, Limits(calls=own))
    assert 1 <= share <= plan
    assert plan < 20 or share < plan
    assert own is None or share <= own


async def test_the_window_is_learned_once_and_again_when_others_spend_it() -> None:
    ledger = Ledger()
    quota = SharedQuota("hubspot", Limits(), ledger, MovableClock())
    await quota.prime()
    await quota.prime()
    await quota.learn(HEADERS)
    await quota.learn(HEADERS)
    await quota.learn({**HEADERS, "x-hubspot-ratelimit-remaining": "12"})
    await quota.learn({})
    assert ledger.learned == [(96, 10.0, None), (182, 10.0, 172), (182, 10.0, 4)]


async def test_the_daily_reserve_is_kept_until_midnight() -> None:
    clock = MovableClock(datetime(2026, 1, 1, 22, tzinfo=UTC))
    quota = SharedQuota("hubspot", Limits(daily_reserve=0.1), Ledger(), clock)
    quota.account = BERLIN
    await quota.learn({**HEADERS, "x-hubspot-ratelimit-daily-remaining": "62500"})
    assert quota.spent_for_s() == 3600
    clock.move(hours=1)
    assert quota.spent_for_s() == 0


def test_an_account_that_nobody_knows_yet_is_asked_for_every_hour() -> None:
    quota = SharedQuota("hubspot", Limits(), Ledger(), MovableClock(datetime(2026, 1, 1, 1, tzinfo=UTC)))
    assert quota.until_reset_s() == 3600
    quota.account = BERLIN
    assert quota.until_reset_s() == 22 * 3600


async def test_the_first_call_is_paid_and_the_others_wait_their_turn() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    spending = Spending(SharedQuota("h", Limits(), Ledger([1.5, 0.5]), MovableClock()), 1, sleep)
    assert [await spending.admit() for _ in range(2)] == [0.0, 0.0]
    assert slept == [1.5, 0.5]


async def test_a_wait_that_is_too_long_is_handed_back() -> None:
    waits = [1.0, LONGEST_WAIT_S]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    spending = Spending(SharedQuota("h", Limits(), Ledger(waits), MovableClock()), 0, sleep)
    assert await spending.admit() == LONGEST_WAIT_S
    assert slept == [1.0]


@given(minutes=st.integers(0, 60 * 24 * 400))
def test_midnight_is_the_accounts_and_never_more_than_a_day_away(minutes: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    assert 0 < seconds_to_midnight(now, BERLIN) <= 25 * 3600
    assert 0 < seconds_to_midnight(now, None) <= 24 * 3600


def test_an_unknown_zone_falls_back_to_the_offset() -> None:
    odd = Account("1", "STANDARD", "Mars/Olympus", 3_600_000, "app.hubspot.com", "eu1")
    assert seconds_to_midnight(datetime(2026, 1, 1, 22, tzinfo=UTC), odd) == 3600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("x", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, datetime(2026, 1, 1, 12, tzinfo=UTC)) == seconds


def test_nonsense_in_headers_is_ignored() -> None:
    quota = read_quota({"x-hubspot-ratelimit-max": "many", "x-hubspot-ratelimit-interval-milliseconds": "-1"})
    assert (quota.calls, quota.interval_s) == (None, 10.0)
