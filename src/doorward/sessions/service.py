"""Use cases on sessions: issue one at a sign-in, find the one that a token opens, end them."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.ids import new_secret_id, opaque_token
from doorward.sessions import store
from doorward.sessions.model import AuthenticationMethod, Device, Issued, Session
from doorward.storage.contract import Reader, Transaction


class SessionService:
    """Sessions live for `lifespan` from their sign-in."""

    def __init__(self, clock: Clock, lifespan: timedelta) -> None:
        self._clock = clock
        self._lifespan = lifespan

    def prepare(self, identity_id: UUID, method: str, device: Device, aal: str = "aal1") -> Issued:
        """A new session with its tokens (`ory_st_…`, `ory_lo_…`, as Kratos names them); nothing is stored yet."""
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
        return Issued(session, opaque_token("ory_st_"), opaque_token("ory_lo_"))

    async def store(self, tx: Transaction, issued: Issued) -> None:
        await store.insert_session(tx, issued)

    def raised(self, session: Session, method: str, aal: str, device: Device) -> Session:
        """The same session after another proof: the method is appended, a higher level kept, its age starts anew.

        The device that Kratos adds here has the zero id and is not stored. Nothing is written yet.
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
        """What `raised` changed. `issued_at` and `expires_at` stay as they are stored (as in Kratos)."""
        await store.update_raised(tx, session, self._clock.now())

    async def find_live(self, reader: Reader, token: str) -> Session | None:
        """The session of a token if it is active and has not expired. The identity's own state is for the caller."""
        session = await store.find_by_token(reader, token)
        return session if session is not None and is_live(session, self._clock.now()) else None

    async def revoke_others(self, tx: Transaction, identity_id: UUID, except_id: UUID | None) -> int:
        return await store.revoke_all(tx, identity_id, except_id, self._clock.now())


def is_live(session: Session, now: datetime) -> bool:
    return session.active and session.expires_at > now
