"""A wrong code where an address is proved or a person wants back in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Reread, Stored, Why
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import CodeSender
from doorward.flows.codes_store import Purpose
from doorward.flows.messages import Words
from doorward.flows.model import Flow
from doorward.flows.payload import TRANSIENT
from doorward.flows.replacement import Replacement
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class MissedGuess:
    """A code that was not right: counted, and said; after too many a new flow takes this one's place.

    `wrong_id` is the message's; `shown` is the payload in the answer, None for an answer without one.
    """

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    flow: Flow
    purpose: Purpose
    code: str = field(repr=False)
    words: Words
    wrong_id: int
    shown: Mapping[str, Any] | None = field(repr=False)
    too_many: Replacement

    async def write(self, tx: Transaction) -> bool:
        """Whether the flow goes on."""
        if await self.sender.codes.redeem(tx, self.flow.id, self.purpose, self.code) is Miss.TOO_MANY:
            await self.too_many.write(tx)
            return False
        await store.update_flow(tx, self._told(), self.clock.now())
        return True

    async def conclude(self, written: bool) -> Stored | Reread:
        """A wrong code is no error to Kratos's clients: 200, with a message."""
        if not written:
            return await self.too_many.conclude(None)
        told = self._told()
        beside = {} if self.shown is None else {TRANSIENT: dict(self.shown)}
        return Stored(replace(told, beside={**told.beside, **beside}), Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None

    def _told(self) -> Flow:
        return self.flow.with_ui(messages=[self.words.say(self.wrong_id)])
