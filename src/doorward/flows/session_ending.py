"""Ends sessions and says so: every path that revokes (logout, the owner, an administrator, a hook) comes through here.

`session.revoked` is recorded for each session that was still good, `logout.after` where a person asked to leave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from doorward.clock import Clock
from doorward.identities.events import Cause, EventKind
from doorward.identities.model import Identity
from doorward.identities.service import IdentityService
from doorward.identities.store import find_identity
from doorward.sessions.model import Session
from doorward.sessions.query import SessionFilter, find_session, list_of_identity
from doorward.sessions.render import session_json
from doorward.sessions.service import SessionService, is_live
from doorward.storage.contract import Transaction

TOLD_AT_ONCE = 500
"""Of more sessions than this that end together, the oldest end without an event."""


@dataclass(frozen=True, slots=True)
class SessionEnding:
    """Every method takes the caller's open transaction."""

    identities: IdentityService
    sessions: SessionService
    clock: Clock

    async def log_out(self, tx: Transaction, session: Session, cause: Cause) -> None:
        """Ends a session because its person wants to leave."""
        await self.sessions.revoke(tx, [session.id])
        await self._tell(tx, [session], cause, EventKind.LOGOUT_AFTER)
        await self._tell(tx, [session], cause, EventKind.SESSION_REVOKED)

    async def revoke(self, tx: Transaction, session_ids: Iterable[UUID], cause: Cause) -> int:
        """Ends sessions by id, whoever they belong to; how many were still active."""
        ids = list(dict.fromkeys(session_ids))
        good = await self._still_good(tx, ids[:TOLD_AT_ONCE])
        count = await self.sessions.revoke(tx, ids)
        await self._tell(tx, good, cause, EventKind.SESSION_REVOKED)
        return count

    async def revoke_others(self, tx: Transaction, identity_id: UUID, except_id: UUID | None, cause: Cause) -> int:
        """Ends a person's sessions, all but one; how many others there are, those that had ended before included."""
        chosen = SessionFilter(self.clock.now(), is_live=True, except_id=except_id)
        good = await list_of_identity(tx, identity_id, chosen, TOLD_AT_ONCE, 0)
        count = await self.sessions.revoke_others(tx, identity_id, except_id)
        await self._tell(tx, good, cause, EventKind.SESSION_REVOKED)
        return count

    async def delete(self, tx: Transaction, session_ids: Iterable[UUID], cause: Cause) -> int:
        """Removes sessions for good; how many there were."""
        ids = list(dict.fromkeys(session_ids))
        good = await self._still_good(tx, ids[:TOLD_AT_ONCE])
        count = await self.sessions.delete(tx, ids)
        await self._tell(tx, good, cause, EventKind.SESSION_REVOKED)
        return count

    async def delete_all(self, tx: Transaction, identity_id: UUID, cause: Cause) -> int:
        """Removes a person's sessions for good; how many there were."""
        chosen = SessionFilter(self.clock.now(), is_live=True)
        good = await list_of_identity(tx, identity_id, chosen, TOLD_AT_ONCE, 0)
        count = await self.sessions.delete_all(tx, identity_id)
        await self._tell(tx, good, cause, EventKind.SESSION_REVOKED)
        return count

    async def _still_good(self, tx: Transaction, ids: Sequence[UUID]) -> list[Session]:
        now = self.clock.now()
        found = [await find_session(tx, each) for each in ids]
        return [each for each in found if each is not None and is_live(each, now)]

    async def _tell(self, tx: Transaction, ended: Sequence[Session], cause: Cause, kind: EventKind) -> None:
        """One event for each; none at all once it is known that nobody listens."""
        people: dict[UUID, Identity | None] = {}
        for session in ended:
            if session.identity_id not in people:
                people[session.identity_id] = await find_identity(tx, session.identity_id)
            identity = people[session.identity_id]
            if identity is None:
                continue
            shown = session_json(replace(session, active=False), None, identity.is_active, self.clock.now())
            told = replace(cause, context={**cause.context, "session": shown})
            if await self.identities.note(tx, kind, identity, told) is None:
                return
