"""One-time links: a token of 32 letters and digits in an address, good once. Unlike a code it needs no counting:
nobody guesses it.
"""

from datetime import timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.flows import codes_store
from doorward.flows.codes_store import Form, OneTimeCode, Purpose, Recipient
from doorward.ids import new_row_id, opaque_token
from doorward.security.tokens import hash_token
from doorward.storage.contract import Reader, Transaction


class OneTimeLinks:
    """Issues and redeems in the caller's transaction."""

    def __init__(self, lifespan: timedelta, clock: Clock) -> None:
        """`lifespan` is `methods.link.config.lifespan`."""
        self.lifespan = lifespan
        self._clock = clock

    async def issue(
        self,
        tx: Transaction,
        flow_id: UUID,
        purpose: Purpose,
        recipient: Recipient,
        lifespan: timedelta | None = None,
    ) -> str:
        """A new token; earlier ones stay good, because the first mail may arrive last (as in Kratos)."""
        token = opaque_token()
        now = self._clock.now()
        await codes_store.insert_code(
            tx,
            OneTimeCode(
                id=new_row_id(),
                form=Form.LINK,
                purpose=purpose,
                flow_id=flow_id,
                secret_hash=hash_token(token),
                recipient=recipient,
                issued_at=now,
                expires_at=now + (lifespan or self.lifespan),
            ),
        )
        return token

    async def find(self, reader: Reader, purpose: Purpose, token: str) -> OneTimeCode | None:
        """The link of a token, used and expired ones included, so that people can be told which it is."""
        return await codes_store.find_by_secret(reader, purpose, Form.LINK, hash_token(token))

    async def use(self, tx: Transaction, link: OneTimeCode) -> bool:
        """True for exactly one of all who follow it, and for nobody once it has expired."""
        return await codes_store.mark_used(tx, link.id, self._clock.now())
