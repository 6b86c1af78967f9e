"""Lists of sessions for their owner and for administrators, with the devices where they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.clock import from_micros, micros
from doorward.sessions.model import Device, Session
from doorward.sessions.store import read_device, read_session
from doorward.storage.contract import Reader, Transaction
from doorward.storage.types import read_uuid

LIVE = "(active = TRUE AND expires_at > :now)"
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """`is_live` None: whether they still open anything or not, as of `now`. `except_id`: all but this one."""

    now: datetime
    is_live: bool | None = None
    except_id: UUID | None = None

    def condition(self) -> str:
        match self.is_live:
            case None:
                return "id <> :except_id"
            case True:
                return f"id <> :except_id AND {LIVE}"
            case False:
                return f"id <> :except_id AND NOT {LIVE}"

    def params(self) -> dict[str, Any]:
        found: dict[str, Any] = {"except_id": self.except_id or NOBODY}
        return found if self.is_live is None else {**found, "now": self.now}


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a session among all, newest first: a list goes on behind it."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Listed:
    """Sessions, and where the next ones begin; None at the end."""

    sessions: tuple[Session, ...]
    next: Position | None


async def find_session(reader: Reader, session_id: UUID, *, with_devices: bool = False) -> Session | None:
    """A session by its id, whether it still opens anything or not."""
    row = await reader.fetch_one("SELECT * FROM sessions WHERE id = :id", {"id": session_id})
    if row is None:
        return None
    session = read_session(row)
    return (await with_their_devices(reader, [session]))[0] if with_devices else session


async def count_of_identity(reader: Reader, identity_id: UUID, chosen: SessionFilter) -> int:
    row = await reader.fetch_one(
        f"SELECT COUNT(*) AS number FROM sessions WHERE identity_id = :identity_id AND {chosen.condition()}",
        {**chosen.params(), "identity_id": identity_id},
    )
    return 0 if row is None else int(row["number"])


async def list_of_identity(
    reader: Reader, identity_id: UUID, chosen: SessionFilter, limit: int, offset: int
) -> list[Session]:
    """One person's sessions, newest first, with their devices."""
    rows = await reader.fetch_all(
        f"""
        SELECT * FROM sessions WHERE identity_id = :identity_id AND {chosen.condition()}
        ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
        """,
        {**chosen.params(), "identity_id": identity_id, "limit": limit, "offset": offset},
    )
    return await with_their_devices(reader, [read_session(row) for row in rows])


async def list_all(reader: Reader, chosen: SessionFilter, limit: int, after: Position | None) -> Listed:
    """Everybody's sessions, newest first, without devices; the cost does not grow with the place in the list."""
    behind = "" if after is None else "AND (created_at, id) < (:created_at, :id)"
    place = {} if after is None else {"created_at": after.created_at, "id": after.id}
    rows = await reader.fetch_all(
        f"""
        SELECT * FROM sessions WHERE {chosen.condition()} {behind}
        ORDER BY created_at DESC, id DESC LIMIT :limit
        """,
        {**chosen.params(), **place, "limit": limit + 1},
    )
    kept = rows[:limit]
    has_more = len(rows) > limit
    last = Position(from_micros(kept[-1]["created_at"]), read_uuid(kept[-1]["id"])) if has_more else None
    return Listed(tuple(read_session(row) for row in kept), last)


async def list_ids(
    tx: Transaction, identity_ids: Sequence[UUID] | None, is_active_only: bool, limit: int
) -> list[UUID]:
    """At most `limit` sessions of some people (None: of everybody) to end or to remove."""
    conditions = ["active = TRUE"] if is_active_only else []
    if identity_ids is not None:
        conditions.append(tx.dialect.one_of("identity_id", "identity_ids", "uuid"))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await tx.fetch_all(
        f"SELECT id FROM sessions {where} LIMIT :limit",
        {"limit": limit, **({} if identity_ids is None else {"identity_ids": [str(each) for each in identity_ids]})},
    )
    return [read_uuid(row["id"]) for row in rows]


async def with_their_devices(reader: Reader, sessions: Sequence[Session]) -> list[Session]:
    """The same sessions with their devices, in one statement."""
    if not sessions:
        return []
    marks, params = _placeholders([each.id for each in sessions])
    rows = await reader.fetch_all(
        f"SELECT * FROM session_devices WHERE session_id IN ({marks}) ORDER BY created_at, id", params
    )
    devices: dict[UUID, list[Device]] = {}
    for row in rows:
        devices.setdefault(read_uuid(row["session_id"]), []).append(read_device(row))
    return [replace(each, devices=tuple(devices.get(each.id, ()))) for each in sessions]


def position_text(place: Position) -> str:
    """A place as the text inside a page token."""
    return f"{micros(place.created_at)}:{place.id}"


def read_position(text: str) -> Position:
    """The inverse. Raises ValueError."""
    at, _, session_id = text.partition(":")
    return Position(from_micros(int(at)), UUID(session_id))


def _placeholders(ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """Names for an IN list, padded to a power of two so that few statements are ever prepared."""
    size = 1 << (len(ids) - 1).bit_length()
    padded = [*ids, *[ids[-1]] * (size - len(ids))]
    return ", ".join(f":id{number}" for number in range(size)), {f"id{n}": each for n, each in enumerate(padded)}
