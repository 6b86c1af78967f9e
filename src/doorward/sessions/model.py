"""Frozen data of a session: when and how a person signed in, and from where."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuthenticationMethod:
    """One proof given: `method` password, code, totp …; `aal` the level it counts for."""

    method: str
    aal: str
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """Where a sign-in came from.

    `user_agent` None: none was sent. `location` is empty unless a CDN's header told it.
    """

    id: UUID
    ip_address: str
    user_agent: str | None
    location: str


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in client. The token itself is never stored: only its hash is in the database."""

    id: UUID
    identity_id: UUID
    active: bool
    aal: str
    methods: tuple[AuthenticationMethod, ...]
    authenticated_at: datetime
    issued_at: datetime
    expires_at: datetime
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """A session with the secret that opens it, which is handed out once."""

    session: Session
    token: str = field(repr=False)
