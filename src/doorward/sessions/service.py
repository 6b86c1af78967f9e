"""Use cases on sessions: issue one at a sign-in, raise it by another proof, find it by its token, extend it, end it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.ids import new_secret_id, opaque_token
from doorward.sessions import store
from doorward.sessions.model import AuthenticationMethod, Device, Issued, Session
from doorward.storage.contract import Reader, Transaction


class SessionService:
    """Sessions live for `lifespan` from their latest proof, or longer where somebody extends them."""

    def __init__(self, clock: Clock, lifespan: timedelta, earliest_extend: timedelta | None = None) -> None:
        """`earliest_extend`: a session is extended only if no more than this is left of it; None: always."""
        self._clock = clock
        self._lifespan = lifespan
        self._earliest_extend = earliest_extend

    def prepare(self, identity_id: UUID, method: str, device: Device, aal: str = "aal1") -> Issued:
        """A new session with its token (`ory_st_…`, as Kratos names it); nothing is stored yet."""
        now = self._clock.now()
        session = Session(
            id=new_secret_id(),
            identity_id=identity_id,
            active=True,
            aal=aal,
            methods=(AuthenticationMethod(method, aal, now),),
            authenticated_at=now,
            issued_at=now,
            expires_at=now + self._lifespan,
            devices=(device,),
        )
        return Issued(session, opaque_token("ory_st_"))

    async def store(self, tx: Transaction, issued: Issued) -> None:
        await store.insert_session(tx, issued)

    def raised(self, session: Session, method: str, aal: str, device: Device) -> Session:
        """The same session after another proof, as the answer to that proof shows it. Nothing is written yet.

        The method is appended, a higher level kept; its age and its end start anew. The answer shows `issued_at`
        moved and a device with the zero id, which Kratos stores neither.
        """
        now = self._clock.now()
        return replace(
            session,
            aal=max(session.aal, aal),
            methods=(*session.methods, AuthenticationMethod(method, aal, now)),
            authenticated_at=now,
            issued_at=now,
            expires_at=now + self._lifespan,
            devices=(*session.devices, replace(device, id=UUID(int=0))),
        )

    async def store_raised(self, tx: Transaction, session: Session) -> None:
        """What `raised` changed for good: methods, level, age and end. A browser's cookie has to be set anew."""
        await store.update_raised(tx, session, self._clock.now())

    async def upgrade(self, tx: Transaction, session: Session, method: str, aal: str) -> Session:
        """Raises a session where there is no sign-in: a factor linked or confirmed in settings proves itself.

        Id, token, devices and the session's end stay. Returns the session as it is stored now.
        """
        now = self._clock.now()
        proof = AuthenticationMethod(method, aal, now)
        raised = replace(
            session,
            aal=max(session.aal, aal),
            methods=(*session.methods, proof),
            authenticated_at=now,
        )
        await store.update_raised(tx, raised, now)
        return raised

    async def find_live(self, reader: Reader, token: str) -> Session | None:
        """The session of a token if it is active and has not expired. The identity's own state is for the caller."""
        session = await store.find_by_token(reader, token)
        return session if session is not None and is_live(session, self._clock.now()) else None

    async def find_any(self, reader: Reader, token: str) -> Session | None:
        """The session of a token, whether it still opens anything or not."""
        return await store.find_by_token(reader, token)

    async def extend(self, tx: Transaction, session_id: UUID) -> bool:
        """Gives a session a whole lifespan from now, unless it is too early for that. Revoked ones stay revoked."""
        now = self._clock.now()
        until = now + self._lifespan
        latest = until if self._earliest_extend is None else now + self._earliest_extend
        return await store.extend(tx, session_id, latest, until, now) == 1

    async def revoke(self, tx: Transaction, session_ids: Sequence[UUID]) -> int:
        """Ends sessions by id; how many were active. The rows stay until they are swept or deleted."""
        return await store.revoke(tx, session_ids, self._clock.now())

    async def revoke_others(self, tx: Transaction, identity_id: UUID, except_id: UUID | None) -> int:
        """Ends an identity's sessions, all but one; how many others there are (as Kratos counts, ended ones too)."""
        return await store.revoke_all(tx, identity_id, except_id, self._clock.now())

    async def delete(self, tx: Transaction, session_ids: Sequence[UUID]) -> int:
        """Removes sessions for good; how many there were."""
        return await store.delete(tx, session_ids)

    async def sweep(self, tx: Transaction, before: datetime, limit: int) -> int:
        """Removes at most `limit` sessions whose time was over before `before`; how many went. They open nothing."""
        return await store.delete_ended(tx, before, limit)

    async def delete_all(self, tx: Transaction, identity_id: UUID) -> int:
        """Removes an identity's sessions for good; how many there were."""
        return await store.delete_all(tx, identity_id)


def is_live(session: Session, now: datetime) -> bool:
    return session.active and session.expires_at > now
