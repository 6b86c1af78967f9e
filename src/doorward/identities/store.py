"""SQL that writes and reads single identities with their credentials, addresses and consent receipts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.identities.model import ConsentReceipt, Credential, Identity, RecoveryAddress, VerifiableAddress
from doorward.identities.person import find_person
from doorward.identities.rows import IDENTITY_COLUMNS, assembled, read_receipt
from doorward.ids import new_row_id
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import adapt_json, read_uuid

FIRST_SEQ = 1
"""The number of an identity's first event, its creation."""


async def insert_identity(tx: Transaction, identity: Identity) -> bool:
    """Writes the identity's own row, its first event counted; False when its id or external id is taken."""
    rows = await tx.execute(
        f"""
        INSERT INTO identities ({IDENTITY_COLUMNS}, event_seq)
        VALUES (:id, :external_id, :schema_id, :traits, :state, :state_changed_at, :metadata_public, :metadata_admin,
                :organization_id, :created_at, :updated_at, :event_seq)
        ON CONFLICT DO NOTHING
        """,
        {**_identity_params(identity), "event_seq": FIRST_SEQ},
    )
    return rows == 1


async def update_identity(tx: Transaction, identity: Identity) -> bool:
    """Replaces the identity's own row; False when it does not exist."""
    rows = await tx.execute(
        """
        UPDATE identities SET external_id = :external_id, schema_id = :schema_id, traits = :traits, state = :state,
          state_changed_at = :state_changed_at, metadata_public = :metadata_public, metadata_admin = :metadata_admin,
          organization_id = :organization_id, updated_at = :updated_at,
          created_at = :created_at
        WHERE id = :id
        """,
        _identity_params(identity),
    )
    return rows == 1


async def delete_identity(tx: Transaction, identity_id: UUID) -> bool:
    """Removes the identity and what hangs on it; its events, deliveries and payload key stay."""
    return await tx.execute("DELETE FROM identities WHERE id = :id", {"id": identity_id}) == 1


async def next_event_seq(tx: Transaction, identity_id: UUID) -> int:
    """The next number of an identity's events. Locks the row, so that events commit in their order."""
    row = await tx.fetch_one(
        "UPDATE identities SET event_seq = event_seq + 1 WHERE id = :id RETURNING event_seq", {"id": identity_id}
    )
    if row is None:
        raise LookupError(identity_id)
    return int(row["event_seq"])


async def delete_credential(tx: Transaction, identity_id: UUID, kind: str) -> bool:
    """Removes a credential and its identifiers; False when there is none."""
    rows = await tx.execute(
        "DELETE FROM credentials WHERE identity_id = :identity_id AND type = :type",
        {"identity_id": identity_id, "type": kind},
    )
    return rows == 1


async def replace_credential(tx: Transaction, identity_id: UUID, credential: Credential) -> bool:
    """Writes a credential with its identifiers; False when an identifier belongs to somebody else."""
    await delete_credential(tx, identity_id, credential.type)
    return await insert_credential(tx, identity_id, credential)


async def renew_config(tx: Transaction, identity_id: UUID, seen: Credential, config: Mapping[str, Any]) -> bool:
    """Gives a credential another config that means the same; False when it is no longer the one that was seen."""
    rows = await tx.execute(
        """
        UPDATE credentials SET config = :config
        WHERE identity_id = :identity_id AND type = :type AND updated_at = :updated_at
        """,
        {"config": dict(config), "identity_id": identity_id, "type": seen.type, "updated_at": seen.updated_at},
    )
    return rows == 1


async def insert_credential(tx: Transaction, identity_id: UUID, credential: Credential) -> bool:
    """Writes a credential that the identity does not have yet; False when an identifier belongs to somebody else."""
    credential_id = new_row_id()
    await tx.execute(
        """
        INSERT INTO credentials (id, identity_id, type, config, version, created_at, updated_at)
        VALUES (:id, :identity_id, :type, :config, :version, :created_at, :updated_at)
        """,
        {
            "id": credential_id,
            "identity_id": identity_id,
            "type": credential.type,
            "config": dict(credential.config),
            "version": credential.version,
            "created_at": credential.created_at,
            "updated_at": credential.updated_at,
        },
    )
    for identifier in credential.identifiers:
        written = await tx.execute(
            """
            INSERT INTO credential_identifiers (type, identifier, credential_id, identity_id)
            VALUES (:type, :identifier, :credential_id, :identity_id) ON CONFLICT DO NOTHING
            """,
            {
                "type": credential.type,
                "identifier": identifier,
                "credential_id": credential_id,
                "identity_id": identity_id,
            },
        )
        if written != 1:
            return False
    return True


async def replace_addresses(tx: Transaction, identity: Identity) -> bool:
    """Writes both address lists; False when an address belongs to somebody else."""
    for table in ("verifiable_addresses", "recovery_addresses"):
        await tx.execute(f"DELETE FROM {table} WHERE identity_id = :id", {"id": identity.id})
    return await insert_addresses(tx, identity)


async def insert_addresses(tx: Transaction, identity: Identity) -> bool:
    """Writes both address lists of an identity that has none yet; False when one belongs to somebody else."""
    for address in identity.verifiable_addresses:
        written = await tx.execute(
            """
            INSERT INTO verifiable_addresses
              (id, identity_id, via, value, verified, status, verified_at, created_at, updated_at)
            VALUES (:id, :identity_id, :via, :value, :verified, :status, :verified_at, :created_at, :updated_at)
            ON CONFLICT DO NOTHING
            """,
            {
                **_address_params(identity.id, address),
                "verified": address.verified,
                "status": address.status,
                "verified_at": address.verified_at,
            },
        )
        if written != 1:
            return False
    for recovery in identity.recovery_addresses:
        written = await tx.execute(
            """
            INSERT INTO recovery_addresses (id, identity_id, via, value, created_at, updated_at)
            VALUES (:id, :identity_id, :via, :value, :created_at, :updated_at) ON CONFLICT DO NOTHING
            """,
            _address_params(identity.id, recovery),
        )
        if written != 1:
            return False
    return True


async def set_address_status(
    tx: Transaction, identity_id: UUID, via: str, value: str, status: str, verified_at: datetime | None, at: datetime
) -> bool:
    """Marks an address sent or completed; True when it changed."""
    rows = await tx.execute(
        """
        UPDATE verifiable_addresses SET status = :status, verified = :verified, verified_at = :verified_at,
          updated_at = :at
        WHERE identity_id = :identity_id AND via = :via AND value = :value AND verified = FALSE
        """,
        {
            "status": status,
            "verified": verified_at is not None,
            "verified_at": verified_at,
            "at": at,
            "identity_id": identity_id,
            "via": via,
            "value": value,
        },
    )
    return rows == 1


async def insert_receipt(tx: Transaction, receipt: ConsentReceipt, seq: int) -> None:
    """Appends a receipt; the highest `seq` of a purpose is the newest."""
    await tx.execute(
        """
        INSERT INTO consent_receipts
          (id, identity_id, purpose, granted, text, version, locale, source, flow_id, seq, recorded_at)
        VALUES (:id, :identity_id, :purpose, :granted, :text, :version, :locale, :source, :flow_id, :seq, :recorded_at)
        """,
        {
            "id": receipt.id,
            "identity_id": receipt.identity_id,
            "purpose": receipt.purpose,
            "granted": receipt.granted,
            "text": receipt.text,
            "version": receipt.version,
            "locale": receipt.locale,
            "source": receipt.source,
            "flow_id": receipt.flow_id,
            "seq": seq,
            "recorded_at": receipt.recorded_at,
        },
    )


async def find_identity(reader: Reader, identity_id: UUID, with_credentials: bool = False) -> Identity | None:
    """An identity with its addresses, and on request its credentials."""
    if not with_credentials:
        return await find_person(reader, identity_id)
    row = await reader.fetch_one(f"SELECT {IDENTITY_COLUMNS} FROM identities WHERE id = :id", {"id": identity_id})
    return None if row is None else await assembled(reader, row, with_credentials=True)


async def find_by_external_id(reader: Reader, external_id: str, with_credentials: bool = False) -> Identity | None:
    """The identity that the operator calls by this name; capitals count."""
    row = await reader.fetch_one(
        f"SELECT {IDENTITY_COLUMNS} FROM identities WHERE external_id = :external_id", {"external_id": external_id}
    )
    return None if row is None else await assembled(reader, row, with_credentials)


async def find_by_identifier(
    reader: Reader, credential: str, identifier: str, with_credentials: bool = False
) -> Identity | None:
    """The identity that signs in with a normalised identifier; nobody's holds a NUL, which no database looks for."""
    if "\0" in identifier:
        return None
    row = await reader.fetch_one(
        "SELECT identity_id FROM credential_identifiers WHERE type = :type AND identifier = :identifier",
        {"type": credential, "identifier": identifier},
    )
    return None if row is None else await find_identity(reader, read_uuid(row["identity_id"]), with_credentials)


async def find_by_verifiable_address(reader: Reader, via: str, value: str) -> Identity | None:
    """The identity that can prove to own a normalised address."""
    row = await reader.fetch_one(
        "SELECT identity_id FROM verifiable_addresses WHERE via = :via AND value = :value", {"via": via, "value": value}
    )
    return None if row is None else await find_identity(reader, read_uuid(row["identity_id"]))


async def find_by_recovery_address(reader: Reader, via: str, value: str) -> Identity | None:
    """The identity that gets back in by a normalised address."""
    row = await reader.fetch_one(
        "SELECT identity_id FROM recovery_addresses WHERE via = :via AND value = :value", {"via": via, "value": value}
    )
    return None if row is None else await find_identity(reader, read_uuid(row["identity_id"]))


async def list_receipts(reader: Reader, identity_id: UUID) -> list[ConsentReceipt]:
    """All receipts of an identity, oldest first."""
    rows = await reader.fetch_all(
        "SELECT * FROM consent_receipts WHERE identity_id = :id ORDER BY seq, id", {"id": identity_id}
    )
    return [read_receipt(row) for row in rows]


async def find_newest_receipt(reader: Reader, identity_id: UUID, purpose: str) -> ConsentReceipt | None:
    row = await reader.fetch_one(
        """
        SELECT * FROM consent_receipts WHERE identity_id = :id AND purpose = :purpose
        ORDER BY seq DESC, id DESC LIMIT 1
        """,
        {"id": identity_id, "purpose": purpose},
    )
    return None if row is None else read_receipt(row)


def _identity_params(identity: Identity) -> dict[str, Any]:
    return {
        "id": identity.id,
        "external_id": identity.external_id,
        "schema_id": identity.schema_id,
        "traits": dict(identity.traits),
        "state": str(identity.state),
        "state_changed_at": identity.state_changed_at,
        "metadata_public": _boxed(identity.metadata_public),
        "metadata_admin": _boxed(identity.metadata_admin),
        "organization_id": identity.organization_id,
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
    }


def _boxed(value: Any) -> Any:
    """A bare text or number among JSON values has to be written as JSON too."""
    return value if value is None or isinstance(value, dict | list) else adapt_json(value)


def _address_params(identity_id: UUID, address: VerifiableAddress | RecoveryAddress) -> dict[str, Any]:
    return {
        "id": address.id,
        "identity_id": identity_id,
        "via": address.via,
        "value": address.value,
        "created_at": address.created_at,
        "updated_at": address.updated_at,
    }
