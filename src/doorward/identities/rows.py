"""Rows read back as identities, credentials, addresses and receipts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorward.identities.in_lists import placeholders
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
    return (await assembled_all(reader, [row], with_credentials))[0]


async def assembled_all(reader: Reader, rows: Sequence[Row], with_credentials: bool) -> list[Identity]:
    """Identities from their rows, in their order, in as many statements as for one."""
    if not rows:
        return []
    ids = [read_uuid(row["id"]) for row in rows]
    marks, params = placeholders(ids)
    verifiable = await _by_identity(reader, "verifiable_addresses", "created_at, id", marks, params)
    recovery = await _by_identity(reader, "recovery_addresses", "created_at, id", marks, params)
    credentials: Mapping[UUID, list[Row]] = {}
    names: Mapping[UUID, list[Row]] = {}
    if with_credentials:
        credentials = await _by_identity(reader, "credentials", "type", marks, params)
        names = await _by_identity(reader, "credential_identifiers", "identifier", marks, params)
    return [
        read_identity(
            row,
            identity_id,
            verifiable.get(identity_id, ()),
            recovery.get(identity_id, ()),
            {
                each["type"]: read_credential(each, names.get(identity_id, ()))
                for each in credentials.get(identity_id, ())
            },
        )
        for identity_id, row in zip(ids, rows, strict=True)
    ]


async def _by_identity(
    reader: Reader, table: str, order: str, marks: str, params: Mapping[str, Any]
) -> Mapping[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in await reader.fetch_all(f"SELECT * FROM {table} WHERE identity_id IN ({marks}) ORDER BY {order}", params):
        found.setdefault(read_uuid(row["identity_id"]), []).append(row)
    return found


def read_identity(
    row: Row,
    identity_id: UUID,
    verifiable: Sequence[Row],
    recovery: Sequence[Row],
    credentials: Mapping[str, Credential],
) -> Identity:
    """An identity from its own row and those of its addresses."""
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


def read_credential(row: Row, names: Sequence[Row]) -> Credential:
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
