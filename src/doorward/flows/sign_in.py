"""A proof becomes a session: a new one, or the one that is there, raised or renewed. Login and recovery share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

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


def unstored(context: Mapping[str, Any], entry: SignIn) -> dict[str, Any]:
    """What hooks see of a session that is not stored yet: neither it nor its device has an id (as in Kratos)."""
    if not entry.is_new:
        return dict(context)
    devices = [{**each, "id": NO_ID} for each in context["session"]["devices"]]
    return {**context, "session": {**context["session"], "id": NO_ID, "devices": devices}}


NO_ID = str(UUID(int=0))
