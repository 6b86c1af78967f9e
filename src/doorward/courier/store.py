"""SQL that writes the courier's own rows, always in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from doorward.courier.model import Message
from doorward.storage.contract import Transaction

CODE = "superseded"
REASON = "The person was deleted before this was sent."


async def insert_message(tx: Transaction, message_id: UUID, message: Message, now: datetime) -> None:
    """What lists show of a message: never what is in it."""
    await tx.execute(
        """
        INSERT INTO courier_messages (id, identity_id, template_type, channel, recipient, useful_until, created_at)
        VALUES (:id, :identity_id, :template_type, :channel, :recipient, :useful_until, :created_at)
        """,
        {
            "id": message_id,
            "identity_id": message.identity_id,
            "template_type": str(message.template),
            "channel": str(message.channel),
            "recipient": message.recipient,
            "useful_until": message.useful_until,
            "created_at": now,
        },
    )


async def withdraw_message(tx: Transaction, message_id: UUID) -> None:
    """Takes back what this transaction has queued, without a trace."""
    for table, column in (
        ("courier_messages", "id"),
        ("deliveries", "id"),
        ("events", "identity_id"),
        ("identity_keys", "identity_id"),
    ):
        await tx.execute(f"DELETE FROM {table} WHERE {column} = :id", {"id": message_id})


async def forget_person(tx: Transaction, identity_id: UUID, now: datetime) -> None:
    """A person is deleted: what was not sent is cancelled, and no list names them any more."""
    owned = "SELECT id FROM courier_messages WHERE identity_id = :identity_id"
    params = {"identity_id": identity_id, "now": now, "code": CODE, "reason": REASON, "empty": b""}
    await tx.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', held_for = NULL, reason_code = :code, reason = :reason,
          settled_at = :now, updated_at = :now
        WHERE id IN ({owned}) AND state IN ('pending', 'retryable', 'held')
        """,
        params,
    )
    # One that is being sent at this moment stays; without its key nobody reads it again.
    await tx.execute(f"UPDATE deliveries SET payload = :empty WHERE id IN ({owned}) AND state <> 'leased'", params)
    await tx.execute(f"DELETE FROM identity_keys WHERE identity_id IN ({owned})", params)
    await tx.execute(f"DELETE FROM courier_mailbox WHERE message_id IN ({owned})", params)
    await tx.execute(
        "UPDATE courier_messages SET recipient = '', identity_id = NULL WHERE identity_id = :identity_id", params
    )
