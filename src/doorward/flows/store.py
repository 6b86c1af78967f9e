"""SQL of flows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.render import read_ui, ui_json
from doorward.storage.contract import Reader, Row, Transaction
from doorward.storage.types import read_json, read_optional_uuid, read_time, read_uuid

COLUMNS = (
    "id, kind, type, state, active, request_url, ui, csrf_token, identity_id, schema_id, extra, internal, "
    "issued_at, expires_at, created_at, updated_at"
)


async def insert_flow(tx: Transaction, flow: Flow) -> None:
    """Writes a new flow."""
    await tx.defer(
        f"""
        INSERT INTO flows ({COLUMNS})
        VALUES (:id, :kind, :type, :state, :active, :request_url, :ui, :csrf_token, :identity_id, :schema_id, :extra,
                :internal, :issued_at, :expires_at, :issued_at, :issued_at)
        """,
        {
            **_changeable(flow),
            "kind": flow.kind,
            "type": flow.type,
            "request_url": flow.request_url,
            "schema_id": flow.schema_id,
            "issued_at": flow.issued_at,
            "expires_at": flow.expires_at,
        },
    )


async def update_flow(tx: Transaction, flow: Flow, at: datetime) -> None:
    """Writes what changes in the life of a flow; nothing when it is gone."""
    await tx.defer(
        """
        UPDATE flows SET state = :state, active = :active, ui = :ui, csrf_token = :csrf_token,
               identity_id = :identity_id, extra = :extra, internal = :internal, updated_at = :at
        WHERE id = :id
        """,
        {**_changeable(flow), "at": at},
    )


async def find_flow(reader: Reader, flow_id: UUID, kind: FlowKind) -> Flow | None:
    """A flow by id, whether it has expired or not; another kind's id finds nothing."""
    row = await reader.fetch_one(
        f"SELECT {COLUMNS} FROM flows WHERE id = :id AND kind = :kind", {"id": flow_id, "kind": kind}
    )
    return None if row is None else _flow(row)


async def delete_expired(tx: Transaction, before: datetime, limit: int) -> int:
    """Removes at most `limit` flows that expired, and as many errors that were shown, before `before`; how many."""
    gone = 0
    for table, since in (("flows", "expires_at"), ("flow_errors", "created_at")):
        gone += await tx.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {since} < :before "
            f"ORDER BY {since} LIMIT :limit{tx.dialect.skip_locked})",
            {"before": before, "limit": limit},
        )
    return gone


def _changeable(flow: Flow) -> dict[str, Any]:
    return {
        "id": flow.id,
        "state": flow.state,
        "active": flow.active,
        "ui": ui_json(flow.ui),
        "csrf_token": flow.csrf_token,
        "identity_id": flow.identity_id,
        "extra": dict(flow.extra),
        "internal": dict(flow.internal),
    }


def _flow(row: Row) -> Flow:
    return Flow(
        id=read_uuid(row["id"]),
        kind=FlowKind(row["kind"]),
        type=FlowType(row["type"]),
        state=FlowState(row["state"]),
        request_url=row["request_url"],
        ui=read_ui(read_json(row["ui"])),
        csrf_token=row["csrf_token"],
        issued_at=read_time(row["issued_at"]),
        expires_at=read_time(row["expires_at"]),
        active=row["active"],
        identity_id=read_optional_uuid(row["identity_id"]),
        schema_id=row["schema_id"],
        extra=read_json(row["extra"]),
        internal=read_json(row["internal"]),
        updated_at=read_time(row["updated_at"]),
    )
