"""Asks whether a password is in known leaks, by k-anonymity: five hex digits of its SHA-1 leave the server, no more.

Protocol: https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange. The keys are Kratos's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from doorward.errors import DoorwardError, Unavailable
from doorward.security.outgoing import OutgoingRequest, OutgoingResponse
from doorward.security.password_policy import Breached
from doorward.security.passwords import encode

PREFIX_DIGITS = 5
TIMEOUT_S = 1.0
OK = 200
# Padding makes all answers about equally long, so that their length tells an eavesdropper nothing.
HEADERS: Mapping[str, str] = {"Add-Padding": "true"}


class BreachListAway(Unavailable):
    """The list of leaked passwords cannot be asked at the moment. Try again shortly."""


class Sender(Protocol):
    """The way out (`egress.Egress`). Raises a DoorwardError for whatever goes wrong, timeouts included."""

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse: ...


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
    """Asks the list through `sender`. Its host is the operator's choice, so a private address is allowed."""

    def __init__(self, settings: BreachSettings, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender

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
        answer = await self._sender.send(OutgoingRequest("GET", url, HEADERS, timeout_s=TIMEOUT_S), trusted=True)
        if answer.status != OK:
            raise BreachListAway(f"The list of leaked passwords answered {answer.status}.")
        return count_in(answer.body.decode("ascii", "replace"), digest[PREFIX_DIGITS:])


def count_in(text: str, suffix: str) -> int:
    """The number behind `suffix` in lines of `SUFFIX:COUNT`; padding lines have the count 0."""
    for line in text.splitlines():
        name, _, count = line.strip().partition(":")
        if name.upper() == suffix:
            return int(count) if count.isdigit() else 0
    return 0
