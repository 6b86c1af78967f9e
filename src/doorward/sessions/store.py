"""SQL of sessions and their devices."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.clock import from_micros, micros
from doorward.security.tokens import hash_token
from doorward.sessions.model import AuthenticationMethod, Device, Issued, Session
from doorward.storage.contract import Reader, Row, Transaction
from doorward.storage.types import read_bool, read_json, read_time, read_uuid


async def insert_session(tx: Transaction, issued: Issued) -> None:
    """Writes a session with its devices. Tokens go in as hashes only."""
    session = issued.session
    await tx.defer(
        """
        INSERT INTO sessions (id, token_hash, identity_id, active, aal, methods, authenticated_at,
                              issued_at, expires_at, created_at, updated_at)
        VALUES (:id, :token_hash, :identity_id, :active, :aal, :methods, :authenticated_at,
                :issued_at, :expires_at, :issued_at, :issued_at)
        """,
        {
            "id": session.id,
            "token_hash": hash_token(issued.token),
            "identity_id": session.identity_id,
            "active": session.active,
            "aal": session.aal,
            "methods": [_method_json(method) for method in session.methods],
            "authenticated_at": session.authenticated_at,
            "issued_at": session.issued_at,
            "expires_at": session.expires_at,
        },
    )
    for device in session.devices:
        await tx.defer(
            """
            INSERT INTO session_devices (id, session_id, ip_address, user_agent, location, created_at)
            VALUES (:id, :session_id, :ip_address, :user_agent, :location, :created_at)
            """,
            {
                "id": device.id,
                "session_id": session.id,
                "ip_address": device.ip_address,
                "user_agent": device.user_agent,
                "location": device.location,
                "created_at": session.issued_at,
            },
        )


async def find_by_token(reader: Reader, token: str) -> Session | None:
    """The session that a token opens, whether it is still good or not."""
    rows = await reader.fetch_all(
        """
        SELECT s.*, d.id AS device_id, d.ip_address, d.user_agent, d.location
        FROM sessions s LEFT JOIN session_devices d ON d.session_id = s.id
        WHERE s.token_hash = :hash ORDER BY d.created_at, d.id
        """,
        {"hash": hash_token(token)},
    )
    devices = [read_device(row, "device_id") for row in rows if row["device_id"] is not None]
    return read_session(rows[0], devices) if rows else None


async def update_raised(tx: Transaction, session: Session, at: datetime) -> None:
    """Level, methods, age and end of a session that was proved again."""
    await tx.execute(
        """
        UPDATE sessions SET aal = :aal, methods = :methods, authenticated_at = :authenticated_at,
          expires_at = :expires_at, updated_at = :at
        WHERE id = :id
        """,
        {
            "id": session.id,
            "aal": session.aal,
            "methods": [_method_json(method) for method in session.methods],
            "authenticated_at": session.authenticated_at,
            "expires_at": session.expires_at,
            "at": at,
        },
    )


async def revoke(tx: Transaction, session_ids: Sequence[UUID], at: datetime) -> int:
    """Makes sessions inactive; returns how many were active."""
    chosen = tx.dialect.one_of("id", "ids", "uuid")
    return await tx.execute(
        f"UPDATE sessions SET active = FALSE, updated_at = :at WHERE {chosen} AND active = TRUE",
        {"ids": [str(each) for each in session_ids], "at": at},
    )


async def revoke_all(tx: Transaction, identity_id: UUID, except_id: UUID | None, at: datetime) -> int:
    """Makes an identity's sessions inactive, all but one; returns how many there are, those revoked before included."""
    return await tx.execute(
        "UPDATE sessions SET active = FALSE, updated_at = :at WHERE identity_id = :identity_id AND id <> :except_id",
        {"identity_id": identity_id, "except_id": except_id or UUID(int=0), "at": at},
    )


async def delete(tx: Transaction, session_ids: Sequence[UUID]) -> int:
    """Removes sessions with their devices; how many there were."""
    chosen = tx.dialect.one_of("id", "ids", "uuid")
    return await tx.execute(f"DELETE FROM sessions WHERE {chosen}", {"ids": [str(each) for each in session_ids]})


async def delete_all(tx: Transaction, identity_id: UUID) -> int:
    """Removes every session of an identity; how many there were."""
    return await tx.execute("DELETE FROM sessions WHERE identity_id = :id", {"id": identity_id})


async def delete_ended(tx: Transaction, before: datetime, limit: int) -> int:
    """Removes sessions whose time was over before `before`, at most `limit`; how many went."""
    return await tx.execute(
        """
        DELETE FROM sessions WHERE id IN
          (SELECT id FROM sessions WHERE expires_at < :before ORDER BY expires_at LIMIT :limit)
        """,
        {"before": before, "limit": limit},
    )


async def extend(tx: Transaction, session_id: UUID, latest: datetime, until: datetime, at: datetime) -> int:
    """Moves the end of a session to `until` if it would end at `latest` or before."""
    return await tx.execute(
        "UPDATE sessions SET expires_at = :until, updated_at = :at WHERE id = :id AND expires_at <= :latest",
        {"id": session_id, "until": until, "latest": latest, "at": at},
    )


def _method_json(method: AuthenticationMethod) -> dict[str, object]:
    return {"method": method.method, "aal": method.aal, "completed_at": micros(method.completed_at)}


def read_device(row: Row, id_column: str = "id") -> Device:
    return Device(read_uuid(row[id_column]), row["ip_address"], row["user_agent"], row["location"])


def read_session(row: Row, devices: Sequence[Device] = ()) -> Session:
    """A session from its row; its devices are read by whoever wants them."""
    return Session(
        id=read_uuid(row["id"]),
        identity_id=read_uuid(row["identity_id"]),
        active=read_bool(row["active"]),
        aal=row["aal"],
        methods=tuple(
            AuthenticationMethod(item["method"], item["aal"], from_micros(item["completed_at"]))
            for item in read_json(row["methods"])
        ),
        authenticated_at=read_time(row["authenticated_at"]),
        issued_at=read_time(row["issued_at"]),
        expires_at=read_time(row["expires_at"]),
        devices=tuple(devices),
    )
