"""From what a caller gives to an identity that may be stored: validated, normalised, with its real id. No database.

A draft exists before the transaction, so that hashing and blocking hooks happen while none is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.errors import InvalidInput
from doorward.identities.marked import MARKED, VERSION, mark_credentials
from doorward.identities.model import AddressStatus, Credential, Identity, RecoveryAddress, State, VerifiableAddress
from doorward.identities.schema import IdentitySchema, InvalidTraits, value_at
from doorward.ids import new_row_id

# Nobody types an identifier for these: they are found by the person.
SECOND_FACTORS = ("totp", "lookup_secret")


class UnknownState(InvalidInput):
    """An identity's state is `active` or `inactive`."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """`identifiers` None: those that the schema marks for this type, or the identity's own id for a second factor."""

    type: str
    config: Mapping[str, Any] = field(repr=False)
    identifiers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What a person answered, or what an administrator states; becomes a receipt."""

    purpose: str
    granted: bool
    text: str
    version: str
    locale: str
    source: str


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """What a caller wants stored. `id` is given by an import that keeps the ids of another system."""

    schema_id: str
    traits: Mapping[str, Any] = field(repr=False)
    credentials: tuple[NewCredential, ...] = ()
    state: str = State.ACTIVE
    metadata_public: Any = field(default=None, repr=False)
    metadata_admin: Any = field(default=None, repr=False)
    external_id: str | None = None
    consents: tuple[NewConsent, ...] = ()
    organization_id: UUID | None = None
    id: UUID | None = None
    verifiable_addresses: tuple[VerifiableAddress, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A validated identity that is not stored yet, and the consents to be recorded with it."""

    identity: Identity
    consents: tuple[NewConsent, ...]


def make_draft(schema: IdentitySchema, new: NewIdentity, at: datetime) -> Draft:
    """Raises InvalidTraits with every violation, UnknownState."""
    identity = Identity(
        id=new.id or new_row_id(),
        schema_id=schema.id,
        traits=new.traits,
        state=checked_state(new.state),
        state_changed_at=at,
        created_at=at,
        updated_at=at,
        external_id=new.external_id or None,
        metadata_public=new.metadata_public,
        metadata_admin=new.metadata_admin,
        organization_id=new.organization_id,
        verifiable_addresses=new.verifiable_addresses,
    )
    derived = derive(schema, identity, at)
    credentials = {item.type: make_credential(schema, derived, item, at) for item in new.credentials}
    return Draft(mark_credentials(schema, replace(derived, credentials=credentials), at), new.consents)


def derive(schema: IdentitySchema, identity: Identity, at: datetime) -> Identity:
    """Validates the traits and rebuilds both address lists from them; an address that stays keeps its row and proof."""
    violations = schema.validate(identity.traits)
    if violations:
        raise InvalidTraits(violations)
    verifiable = {(each.via, each.value): each for each in identity.verifiable_addresses}
    recovery = {(each.via, each.value): each for each in identity.recovery_addresses}
    return replace(
        identity,
        verifiable_addresses=tuple(
            verifiable.get(pair) or _new_verifiable(pair, at)
            for pair in schema.addresses(identity.traits, "verification")
        ),
        recovery_addresses=tuple(
            recovery.get(pair) or _new_recovery(pair, at) for pair in schema.addresses(identity.traits, "recovery")
        ),
    )


def rederive_credentials(schema: IdentitySchema, identity: Identity, at: datetime) -> Identity:
    """Gives schema-derived credentials (password, code …) the identifiers of the new traits."""
    return mark_credentials(schema, identity, at)


def checked_consents(schema: IdentitySchema, traits: Any, consents: tuple[NewConsent, ...]) -> tuple[NewConsent, ...]:
    """A yes counts only while its trait is literally true: anything else (absent, "true", 1, a list) makes it a no."""
    paths = {field.purpose: field.path for field in schema.consents}
    return tuple(
        replace(item, granted=False)
        if item.granted and (path := paths.get(item.purpose)) and value_at(traits, path) is not True
        else item
        for item in consents
    )


def checked_state(state: str) -> str:
    if state not in (State.ACTIVE, State.INACTIVE):
        raise UnknownState(f"{state!r} is no state of an identity; it is active or inactive.")
    return str(state)


def make_credential(schema: IdentitySchema, identity: Identity, new: NewCredential, at: datetime) -> Credential:
    """A new credential of an identity, whose real id is known."""
    identifiers = new.identifiers
    if identifiers is None:
        own = (str(identity.id),) if new.type in SECOND_FACTORS else ()
        identifiers = schema.identifiers(identity.traits, new.type) or own
    return Credential(new.type, identifiers, new.config, VERSION if new.type in MARKED else 0, at, at)


def _new_verifiable(pair: tuple[str, str], at: datetime) -> VerifiableAddress:
    return VerifiableAddress(_address_id(), pair[1], pair[0], False, AddressStatus.PENDING, None, at, at)


def _new_recovery(pair: tuple[str, str], at: datetime) -> RecoveryAddress:
    return RecoveryAddress(_address_id(), pair[1], pair[0], at, at)


def _address_id() -> UUID:
    return new_row_id()
