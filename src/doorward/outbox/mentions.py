"""What the outbox knows of many identities at once, those included that were deleted: for comparisons with outside."""

from collections.abc import Sequence
from uuid import UUID

from doorward.outbox.rows import IS_OPEN
from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_uuid


async def list_mentioned(reader: Reader, dialect: Dialect, identity_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those that any event tells of."""
    rows = await reader.fetch_all(
        f"SELECT DISTINCT identity_id FROM events WHERE {dialect.one_of('identity_id', 'ids', 'uuid')}",
        {"ids": list(identity_ids)},
    )
    return frozenset(read_uuid(row["identity_id"]) for row in rows)


async def list_open_to(
    reader: Reader, dialect: Dialect, destination: str, identity_ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Those of whom something is on its way to `destination`, or held."""
    rows = await reader.fetch_all(
        f"""
        SELECT DISTINCT identity_id FROM deliveries
        WHERE {dialect.one_of("identity_id", "ids", "uuid")} AND destination = :destination AND {IS_OPEN}
        """,
        {"ids": list(identity_ids), "destination": destination},
    )
    return frozenset(read_uuid(row["identity_id"]) for row in rows)


async def find_newest_delivered(reader: Reader, destination: str, identity_id: UUID) -> UUID | None:
    """The delivery that said last how the person is; one that told of a deletion is none."""
    row = await reader.fetch_one(
        """
        SELECT id FROM deliveries
        WHERE identity_id = :identity_id AND destination = :destination AND state = 'delivered'
          AND event_kind <> 'identity.deleted'
        ORDER BY position DESC LIMIT 1
        """,
        {"identity_id": identity_id, "destination": destination},
    )
    return None if row is None else read_uuid(row["id"])
