"""A proof becomes a session: a new one, or the one that is there, raised or renewed. Login and recovery share it."""

from dataclasses import dataclass, field

from doorward.flows.request import FlowRequest
from doorward.identities.model import Identity
from doorward.sessions.model import Issued
from doorward.sessions.service import SessionService
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class SignIn:
    """`issued` is what the client holds afterwards; `is_new` tells a first sign-in from one that was raised."""

    sessions: SessionService = field(repr=False)
    issued: Issued
    is_new: bool

    async def write(self, tx: Transaction) -> None:
        """Stores the session, or what changed in it."""
        if self.is_new:
            await self.sessions.store(tx, self.issued)
        else:
            await self.sessions.store_raised(tx, self.issued.session)


def sign_in(sessions: SessionService, identity: Identity, method: str, aal: str, request: FlowRequest) -> SignIn:
    """Whoever proves again who is signed in already keeps the session, its id and its token (as Kratos)."""
    held = request.session
    if held is None or held.identity_id != identity.id:
        return SignIn(sessions, sessions.prepare(identity.id, method, request.device, aal), is_new=True)
    raised = sessions.raised(held, method, aal, request.device)
    return SignIn(sessions, Issued(raised, request.session_token), is_new=False)
