"""Our share of the portal's calls: learned from answers, taken from the shared budget, stopped before the day is spent.

Sources: HubSpot's usage guidelines (100 or 190 calls per 10 s, daily per account until midnight account time).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from doorward.clock import Clock
from doorward.connectors.hubspot.settings import Limits
from doorward.connectors.hubspot.wire import Account
from doorward.delivery.contract import Budget

DEFAULT_CALLS = 100
"""The smallest plan's calls per 10 seconds, until an answer tells better."""
MARGIN = 0.04
"""Calls that we send evenly may arrive bunched; this share is never used, so that none of them is a 429."""
LONGEST_WAIT_S = 20.0
NEARLY_SPENT = 0.1
UNKNOWN_ZONE_S = 3600.0

Sleep = Callable[[float], Awaitable[None]]


class Allowance(Protocol):
    """May this call go out now?"""

    async def admit(self) -> float:
        """Waits for its turn. 0.0 when the call may go out, else the seconds after which to come back."""
        ...

    async def learn(self, headers: Mapping[str, str]) -> None:
        """What an answer's headers (lower-case names) say about limits."""
        ...


class Unlimited:
    """For the few calls of a command: set-up and checks."""

    async def admit(self) -> float:
        return 0.0

    async def learn(self, headers: Mapping[str, str]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers of one answer say. `interval_s` and `calls` are the rolling window."""

    calls: int | None
    remaining: int | None
    interval_s: float
    daily: int | None
    daily_remaining: int | None


def read_quota(headers: Mapping[str, str]) -> Quota:
    """The rate headers; None where HubSpot sent none (search, OAuth) or nonsense."""
    interval_ms = _whole(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
    return Quota(
        calls=_whole(headers.get("x-hubspot-ratelimit-max")),
        remaining=_whole(headers.get("x-hubspot-ratelimit-remaining")),
        interval_s=interval_ms / 1000 if interval_ms else 10.0,
        daily=_whole(headers.get("x-hubspot-ratelimit-daily")),
        daily_remaining=_whole(headers.get("x-hubspot-ratelimit-daily-remaining")),
    )


def our_share(plan_calls: int, limits: Limits) -> int:
    """Calls per window that we allow ourselves: below the plan, and never above what the operator set."""
    share = max(1, math.floor(plan_calls * (1 - MARGIN)))
    return share if limits.calls is None else min(share, limits.calls)


def is_day_spent(quota: Quota, limits: Limits) -> bool:
    """Whether only the reserve for the portal's other integrations is left."""
    if quota.daily is None or quota.daily_remaining is None:
        return False
    return quota.daily_remaining <= quota.daily * limits.daily_reserve


def seconds_to_midnight(now: datetime, account: Account | None) -> float:
    """Until the daily limit starts anew, in the account's time zone; UTC while that is unknown."""
    local = now.astimezone(_zone(account))
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1.0, (tomorrow.astimezone(UTC) - now).total_seconds())


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 section 10.2.3: seconds or a date); None if it says neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


class SharedQuota:
    """One destination's window in the shared budget, and until when the day's calls are spent."""

    def __init__(self, destination: str, limits: Limits, budget: Budget, clock: Clock) -> None:
        self._destination = destination
        self._limits = limits
        self._budget = budget
        self._clock = clock
        self._known: tuple[int, float] | None = None
        self._spent_until: datetime | None = None
        self.account: Account | None = None

    def until_reset_s(self) -> float:
        """Seconds until the daily calls start anew; an hour at most while nobody could tell us the account's zone."""
        until_s = seconds_to_midnight(self._clock.now(), self.account)
        return until_s if self.account is not None else min(until_s, UNKNOWN_ZONE_S)

    def spent_for_s(self) -> float:
        """0.0, or the seconds for which only the reserve of the portal's other integrations is left."""
        if self._spent_until is None:
            return 0.0
        left_s = (self._spent_until - self._clock.now()).total_seconds()
        # Never longer than until the next reset, or a clock that was set back would keep everything waiting.
        return max(0.0, min(left_s, self.until_reset_s()))

    async def prime(self) -> None:
        """Sets the window that counts until an answer has told another one."""
        if self._known is None:
            await self._tell(our_share(DEFAULT_CALLS, self._limits), self._limits.interval_s, None)

    async def take(self) -> float:
        return await self._budget.take(self._destination)

    async def learn(self, headers: Mapping[str, str]) -> None:
        """Tells the budget only what is new, or that others spend from the same window."""
        quota = read_quota(headers)
        is_spent = is_day_spent(quota, self._limits)
        self._spent_until = self._clock.now() + timedelta(seconds=self.until_reset_s()) if is_spent else None
        if quota.calls is None:
            return
        share = our_share(quota.calls, self._limits)
        unused = quota.calls - share
        remaining = None if quota.remaining is None else max(0, quota.remaining - unused)
        is_low = remaining is not None and remaining < share * NEARLY_SPENT
        if (share, quota.interval_s) != self._known or is_low:
            await self._tell(share, quota.interval_s, remaining)

    async def _tell(self, calls: int, interval_s: float, remaining: int | None) -> None:
        await self._budget.learn(self._destination, limit=calls, interval_s=interval_s, remaining=remaining)
        self._known = (calls, interval_s)


class Spending:
    """The calls of one batch. The dispatcher has paid the first `prepaid`; the others are taken here."""

    def __init__(self, quota: SharedQuota, prepaid: int = 1, sleep: Sleep = asyncio.sleep) -> None:
        self._quota = quota
        self._prepaid = prepaid
        self._sleep = sleep

    async def admit(self) -> float:
        if self._prepaid > 0:
            self._prepaid -= 1
            return 0.0
        waited = 0.0
        while (wait_s := await self._quota.take()) > 0:
            if waited + wait_s > LONGEST_WAIT_S:
                return wait_s
            await self._sleep(wait_s)
            waited += wait_s
        return 0.0

    async def learn(self, headers: Mapping[str, str]) -> None:
        await self._quota.learn(headers)


def _zone(account: Account | None) -> tzinfo:
    if account is None:
        return UTC
    try:
        return ZoneInfo(account.time_zone)
    except (KeyError, ValueError, OSError):
        # The machine may have no time-zone data; the account's present offset is right but for the night of a change.
        return timezone(timedelta(milliseconds=account.utc_offset_ms))


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and value.strip().isdecimal() else None
