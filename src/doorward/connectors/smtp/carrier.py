"""Carries a message to the mail server. At least once, with a Message-ID that tells a repetition."""

from doorward.connectors.letters import Letter
from doorward.connectors.smtp.conversation import Envelope
from doorward.connectors.smtp.mail import BadAddress, compose
from doorward.connectors.smtp.pool import Pool
from doorward.connectors.smtp.settings import Sender, SmtpServer
from doorward.connectors.smtp.verdict import lost, refused, untrusted
from doorward.connectors.smtp.wire import SmtpLost, SmtpRefused, SmtpUntrusted
from doorward.delivery.contract import LAPSED_CODE, LAPSED_REASON, Delivered, Discard, Outcome, Retry
from doorward.storage.failpoints import failpoint

CONNECTIONS = 8


class SmtpCarrier:
    """A Carrier for one mail server, with a pool of its own."""

    def __init__(self, server: SmtpServer, sender: Sender, connections: int = CONNECTIONS) -> None:
        self._host = server.host
        self._sender = sender
        self._pool = Pool(server, connections)

    async def carry(self, letter: Letter) -> Outcome:
        """Sends one mail."""
        try:
            envelope = compose(letter.id, letter.created_at, self._sender, letter.recipient, letter.words)
        except BadAddress as error:
            return Discard(error.code(), "The recipient's or the sender's address is no mail address.")
        summary = f"mail through {self._host} ({len(envelope.data)} bytes)"
        failpoint("connector.before_call")
        if not letter.is_held():
            return Retry(LAPSED_CODE, LAPSED_REASON, summary=summary)
        try:
            said = await self._send(envelope)
        except SmtpLost as error:
            return lost(error, summary)
        except SmtpUntrusted as error:
            return untrusted(error)
        except SmtpRefused as error:
            return refused(error, envelope.recipient, summary)
        failpoint("connector.after_call")
        return Delivered(summary=f"{summary} → 250", external_id=_queue_id(said))

    async def close(self) -> None:
        await self._pool.close()

    async def _send(self, envelope: Envelope) -> str:
        """On a kept connection if there is one; if that turns out to be stale before the mail is out, on a new one."""
        was_used = False
        try:
            async with self._pool.conversation() as (conversation, was_used):
                return await conversation.send(envelope)
        except SmtpLost as error:
            if not was_used or error.sent:
                raise
        except SmtpRefused as error:
            # 421: the server ends a conversation that was idle for too long.
            if not was_used or error.status != 421:
                raise
        async with self._pool.conversation(fresh=True) as (conversation, _):
            return await conversation.send(envelope)


def _queue_id(said: str) -> str | None:
    """The server's own name for the mail, where it tells one (`Ok: queued as 4XYZ`)."""
    _, found, name = said.partition("queued as ")
    word = name.split()[0].strip("<>.,;()") if found and name.split() else ""
    return word[:64] or None
