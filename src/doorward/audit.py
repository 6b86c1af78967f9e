"""Who replayed, revealed or changed what: a line in the same transaction as the act."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorward.ids import new_row_id
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_optional_json, read_time, read_uuid


async def write_audit(
    tx: Transaction, at: datetime, actor: str, act: str, target: str, details: Mapping[str, Any] | None = None
) -> None:
    """`act` is a verb with its noun, e.g. `delivery.replayed`; details hold no personal data."""
    await tx.execute(
        """
        INSERT INTO audit_log (id, at, actor, act, target, details)
        VALUES (:id, :at, :actor, :act, :target, :details)
        """,
        {"id": new_row_id(), "at": at, "actor": actor, "act": act, "target": target, "details": details},
    )


async def list_audit(reader: Reader, limit: int) -> list[dict[str, Any]]:
    """The newest acts first."""
    rows = await reader.fetch_all("SELECT * FROM audit_log ORDER BY id DESC LIMIT :limit", {"limit": limit})
    return [
        {
            "id": str(read_uuid(row["id"])),
            "at": read_time(row["at"]),
            "actor": row["actor"],
            "act": row["act"],
            "target": row["target"],
            "details": read_optional_json(row["details"]),
        }
        for row in rows
    ]
