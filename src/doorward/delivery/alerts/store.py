"""SQL of alerts and their messages. A write says whether it changed something: who did that tells."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.delivery.alerts.model import Alert, Kind, Message, Subject, Trouble
from doorward.storage.contract import Reader, Row, Transaction
from doorward.storage.types import read_optional_time, read_time, read_uuid

UNDONE = "sent_at IS NULL AND given_up_at IS NULL"


async def list_open(reader: Reader) -> list[Alert]:
    """Every alert that is not over, the oldest first."""
    rows = await reader.fetch_all("SELECT * FROM alerts WHERE ended_at IS NULL ORDER BY id")
    return list(map(_read, rows))


async def list_recent(reader: Reader, limit: int) -> list[Alert]:
    """Open ones first, then those that ended last."""
    rows = await reader.fetch_all(
        """
        SELECT * FROM alerts ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, ended_at DESC, id DESC LIMIT :limit
        """,
        {"limit": limit},
    )
    return list(map(_read, rows))


async def open_alert(tx: Transaction, alert: Alert) -> bool:
    """False: there is an open alert about the same thing already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO alerts (id, kind, scope, name, code, reason, number, since, until, told, told_at)
            VALUES (:id, :kind, :scope, :name, :code, :reason, :number, :since, :until, :told, :told_at)
            ON CONFLICT DO NOTHING
            """,
            _params(alert),
        )
    )


async def update_alert(tx: Transaction, before: Alert, after: Alert) -> bool:
    """False: another process has told it or ended it meanwhile."""
    return bool(
        await tx.execute(
            """
            UPDATE alerts SET code = :code, reason = :reason, number = :number, until = :until, told = :told,
              told_at = :told_at, ended_at = :ended_at
            WHERE id = :id AND told = :told_before AND ended_at IS NULL
            """,
            {**_params(after), "ended_at": after.ended_at, "told_before": before.told},
        )
    )


async def insert_message(tx: Transaction, message_id: UUID, alert: Alert, body: str, now: datetime) -> None:
    """To be sent after the earlier ones of its alert."""
    await tx.execute(
        """
        INSERT INTO alert_messages (id, alert_id, number, body, created_at, not_before)
        VALUES (:id, :alert_id, :number, :body, :now, :now)
        """,
        {"id": message_id, "alert_id": alert.id, "number": alert.told, "body": body, "now": now},
    )


async def list_due(reader: Reader, now: datetime, limit: int) -> list[Message]:
    """Messages to be sent now: of each alert the first that has not ended."""
    rows = await reader.fetch_all(
        f"""
        SELECT * FROM alert_messages m
        WHERE m.not_before <= :now AND m.sent_at IS NULL AND m.given_up_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM alert_messages earlier
          WHERE earlier.alert_id = m.alert_id AND earlier.number < m.number AND {UNDONE})
        ORDER BY m.not_before, m.id LIMIT :limit
        """,
        {"now": now, "limit": limit},
    )
    return list(map(_read_message, rows))


async def list_messages(reader: Reader, alert_ids: Sequence[UUID]) -> list[Message]:
    """What was told of these alerts, in order."""
    found: list[Message] = []
    for alert_id in alert_ids:
        rows = await reader.fetch_all(
            "SELECT * FROM alert_messages WHERE alert_id = :id ORDER BY number", {"id": alert_id}
        )
        found += map(_read_message, rows)
    return found


async def claim_message(tx: Transaction, message: Message, until: datetime) -> bool:
    """Counts a try and keeps others away until then. False: another process was first, or it has ended."""
    return bool(
        await tx.execute(
            f"""
            UPDATE alert_messages SET attempts = attempts + 1, not_before = :until
            WHERE id = :id AND attempts = :attempts AND {UNDONE}
            """,
            {"id": message.id, "attempts": message.attempts, "until": until},
        )
    )


async def settle_message(tx: Transaction, message: Message) -> None:
    """Writes how a try ended, unless a later try has begun meanwhile; that it arrived is written in any case."""
    await tx.execute(
        f"""
        UPDATE alert_messages SET not_before = :not_before, http_status = :http_status, problem = :problem,
          sent_at = :sent_at, given_up_at = :given_up_at
        WHERE id = :id AND {UNDONE} AND (attempts = :attempts OR :has_arrived)
        """,
        {
            "id": message.id,
            "attempts": message.attempts,
            "not_before": message.not_before,
            "http_status": message.http_status,
            "problem": message.problem,
            "sent_at": message.sent_at,
            "given_up_at": message.given_up_at,
            "has_arrived": message.sent_at is not None,
        },
    )


async def delete_ended(tx: Transaction, before: datetime) -> int:
    """Forgets alerts that were over by then, with their messages; how many."""
    return await tx.execute("DELETE FROM alerts WHERE ended_at IS NOT NULL AND ended_at <= :before", {"before": before})


def _params(alert: Alert) -> dict[str, Any]:
    trouble = alert.trouble
    return {
        "id": alert.id,
        "kind": trouble.subject.kind,
        "scope": trouble.subject.scope,
        "name": trouble.subject.name,
        "code": trouble.code,
        "reason": trouble.reason,
        "number": trouble.number,
        "since": trouble.since,
        "until": trouble.until,
        "told": alert.told,
        "told_at": alert.told_at,
    }


def _read(row: Row) -> Alert:
    subject = Subject(Kind(row["kind"]), row["scope"], row["name"])
    since, until = read_time(row["since"]), read_optional_time(row["until"])
    trouble = Trouble(subject, row["code"], row["reason"], since, row["number"], until)
    ended_at = read_optional_time(row["ended_at"])
    return Alert(read_uuid(row["id"]), trouble, row["told"], read_time(row["told_at"]), ended_at)


def _read_message(row: Row) -> Message:
    return Message(
        id=read_uuid(row["id"]),
        alert_id=read_uuid(row["alert_id"]),
        number=row["number"],
        body=row["body"],
        created_at=read_time(row["created_at"]),
        attempts=row["attempts"],
        not_before=read_time(row["not_before"]),
        http_status=row["http_status"],
        problem=row["problem"],
        sent_at=read_optional_time(row["sent_at"]),
        given_up_at=read_optional_time(row["given_up_at"]),
    )
