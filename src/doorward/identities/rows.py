"""Rows read back as identities, credentials, addresses and receipts."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from doorward.identities.model import ConsentReceipt, Credential, Identity, RecoveryAddress, VerifiableAddress
from doorward.storage.contract import Reader, Row
from doorward.storage.types import (
    read_bool,
    read_json,
    read_optional_json,
    read_optional_time,
    read_optional_uuid,
    read_time,
    read_uuid,
)

IDENTITY_COLUMNS = (
    "id, external_id, schema_id, traits, state, state_changed_at, metadata_public, metadata_admin,"
    " organization_id, created_at, updated_at"
)


async def assembled(reader: Reader, row: Row, with_credentials: bool) -> Identity:
    """An identity from its row, with its addresses and, on request, its credentials."""
    identity_id = read_uuid(row["id"])
    params = {"id": identity_id}
    verifiable = await reader.fetch_all(
        "SELECT * FROM verifiable_addresses WHERE identity_id = :id ORDER BY created_at, id", params
    )
    recovery = await reader.fetch_all(
        "SELECT * FROM recovery_addresses WHERE identity_id = :id ORDER BY created_at, id", params
    )
    credentials = await _credentials(reader, identity_id) if with_credentials else {}
    return Identity(
        id=identity_id,
        schema_id=row["schema_id"],
        traits=read_json(row["traits"]),
        state=row["state"],
        state_changed_at=read_time(row["state_changed_at"]),
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
        external_id=row["external_id"],
        metadata_public=read_optional_json(row["metadata_public"]),
        metadata_admin=read_optional_json(row["metadata_admin"]),
        organization_id=read_optional_uuid(row["organization_id"]),
        verifiable_addresses=tuple(_verifiable(each) for each in verifiable),
        recovery_addresses=tuple(_recovery(each) for each in recovery),
        credentials=credentials,
    )


async def _credentials(reader: Reader, identity_id: UUID) -> Mapping[str, Credential]:
    params = {"id": identity_id}
    rows = await reader.fetch_all("SELECT * FROM credentials WHERE identity_id = :id ORDER BY type", params)
    names = await reader.fetch_all(
        "SELECT type, identifier FROM credential_identifiers WHERE identity_id = :id ORDER BY identifier", params
    )
    return {row["type"]: _credential(row, names) for row in rows}


def _credential(row: Row, names: Sequence[Row]) -> Credential:
    return Credential(
        type=row["type"],
        identifiers=tuple(name["identifier"] for name in names if name["type"] == row["type"]),
        config=read_json(row["config"]),
        version=row["version"],
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
    )


def _verifiable(row: Row) -> VerifiableAddress:
    return VerifiableAddress(
        id=read_uuid(row["id"]),
        value=row["value"],
        via=row["via"],
        verified=read_bool(row["verified"]),
        status=row["status"],
        verified_at=read_optional_time(row["verified_at"]),
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
    )


def _recovery(row: Row) -> RecoveryAddress:
    return RecoveryAddress(
        id=read_uuid(row["id"]),
        value=row["value"],
        via=row["via"],
        created_at=read_time(row["created_at"]),
        updated_at=read_time(row["updated_at"]),
    )


def read_receipt(row: Row) -> ConsentReceipt:
    """A receipt from its row."""
    return ConsentReceipt(
        id=read_uuid(row["id"]),
        identity_id=read_uuid(row["identity_id"]),
        purpose=row["purpose"],
        granted=read_bool(row["granted"]),
        text=row["text"],
        version=row["version"],
        locale=row["locale"],
        source=row["source"],
        flow_id=read_optional_uuid(row["flow_id"]),
        recorded_at=read_time(row["recorded_at"]),
    )
