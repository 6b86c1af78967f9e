"""Which contact stands for which identity, remembered beside the database's own rows (`external_records`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from doorward.clock import Clock
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_bool, read_uuid


@dataclass(frozen=True, slots=True)
class Link:
    """`is_adopted`: the contact was there before us, so what others wrote into it stays."""

    identity_id: UUID
    contact_id: str
    is_adopted: bool


class Links(Protocol):
    """The memory of contacts."""

    async def find_links(self, identity_ids: Sequence[UUID]) -> Mapping[UUID, Link]: ...

    async def remember(self, links: Sequence[Link]) -> None:
        """May be repeated; the newest contact id counts."""
        ...

    async def forget(self, identity_ids: Sequence[UUID]) -> None: ...


class StoredLinks:
    """The links of one destination in the database."""

    def __init__(self, database: Database, destination: str, clock: Clock) -> None:
        self._database = database
        self._destination = destination
        self._clock = clock

    async def find_links(self, identity_ids: Sequence[UUID]) -> Mapping[UUID, Link]:
        if not identity_ids:
            return {}
        rows = await self._database.reader.fetch_all(
            f"""
            SELECT identity_id, external_id, adopted FROM external_records
            WHERE destination = :destination AND {self._database.dialect.one_of("identity_id", "ids", "uuid")}
            """,
            {"destination": self._destination, "ids": [str(each) for each in identity_ids]},
        )
        found = (Link(read_uuid(row["identity_id"]), row["external_id"], read_bool(row["adopted"])) for row in rows)
        return {link.identity_id: link for link in found}

    async def list_links(self, limit: int, after: UUID) -> list[Link]:
        """At most `limit`, of identities with a greater id than `after`, in their order."""
        rows = await self._database.reader.fetch_all(
            """
            SELECT identity_id, external_id, adopted FROM external_records
            WHERE destination = :destination AND identity_id > :after ORDER BY identity_id LIMIT :limit
            """,
            {"destination": self._destination, "after": after, "limit": limit},
        )
        return [Link(read_uuid(row["identity_id"]), row["external_id"], read_bool(row["adopted"])) for row in rows]

    async def count_links(self) -> int:
        """All of them."""
        row = await self._database.reader.fetch_one(
            "SELECT COUNT(*) AS number FROM external_records WHERE destination = :destination",
            {"destination": self._destination},
        )
        return 0 if row is None else int(row["number"])

    async def remember(self, links: Sequence[Link]) -> None:
        if not links:
            return
        now = self._clock.now()
        rows = [
            {
                "destination": self._destination,
                "identity_id": link.identity_id,
                "external_id": link.contact_id,
                "adopted": link.is_adopted,
                "now": now,
            }
            for link in sorted(links, key=lambda link: link.identity_id)  # one order for all: no deadlocks
        ]

        async def write(tx: Transaction) -> None:
            await tx.execute_many(
                """
                INSERT INTO external_records (destination, identity_id, external_id, adopted, created_at, updated_at)
                VALUES (:destination, :identity_id, :external_id, :adopted, :now, :now)
                ON CONFLICT (destination, identity_id)
                DO UPDATE SET external_id = :external_id, adopted = :adopted, updated_at = :now
                """,
                rows,
            )

        await self._database.transaction(write)

    async def forget(self, identity_ids: Sequence[UUID]) -> None:
        rows = [{"destination": self._destination, "identity_id": each} for each in sorted(identity_ids)]
        if not rows:
            return

        async def write(tx: Transaction) -> None:
            await tx.execute_many(
                "DELETE FROM external_records WHERE destination = :destination AND identity_id = :identity_id", rows
            )

        await self._database.transaction(write)
