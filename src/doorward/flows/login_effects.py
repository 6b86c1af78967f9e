"""What hooks want done with a sign-in that nobody objected to: other sessions ended, addresses proved, a page shown."""

from dataclasses import dataclass
from typing import Any

from doorward.flows.contract import Effect, Wish
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.model import Identity
from doorward.identities.service import IdentityService
from doorward.sessions.model import Session
from doorward.sessions.service import SessionService
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class LoginEffects:
    """`shown` is the person as hooks left them, for the answer only. `started` are the proofs that begin now, and
    `tells_all`: the answer names each of them, whatever hooks say (the older way).
    """

    identities: IdentityService
    sessions: SessionService
    verifications: Verifications
    shown: Identity
    wishes: frozenset[Wish]
    started: tuple[StartedVerification, ...] = ()
    tells_all: bool = False

    async def write(self, tx: Transaction, session: Session) -> None:
        """In the transaction of the sign-in: one that is refused after all has ended and sent nothing."""
        if Effect.REVOKE_OTHERS in self.wishes:
            await self.sessions.revoke_others(tx, session.identity_id, session.id)
        await self.verifications.store(tx, self.started, is_by_the_way=True)
        for each in self.started:
            await self.identities.mark_address_sent(tx, session.identity_id, each.address.via, each.address.value)

    def items(self) -> list[dict[str, Any]]:
        """What belongs in `continue_with`; with the older way an address may be named twice (as in Kratos)."""
        told = self.started if self.tells_all else ()
        asked = self.started[-1:] if Effect.SHOW_VERIFICATION in self.wishes else ()
        return [self.verifications.continue_with(each) for each in (*told, *asked)]

    def location(self, default: str) -> str:
        """Where a browser goes."""
        if Effect.SHOW_VERIFICATION in self.wishes and self.started:
            return self.verifications.page_url(self.started[-1])
        return default
