"""Call limits by plan: a sliding window of ten seconds per token, searches per second and calls per day per portal.

All on the virtual clock. Says who is over; the body of the refusal is in `problems`.
Source: HubSpot's usage guidelines."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from portalsim.tokens import Token

INTERVAL_MS = 10_000
SEARCHES_PER_S = 5
OAUTH_BURST = 110
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Plan:
    """`burst` calls per ten seconds and app, `daily` calls per portal; None: unlimited."""

    name: str
    burst: int | None
    daily: int | None


PLANS = {
    each.name: each
    for each in (
        Plan("off", None, None),
        Plan("free", 100, 250_000),
        Plan("pro", 190, 625_000),
        Plan("enterprise", 190, 1_000_000),
        Plan("addon", 250, 2_000_000),
        Plan("oauth", OAUTH_BURST, None),
    )
}


@dataclass(slots=True)
class Limits:
    """How much was used. One instance per portal."""

    plan: Plan
    zone: ZoneInfo
    _windows: dict[str, deque[int]] = field(default_factory=dict)
    _searches: deque[int] = field(default_factory=deque)
    _day: str = ""
    _used_today: int = 0

    def burst_of(self, token: Token) -> int | None:
        if self.plan.burst is None:
            return None
        return min(self.plan.burst, OAUTH_BURST) if token.kind == "oauth" else self.plan.burst

    def find_exceeded(self, token: Token, now: datetime, *, is_search: bool) -> str | None:
        """The policy that this call would break, None when it may go on. Counts nothing."""
        now_ms = int(now.timestamp() * 1000)
        burst = self.burst_of(token)
        if self.plan.daily is not None and self.used_today(now) >= self.plan.daily:
            return "DAILY"
        if burst is not None and self.used(token, now_ms) >= burst:
            return "TEN_SECONDLY_ROLLING"
        if is_search and burst is not None:
            _forget(self._searches, now_ms - 1_000)
            if len(self._searches) >= SEARCHES_PER_S:
                return "SECONDLY"
        return None

    def count(self, token: Token, now: datetime, *, is_search: bool, burst: bool = True, daily: bool = True) -> None:
        now_ms = int(now.timestamp() * 1000)
        if burst:
            self._window(token).append(now_ms)
            if is_search:
                self._searches.append(now_ms)
        if daily:
            self._used_today = self.used_today(now) + 1

    def used(self, token: Token, now_ms: int) -> int:
        """Calls of the last ten seconds."""
        window = self._window(token)
        _forget(window, now_ms - INTERVAL_MS)
        return len(window)

    def used_today(self, now: datetime) -> int:
        """Calls since midnight of the portal."""
        day = now.astimezone(self.zone).date().isoformat()
        if day != self._day:
            self._day, self._used_today = day, 0
        return self._used_today

    def exhaust_day(self, now: datetime) -> None:
        """As if others had used up the rest of the day."""
        if self.plan.daily is not None and self.used_today(now) < self.plan.daily:
            self._used_today = self.plan.daily

    def reset(self) -> None:
        self._windows.clear()
        self._searches.clear()
        self._used_today = 0

    def headers(self, token: Token, now: datetime) -> dict[str, str]:
        """What HubSpot tells beside each answer, searches excepted; nothing while there is no limit."""
        burst = self.burst_of(token)
        if burst is None:
            return {}
        used = self.used(token, int(now.timestamp() * 1000))
        shown = {
            "x-hubspot-ratelimit-max": str(burst),
            "x-hubspot-ratelimit-remaining": str(max(0, burst - used)),
            "x-hubspot-ratelimit-interval-milliseconds": str(INTERVAL_MS),
            "x-hubspot-ratelimit-secondly": str(burst // 10),
            "x-hubspot-ratelimit-secondly-remaining": str(max(0, burst // 10 - 1)),
        }
        if self.plan.daily is not None and token.kind != "oauth":
            shown["x-hubspot-ratelimit-daily"] = str(self.plan.daily)
            shown["x-hubspot-ratelimit-daily-remaining"] = str(max(0, self.plan.daily - self.used_today(now)))
        return shown

    def _window(self, token: Token) -> deque[int]:
        return self._windows.setdefault(token.value, deque())


def _forget(window: deque[int], until_ms: int) -> None:
    while window and window[0] <= until_ms:
        window.popleft()
