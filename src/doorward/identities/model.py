"""Frozen data of one identity, as the service writes it and the APIs show it. No SQL, no JSON rendering here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class State(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class AddressStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class VerifiableAddress:
    """An address that the person can prove to own. `via` is `email` or `sms`; `value` is normalised."""

    id: UUID
    value: str
    via: str
    verified: bool
    status: str
    verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RecoveryAddress:
    """An address by which the person can get back in."""

    id: UUID
    value: str
    via: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """One way to sign in. `config` is secret (password hash); never in a repr."""

    type: str
    identifiers: tuple[str, ...]
    config: Mapping[str, Any] = field(repr=False)
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's record. Traits are personal data and stay out of reprs and logs."""

    id: UUID
    schema_id: str
    traits: Mapping[str, Any] = field(repr=False)
    state: str
    state_changed_at: datetime
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    metadata_public: Any = field(default=None, repr=False)
    metadata_admin: Any = field(default=None, repr=False)
    organization_id: UUID | None = None
    verifiable_addresses: tuple[VerifiableAddress, ...] = field(default=(), repr=False)
    recovery_addresses: tuple[RecoveryAddress, ...] = field(default=(), repr=False)
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)

    @property
    def is_active(self) -> bool:
        return self.state == State.ACTIVE


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """What was agreed to, or withdrawn: the newest one of a purpose counts.

    `granted` False is a withdrawal. `text` is the exact sentence shown. `source` says which path wrote it:
    `flow`, `admin`, `import`, `cli`, `hook`.
    """

    id: UUID
    identity_id: UUID
    purpose: str
    granted: bool
    text: str
    version: str
    locale: str
    source: str
    flow_id: UUID | None
    recorded_at: datetime
