"""Failed sign-ins are counted, and too many of them wait: per person and network, per person, per network. Somebody
who guesses at one account is stopped where they are long before the account itself is, so that nobody locks another
out by failing in their name. Who is signed in already and fails at a second factor, or at their own password, holds
the first: there nobody can be locked out by a stranger, and the account rests as soon as one network would.

Guesses that come all at once buy no more of them. A wrong one is counted in the transaction that stores the form which
says so, and where the limit was reached meanwhile the form is not stored and nobody learns that it was wrong: exactly
as many are told as the limit says, in all processes together. A right one costs nothing but the one question before
it: no row, no commit, no lock on the network's count, that everybody behind one address would wait for. So that it
does not slip through in a crowd of wrong ones that are not counted yet, no more attempts at a person or from a network
are judged at a time than a quarter of what is left; the others wait, and ask again. Up to four processes together are
exact by that; where more of them share a database, each adds a quarter of what is left, and one at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from doorward.flows.contract import Write
from doorward.flows.errors import TooManyAttempts
from doorward.flows.throttle_gate import Gate, Place
from doorward.flows.throttle_tally import Tally, network_of
from doorward.storage.contract import Database, Transaction

SHARES = 4


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How many failures a window may hold."""

    window: timedelta
    per_person_and_network: int
    per_person: int
    per_network: int
    is_on: bool = True


class Throttle:
    """Asked before a proof is looked at, told after it was wrong. One per process."""

    def __init__(self, database: Database, limits: ThrottleLimits, tally: Tally, gate: Gate) -> None:
        self._database = database
        self._limits = limits
        self._tally = tally
        self._gate = gate

    async def admit(self, person: str, ip_address: str, *, is_signed_in: bool = False) -> Place:
        """A place to be judged in, to be left once a wrong guess is counted or a right one is known to be right.

        `person` is what was typed to find an account, normalised: it makes no difference whether there is one. Raises
        TooManyAttempts with the seconds to wait, Overloaded where too many wait already.
        """
        if not self._limits.is_on:
            return Place(lambda: None)
        limits = self._keyed(person, ip_address, is_signed_in)
        turn: str | None = None
        try:
            while True:
                full = self._gate.enter(await self._room(limits))
                if full is None:
                    return Place(lambda: self._gate.leave(limits))
                # Its turn at one key, and another one is full: the next there may have more luck.
                woken, turn = turn, None
                if woken is not None and woken != full:
                    self._gate.wake(woken)
                await self._gate.wait(full)
                turn = full
        except BaseException:
            if turn is not None:
                self._gate.wake(turn)
            raise

    def failed(self, person: str, ip_address: str, *, is_signed_in: bool = False) -> tuple[Write, ...]:
        """What a failure stores, in the transaction that stores the form which says so. The write raises
        TooManyAttempts where others have failed too often meanwhile.
        """
        if not self._limits.is_on:
            return ()
        limits = self._keyed(person, ip_address, is_signed_in)

        async def write(tx: Transaction) -> None:
            if not await self._tally.has_room(tx, limits):
                raise TooManyAttempts(retry_after_s=self._tally.rest_s())

        return (write,)

    async def _room(self, limits: Mapping[str, int]) -> dict[str, int]:
        """How many may be judged at a time for each key. Raises TooManyAttempts."""
        counts = await self._tally.weigh(self._database.reader, limits)
        left = {key: limit - counts[key] for key, limit in limits.items()}
        if any(each <= 0 for each in left.values()):
            raise TooManyAttempts(retry_after_s=self._tally.rest_s())
        return {key: max(1, int(each / SHARES)) for key, each in left.items()}

    def _keyed(self, person: str, ip_address: str, is_signed_in: bool) -> dict[str, int]:
        network, limits, key = network_of(ip_address), self._limits, self._tally.key
        anywhere = min(limits.per_person, limits.per_person_and_network) if is_signed_in else limits.per_person
        return {
            key("both", person, network): limits.per_person_and_network,
            key("person", person): anywhere,
            key("network", network): limits.per_network,
        }
