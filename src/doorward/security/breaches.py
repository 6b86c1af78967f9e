"""Asks whether a password is in known leaks, by k-anonymity: five hex digits of its SHA-1 leave the server, no more.

Protocol: https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange. The keys are Kratos's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from doorward.errors import DoorwardError, Unavailable
from doorward.security.password_policy import Breached
from doorward.security.passwords import encode

PREFIX_DIGITS = 5
TIMEOUT_S = 1.0
# Padding makes all answers about equally long, so that their length tells an eavesdropper nothing.
HEADERS: Mapping[str, str] = {"Add-Padding": "true"}


class BreachListAway(Unavailable):
    """The list of leaked passwords cannot be asked at the moment. Try again shortly."""


class Fetch(Protocol):
    """The way out. Raises a DoorwardError for whatever goes wrong on the network, timeouts included."""

    async def __call__(self, url: str, headers: Mapping[str, str], timeout_s: float) -> tuple[int, bytes]:
        """Status and body of a GET."""
        ...


@dataclass(frozen=True, slots=True)
class BreachSettings:
    """`host` may carry a scheme and a port (a list of one's own); https is meant without one."""

    is_enabled: bool = True
    host: str = "api.pwnedpasswords.com"
    max_breaches: int = 0
    is_network_error_ignored: bool = True

    def range_url(self, prefix: str) -> str:
        origin = self.host if "://" in self.host else f"https://{self.host}"
        return f"{origin.rstrip('/')}/range/{prefix}"


class BreachList:
    """Asks the list over `fetch`."""

    def __init__(self, settings: BreachSettings, fetch: Fetch) -> None:
        self._settings = settings
        self._fetch = fetch

    async def check(self, password: str) -> Breached | None:
        """Breached above `max_breaches`. Raises BreachListAway, unless network errors are to be ignored."""
        if not self._settings.is_enabled:
            return None
        try:
            breaches = await self._count(password)
        except DoorwardError:
            if self._settings.is_network_error_ignored:
                return None
            raise BreachListAway() from None
        return Breached(breaches) if breaches > self._settings.max_breaches else None

    async def _count(self, password: str) -> int:
        digest = hashlib.sha1(encode(password), usedforsecurity=False).hexdigest().upper()
        url = self._settings.range_url(digest[:PREFIX_DIGITS])
        status, body = await self._fetch(url, HEADERS, TIMEOUT_S)
        if status != 200:
            raise BreachListAway(f"The list of leaked passwords answered {status}.")
        return count_in(body.decode("ascii", "replace"), digest[PREFIX_DIGITS:])


def count_in(text: str, suffix: str) -> int:
    """The number behind `suffix` in lines of `SUFFIX:COUNT`; padding lines have the count 0."""
    for line in text.splitlines():
        name, _, count = line.strip().partition(":")
        if name.upper() == suffix:
            return int(count) if count.isdigit() else 0
    return 0
