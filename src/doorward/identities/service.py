"""The only writer of identities: flows, admin API, command line and import all come through here.

So no path can forget the event. Every method takes the caller's open transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.clock import Clock
from doorward.errors import Conflict, NotFound
from doorward.identities import store
from doorward.identities.draft import (
    Draft,
    NewConsent,
    NewIdentity,
    checked_consents,
    checked_state,
    derive,
    make_draft,
    rederive_credentials,
)
from doorward.identities.events import Cause, EventKind, IdentityEvent, Recorded, Recorder
from doorward.identities.model import AddressStatus, ConsentReceipt, Identity, VerifiableAddress
from doorward.identities.schema import SchemaRegistry, value_at
from doorward.identities.vault import CredentialVault
from doorward.ids import new_row_id
from doorward.storage.contract import Transaction
from doorward.storage.errors import UniqueViolation


class IdentifierTaken(Conflict):
    """An account with the same identifier (email, phone, username, ...) exists already."""


class IdentityNotFound(NotFound):
    """There is no identity with this id."""


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """What to change; None leaves a field as it is. `clear_external_id` removes it."""

    traits: Mapping[str, Any] | None = field(default=None, repr=False)
    schema_id: str | None = None
    state: str | None = None
    metadata_public: Any = field(default=None, repr=False)
    metadata_admin: Any = field(default=None, repr=False)
    external_id: str | None = None
    clear_external_id: bool = False
    consents: tuple[NewConsent, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The identity as it is now, and what was recorded of the change."""

    identity: Identity
    recorded: Recorded


Edit = Callable[[Identity, datetime], Identity]
"""From an identity as it is, and the time, to what it shall be."""


def newly_verified(before: Identity, after: Identity) -> list[VerifiableAddress]:
    """The addresses that are verified now and were not."""
    known = {(each.via, each.value) for each in before.verifiable_addresses if each.verified}
    return [each for each in after.verifiable_addresses if each.verified and (each.via, each.value) not in known]


class IdentityService:
    """Use cases on identities."""

    def __init__(
        self, schemas: SchemaRegistry, recorder: Recorder, clock: Clock, vault: CredentialVault | None = None
    ) -> None:
        """`vault` keeps the secrets of second factors; None stores them as they are (for tests without any)."""
        self.schemas = schemas
        self._vault = vault
        self._recorder = recorder
        self._clock = clock

    def opened(self, identity: Identity) -> Identity:
        """A person as read from the database, with the secrets of credentials readable."""
        return identity if self._vault is None else self._vault.opened(identity)

    def _sealed(self, identity: Identity) -> Identity:
        return identity if self._vault is None else self._vault.sealed(identity)

    def draft(self, new: NewIdentity) -> Draft:
        """Validates without touching the database. Raises UnknownSchema, InvalidTraits, UnknownState."""
        return make_draft(self.schemas.get_schema(new.schema_id), new, self._clock.now())

    def redraft(self, draft: Draft) -> Draft:
        """A draft that blocking hooks have changed, validated again. Raises InvalidTraits, UnknownSchema."""
        now = self._clock.now()
        schema = self.schemas.get_schema(draft.identity.schema_id)
        return Draft(rederive_credentials(schema, derive(schema, draft.identity, now), now), draft.consents)

    def preview(self, before: Identity, edit: Edit, consents: tuple[NewConsent, ...] = ()) -> Draft:
        """What `rewrite` would make of an identity, for hooks to see first. Raises InvalidTraits, UnknownSchema."""
        now = self._clock.now()
        changed = replace(edit(before, now), id=before.id, updated_at=now)
        schema = self.schemas.get_schema(changed.schema_id)
        return Draft(rederive_credentials(schema, derive(schema, changed, now), now), consents)

    async def create(self, tx: Transaction, draft: Draft, cause: Cause) -> Change:
        """Stores a draft and its receipts, and records `identity.created`. Raises IdentifierTaken."""
        change = await self._created_or_none(tx, draft, cause)
        if change is None:
            raise IdentifierTaken
        return change

    async def create_many(self, tx: Transaction, drafts: Sequence[Draft], cause: Cause) -> list[Change | None]:
        """Stores what can be stored; None for a draft whose id, identifier, address or external id is taken."""
        return [await self._created_or_none(tx, draft, cause) for draft in drafts]

    async def _created_or_none(self, tx: Transaction, draft: Draft, cause: Cause) -> Change | None:
        identity = draft.identity
        if not await self._insert(tx, identity):
            return None
        await self._write_receipts(tx, identity, draft.consents, cause, store.FIRST_SEQ)
        return await self._recorded(tx, EventKind.CREATED, identity, None, cause, store.FIRST_SEQ)

    async def update(self, tx: Transaction, identity_id: UUID, change: IdentityChange, cause: Cause) -> Change:
        """Changes an identity and records `identity.updated`, and `consent.changed` where a consent did.

        Raises IdentityNotFound, InvalidTraits, UnknownSchema, IdentifierTaken.
        """

        def edit(before: Identity, _at: datetime) -> Identity:
            return replace(
                before,
                traits=before.traits if change.traits is None else change.traits,
                schema_id=change.schema_id or before.schema_id,
                state=before.state if change.state is None else change.state,
                metadata_public=before.metadata_public if change.metadata_public is None else change.metadata_public,
                metadata_admin=before.metadata_admin if change.metadata_admin is None else change.metadata_admin,
                external_id=None if change.clear_external_id else change.external_id or before.external_id,
            )

        return await self.rewrite(tx, identity_id, edit, cause, change.consents)

    async def rewrite(
        self,
        tx: Transaction,
        identity_id: UUID,
        edit: Edit,
        cause: Cause,
        given: tuple[NewConsent, ...] = (),
        proof: Cause | None = None,
    ) -> Change:
        """Changes an identity by a function of what it is, and records `identity.updated`, `consent.changed`, and
        `address.verified` for each address that became so.

        `edit` may change everything but the id; it may run again, so it has no effect but its result. `proof` is why an
        address is verified by it, where that has a cause of its own.
        Raises IdentityNotFound, InvalidTraits, UnknownSchema, UnknownState, IdentifierTaken, and what `edit` raises.
        """
        before = self.opened(await self._get_locked(tx, identity_id))
        now = self._clock.now()
        changed = replace(edit(before, now), id=before.id, updated_at=now)
        if checked_state(changed.state) != before.state:
            changed = replace(changed, state_changed_at=now)
        schema = self.schemas.get_schema(changed.schema_id)
        identity = rederive_credentials(schema, derive(schema, changed, now), now)
        await self._store(tx, before, identity)
        consents = (*given, *self._withdrawn(before, identity, given, cause))
        if consents:
            seq = await store.next_event_seq(tx, identity.id)
            await self._write_receipts(tx, identity, consents, cause, seq)
            await self._recorded(tx, EventKind.CONSENT_CHANGED, identity, before, cause, seq)
        for _ in newly_verified(before, identity):
            seq = await store.next_event_seq(tx, identity.id)
            await self._recorded(tx, EventKind.ADDRESS_VERIFIED, identity, before, proof or cause, seq)
        seq = await store.next_event_seq(tx, identity.id)
        return await self._recorded(tx, EventKind.UPDATED, identity, before, cause, seq)

    async def delete(self, tx: Transaction, identity_id: UUID, cause: Cause) -> Change:
        """Removes an identity and records `identity.deleted`. Raises IdentityNotFound."""
        before = await self._get_locked(tx, identity_id)
        seq = await store.next_event_seq(tx, identity_id)
        change = await self._recorded(tx, EventKind.DELETED, before, before, cause, seq)
        await store.delete_identity(tx, identity_id)
        return change

    async def mark_address_verified(
        self, tx: Transaction, identity_id: UUID, via: str, value: str, cause: Cause
    ) -> Change | None:
        """Completes an address and records `address.verified`; None when it was verified already or is unknown."""
        before = await self._get_locked(tx, identity_id)
        now = self._clock.now()
        if not await store.set_address_status(tx, identity_id, via, value, AddressStatus.COMPLETED, now, now):
            return None
        after = await self._get_locked(tx, identity_id)
        seq = await store.next_event_seq(tx, identity_id)
        return await self._recorded(tx, EventKind.ADDRESS_VERIFIED, after, before, cause, seq)

    async def mark_address_sent(self, tx: Transaction, identity_id: UUID, via: str, value: str) -> None:
        """Notes that a message is on its way to an address; one that is verified stays so. Nobody is told."""
        await store.set_address_status(tx, identity_id, via, value, AddressStatus.SENT, None, self._clock.now())

    async def note(self, tx: Transaction, kind: EventKind, identity: Identity, cause: Cause) -> Recorded | None:
        """Records something that happened to a person and changed nothing of theirs; None where nobody listens.

        A sign-in that no action listens to costs no row and no lock.
        """
        event = IdentityEvent(kind, identity, None, cause, 0, self._clock.now())
        if not self._recorder.hears(event):
            return None
        seq = await store.next_event_seq(tx, identity.id)
        return await self._recorder.record(tx, replace(event, seq=seq))

    async def _get_locked(self, tx: Transaction, identity_id: UUID) -> Identity:
        # The row is locked before it is read: two changes of one identity must not both start from the same state.
        await tx.execute("UPDATE identities SET event_seq = event_seq WHERE id = :id", {"id": identity_id})
        identity = await store.find_identity(tx, identity_id, with_credentials=True)
        if identity is None:
            raise IdentityNotFound
        return identity

    async def _insert(self, tx: Transaction, identity: Identity) -> bool:
        """Writes a new identity whole or not at all; False when something of it is somebody else's."""
        if not await store.insert_identity(tx, identity):
            return False
        for credential in self._sealed(identity).credentials.values():
            if not await store.insert_credential(tx, identity.id, credential):
                await store.delete_identity(tx, identity.id)
                return False
        if not await store.insert_addresses(tx, identity):
            await store.delete_identity(tx, identity.id)
            return False
        return True

    async def _store(self, tx: Transaction, before: Identity, identity: Identity) -> None:
        """Writes what differs. Raises IdentifierTaken."""
        try:
            found = await store.update_identity(tx, identity)
        except UniqueViolation:
            raise IdentifierTaken from None
        if not found:
            raise IdentityNotFound
        for kind in before.credentials.keys() - identity.credentials.keys():
            await store.delete_credential(tx, identity.id, kind)
        sealed = self._sealed(identity).credentials
        for kind, credential in identity.credentials.items():
            if credential != before.credentials.get(kind) and not await store.replace_credential(
                tx, identity.id, sealed[kind]
            ):
                raise IdentifierTaken
        is_moved = (identity.verifiable_addresses, identity.recovery_addresses) != (
            before.verifiable_addresses,
            before.recovery_addresses,
        )
        if is_moved and not await store.replace_addresses(tx, identity):
            raise IdentifierTaken

    async def _write_receipts(
        self, tx: Transaction, identity: Identity, consents: tuple[NewConsent, ...], cause: Cause, seq: int
    ) -> None:
        schema = self.schemas.get_schema(identity.schema_id)
        for item in checked_consents(schema, identity.traits, consents):
            receipt = ConsentReceipt(
                id=new_row_id(),
                identity_id=identity.id,
                purpose=item.purpose,
                granted=item.granted,
                text=item.text,
                version=item.version,
                locale=item.locale,
                source=item.source,
                flow_id=cause.flow_id,
                recorded_at=self._clock.now(),
            )
            await store.insert_receipt(tx, receipt, seq)

    def _withdrawn(
        self, before: Identity, after: Identity, given: tuple[NewConsent, ...], cause: Cause
    ) -> tuple[NewConsent, ...]:
        """Any write that takes a consent trait away from true is a no, whoever makes it."""
        answered = {item.purpose for item in given}
        return tuple(
            NewConsent(item.purpose, False, item.text, item.version, cause.locale, cause.source)
            for item in self.schemas.get_schema(after.schema_id).consents
            if item.path
            and item.purpose not in answered
            and value_at(before.traits, item.path) is True
            and value_at(after.traits, item.path) is not True
        )

    async def _recorded(
        self, tx: Transaction, kind: EventKind, identity: Identity, previous: Identity | None, cause: Cause, seq: int
    ) -> Change:
        event = IdentityEvent(kind, identity, previous, cause, seq, self._clock.now())
        return Change(identity, await self._recorder.record(tx, event))
