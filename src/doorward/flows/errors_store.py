"""Errors that a browser is sent to see: kept by id, read again at `/self-service/errors`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.ids import new_secret_id
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_json, read_time, read_uuid


@dataclass(frozen=True, slots=True)
class FlowError:
    """`error` is the error object of the JSON envelope. `csrf_token` binds it to the browser that met it."""

    id: UUID
    error: Mapping[str, Any]
    csrf_token: str = field(repr=False)
    created_at: datetime


async def keep_error(tx: Transaction, error: Mapping[str, Any], csrf_token: str, at: datetime) -> UUID:
    """Stores an error; its id."""
    error_id = new_secret_id()
    await tx.execute(
        """
        INSERT INTO flow_errors (id, error, csrf_token, created_at, updated_at)
        VALUES (:id, :error, :csrf_token, :at, :at)
        """,
        {"id": error_id, "error": dict(error), "csrf_token": csrf_token, "at": at},
    )
    return error_id


async def find_error(reader: Reader, error_id: UUID) -> FlowError | None:
    """An error by id."""
    row = await reader.fetch_one("SELECT * FROM flow_errors WHERE id = :id", {"id": error_id})
    if row is None:
        return None
    return FlowError(read_uuid(row["id"]), read_json(row["error"]), row["csrf_token"], read_time(row["created_at"]))
