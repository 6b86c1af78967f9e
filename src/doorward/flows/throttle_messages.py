"""Codes and links that people ask for are counted, so that nobody has an address mailed to again and again: per
purpose and address from one network, per purpose and address from anywhere, per network.

They are counted in the transaction that sends, so that many at once are no more than one after another; for an address
that nobody is known by just the same, so that no answer tells one from the other. An address that is asked for by
others rests for them long before it rests for its owner.
"""

from dataclasses import dataclass
from datetime import timedelta

from doorward.flows.errors import TooManyMessages
from doorward.flows.throttle_tally import Tally, network_of
from doorward.storage.contract import Transaction

ASKED_TOO_OFTEN = "Codes or links were asked for too often. Please wait some minutes, then ask again."


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """How many messages a window may hold."""

    window: timedelta
    per_address_and_network: int
    per_address: int
    per_network: int
    is_on: bool = True


class MessageThrottle:
    """Told of each message before it is made."""

    def __init__(self, limits: MessageLimits, tally: Tally) -> None:
        self._limits = limits
        self._tally = tally

    async def count(self, tx: Transaction, purpose: str, address: str, ip_address: str) -> None:
        """Raises TooManyMessages where the limits were reached before this one; then the caller stores nothing.

        `ip_address` is "" where it is not known who asked: then only the address counts.
        """
        limits, key = self._limits, self._tally.key
        if not limits.is_on:
            return
        keyed = {key("to", purpose, address): limits.per_address}
        if ip_address:
            network = network_of(ip_address)
            keyed[key("to from", purpose, address, network)] = limits.per_address_and_network
            keyed[key("messages from", network)] = limits.per_network
        if not await self._tally.has_room(tx, keyed):
            raise TooManyMessages(retry_after_s=self._tally.rest_s())
