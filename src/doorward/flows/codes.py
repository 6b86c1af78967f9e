"""One-time codes: six digits, sent to an address, good once, for one purpose, in the flow that asked for them.

Six digits are few: a copy of the database must not give them away, so they are kept under a key; and guessing is
counted per flow, so that asking for another code buys no more tries.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

from doorward.clock import Clock
from doorward.flows import codes_store
from doorward.flows.codes_store import Form, OneTimeCode, Purpose, Recipient
from doorward.ids import new_row_id
from doorward.security.tokens import is_equal
from doorward.storage.contract import Reader, Transaction

DIGITS = 6
CONTEXT = b"doorward one-time code"


class Miss(Enum):
    """Why a code was not taken. A wrong one, a used one and an expired one look alike (as in Kratos)."""

    WRONG = "wrong"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """`methods.code.config`: how long a code is good for, how many may be tried in a flow."""

    lifespan: timedelta
    max_submissions: int


class OneTimeCodes:
    """Every method takes the caller's transaction: a code exists, or is used, together with what follows from it."""

    def __init__(self, limits: CodeLimits, keys: Sequence[str], clock: Clock) -> None:
        """`keys` as in `secrets.cipher`: the first one hashes, all are tried."""
        self.limits = limits
        self._keys = tuple(hashlib.sha256(CONTEXT + key.encode()).digest() for key in keys)
        self._clock = clock

    async def issue(
        self,
        tx: Transaction,
        flow_id: UUID,
        purpose: Purpose,
        recipient: Recipient,
        lifespan: timedelta | None = None,
    ) -> str:
        """A new code, to be sent and then forgotten. Earlier ones stay good; see `invalidate`. The flow is stored."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        now = self._clock.now()
        await codes_store.insert_code(
            tx,
            OneTimeCode(
                id=new_row_id(),
                form=Form.CODE,
                purpose=purpose,
                flow_id=flow_id,
                secret_hash=_digest(self._keys[0], flow_id, purpose, code),
                recipient=recipient,
                issued_at=now,
                expires_at=now + (lifespan or self.limits.lifespan),
            ),
        )
        return code

    async def invalidate(self, tx: Transaction, flow_id: UUID, purpose: Purpose) -> None:
        """Ends the unused codes of a flow, before another one is sent."""
        await codes_store.delete_codes(tx, flow_id, purpose)

    async def peek(self, reader: Reader, flow_id: UUID, purpose: Purpose, code: str) -> OneTimeCode | Miss:
        """What `redeem` would say now. Counts nothing and uses nothing up, so nobody may be told the result before
        `redeem` has agreed: it is for what has to be asked between the two, outside the transaction (hooks).
        """
        if await codes_store.read_guesses(reader, flow_id) >= self.limits.max_submissions:
            return Miss.TOO_MANY
        return await self._find(reader, flow_id, purpose, code) or Miss.WRONG

    async def was_used(self, reader: Reader, flow_id: UUID, purpose: Purpose, code: str) -> bool:
        """Whether a code was good once, in this flow."""
        return bool(self._matching(await codes_store.list_used_codes(reader, flow_id, purpose), flow_id, purpose, code))

    async def redeem(self, tx: Transaction, flow_id: UUID, purpose: Purpose, code: str) -> OneTimeCode | Miss:
        """Counts the guess and uses the code up, exactly once even if two come at the same time.

        A miss has to be committed like a hit: a guess that is rolled back would not count.
        """
        if await codes_store.count_guess(tx, flow_id) > self.limits.max_submissions:
            return Miss.TOO_MANY
        found = await self._find(tx, flow_id, purpose, code)
        if found is None or not await codes_store.mark_used(tx, found.id, self._clock.now()):
            return Miss.WRONG
        return found

    async def count_miss(self, tx: Transaction, flow_id: UUID) -> Miss:
        """Counts a guess that is known to be wrong."""
        guesses = await codes_store.count_guess(tx, flow_id)
        return Miss.TOO_MANY if guesses > self.limits.max_submissions else Miss.WRONG

    async def _find(self, reader: Reader, flow_id: UUID, purpose: Purpose, code: str) -> OneTimeCode | None:
        good = await codes_store.list_good_codes(reader, flow_id, purpose, self._clock.now())
        return next(iter(self._matching(good, flow_id, purpose, code)), None)

    def _matching(self, codes: Sequence[OneTimeCode], flow_id: UUID, purpose: Purpose, code: str) -> list[OneTimeCode]:
        digests = [_digest(key, flow_id, purpose, code) for key in self._keys]
        return [each for each in codes if any(is_equal(each.secret_hash, digest) for digest in digests)]


def _digest(key: bytes, flow_id: UUID, purpose: Purpose, code: str) -> str:
    message = f"{flow_id}:{purpose}:{code}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()
