"""The development mailbox: every message as it was sent, codes and links readable. Never used outside `--dev`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from doorward.clock import Clock
from doorward.courier.rendering import RenderedMessage
from doorward.storage.contract import Database, Reader, Row, Transaction
from doorward.storage.types import read_time, read_uuid

KEPT = 500
"""Messages; older ones go."""

COLUMNS = "m.id, m.template_type, m.channel, m.recipient, b.subject, b.plain, b.html, b.kept_at"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as somebody received it."""

    id: UUID
    template_type: str
    channel: str
    recipient: str
    subject: str
    plain: str = field(repr=False)
    html: str = field(repr=False)
    at: datetime


class Mailbox:
    """Writes and reads it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, message_id: UUID, words: RenderedMessage) -> None:
        """Keeps a copy; may be repeated. Nothing happens where the message is gone."""
        params = {
            "id": message_id,
            "subject": words.subject,
            "plain": words.plain,
            "html": words.html,
            "now": self._clock.now(),
            "kept": KEPT,
        }

        async def work(tx: Transaction) -> None:
            await tx.execute(KEEP, params)
            await tx.execute(DROP, params)

        await self._database.transaction(work)

    async def list_mails(self, limit: int = 100) -> Sequence[Mail]:
        """The newest first."""
        rows = await self._database.reader.fetch_all(
            f"SELECT {COLUMNS} FROM courier_mailbox b JOIN courier_messages m ON m.id = b.message_id "
            "ORDER BY b.message_id DESC LIMIT :limit",
            {"limit": limit},
        )
        return [_read(row) for row in rows]


async def find_mail(reader: Reader, message_id: UUID) -> Mail | None:
    """One message; None where it was not kept."""
    row = await reader.fetch_one(
        f"SELECT {COLUMNS} FROM courier_mailbox b JOIN courier_messages m ON m.id = b.message_id "
        "WHERE b.message_id = :id",
        {"id": message_id},
    )
    return None if row is None else _read(row)


KEEP = """
INSERT INTO courier_mailbox (message_id, subject, plain, html, kept_at)
SELECT id, :subject, :plain, :html, :now FROM courier_messages WHERE id = :id
ON CONFLICT (message_id) DO NOTHING
"""
DROP = """
DELETE FROM courier_mailbox WHERE message_id < (
  SELECT message_id FROM courier_mailbox ORDER BY message_id DESC LIMIT 1 OFFSET :kept)
"""


def _read(row: Row) -> Mail:
    return Mail(
        id=read_uuid(row["id"]),
        template_type=row["template_type"],
        channel=row["channel"],
        recipient=row["recipient"],
        subject=row["subject"],
        plain=row["plain"],
        html=row["html"],
        at=read_time(row["kept_at"]),
    )
