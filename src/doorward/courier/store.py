"""SQL that writes the courier's own rows, always in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from doorward.courier.model import Message
from doorward.storage.contract import Transaction


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
