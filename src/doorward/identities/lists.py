"""Pages of identities, by id, which is by time of creation."""

from uuid import UUID

from doorward.identities.model import Identity
from doorward.identities.rows import IDENTITY_COLUMNS, assembled
from doorward.storage.contract import Reader


async def list_identities(reader: Reader, limit: int, after: UUID | None = None) -> list[Identity]:
    """At most `limit` identities with ids greater than `after`, with their credentials (without secrets shown)."""
    rows = await reader.fetch_all(
        f"SELECT {IDENTITY_COLUMNS} FROM identities WHERE id > :after ORDER BY id LIMIT :limit",
        {"after": after or UUID(int=0), "limit": limit},
    )
    return [await assembled(reader, row, with_credentials=True) for row in rows]
