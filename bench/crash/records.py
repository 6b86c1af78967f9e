"""What the database holds in the end, read by SQL of our own through the bare drivers. Payloads stay sealed."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg

QUERIES: Mapping[str, str] = {
    "identities": "SELECT id, traits, event_seq FROM identities",
    "credentials": "SELECT identity_id, type FROM credentials",
    "receipts": "SELECT identity_id, granted, seq FROM consent_receipts WHERE purpose = 'marketing' ORDER BY seq, id",
    "events": "SELECT id, identity_id, kind, seq FROM events",
    "deliveries": "SELECT id, event_id, identity_id, event_kind, action, state, seq, position, reason_code, reason "
    "FROM deliveries ORDER BY position, id",
}
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Identity:
    """A row of identities with what hangs on it. `receipts` are the answers about marketing, oldest first."""

    id: str
    email: str
    first: str
    trait_agrees: bool
    event_seq: int
    credentials: tuple[str, ...]
    receipts: tuple[bool, ...]

    @property
    def agrees(self) -> bool:
        """The newest receipt says yes and the trait is true."""
        return self.trait_agrees and self.receipts[-1:] == (True,)


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    identity_id: str
    kind: str
    seq: int


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    event_id: str
    identity_id: str
    event_kind: str
    action: str
    state: str
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Records:
    """Everything at one moment; deliveries in the order of their lines."""

    identities: tuple[Identity, ...]
    events: tuple[Event, ...]
    deliveries: tuple[Delivery, ...]


def read_sqlite(file: str) -> Records:
    """Opens the file as any program may."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        return _records({name: [dict(row) for row in connection.execute(text)] for name, text in QUERIES.items()})


async def read_postgres(dsn: str) -> Records:
    """`dsn` in the form of libpq."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "doorward"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return _records({name: list(map(dict, await connection.fetch(text))) for name, text in QUERIES.items()})
    finally:
        await connection.close()


def _records(rows: Rows) -> Records:
    credentials: dict[str, list[str]] = {}
    for row in rows["credentials"]:
        credentials.setdefault(str(row["identity_id"]), []).append(row["type"])
    receipts: dict[str, list[bool]] = {}
    for row in rows["receipts"]:
        receipts.setdefault(str(row["identity_id"]), []).append(bool(row["granted"]))
    return Records(
        tuple(_identity(row, credentials, receipts) for row in rows["identities"]),
        tuple(Event(str(row["id"]), str(row["identity_id"]), row["kind"], row["seq"]) for row in rows["events"]),
        tuple(_delivery(row) for row in rows["deliveries"]),
    )


def _identity(
    row: Mapping[str, Any], credentials: Mapping[str, Sequence[str]], receipts: Mapping[str, Sequence[bool]]
) -> Identity:
    traits = json.loads(row["traits"])
    return Identity(
        id=str(row["id"]),
        email=traits["email"],
        first=traits.get("name", {}).get("first", ""),
        trait_agrees=traits.get("newsletter") is True,
        event_seq=row["event_seq"],
        credentials=tuple(credentials.get(str(row["id"]), ())),
        receipts=tuple(receipts.get(str(row["id"]), ())),
    )


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        id=str(row["id"]),
        event_id=str(row["event_id"]),
        identity_id=str(row["identity_id"]),
        event_kind=row["event_kind"],
        action=row["action"],
        state=row["state"],
        position=row["position"],
        reason=f"{row['reason_code'] or ''} {row['reason'] or ''}".strip(),
    )
