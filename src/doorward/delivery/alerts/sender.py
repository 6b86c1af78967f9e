"""Sends the messages: signed, tried again with growing waits, at least once under an id that stays the same.

Messages have a table of their own: a delivery of the outbox belongs to a person, is counted, can die and would be an
alert itself. Nothing here raises an alert, so that none can be about another.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from doorward.clock import Clock
from doorward.delivery.alerts.model import Message
from doorward.delivery.alerts.store import claim_message, list_due, settle_message
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics
from doorward.security.outgoing import EgressFailed, EgressRefused, EgressTimeout, OutgoingRequest, OutgoingResponse
from doorward.security.signing import SigningKeys
from doorward.storage.contract import Database, Transaction

LOG = Log("alerts")
TIMEOUT_S = 10.0
LEASE = timedelta(seconds=60)
"""Longer than a try may take: who has claimed a message and died gives it back by this."""
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 120, 300, 600, 1800, 3600))
"""Waits between tries; the last one is repeated until the message is given up."""
GIVEN_UP_AFTER = timedelta(days=3)
AT_ONCE = 8
MAX_RESPONSE_BYTES = 16 << 10


class Way(Protocol):
    """The way out of this process."""

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        """Raises EgressRefused, EgressTimeout, EgressFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told, and the keys that prove it was us."""

    url: str = field(repr=False)
    keys: SigningKeys


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try ended: the status that came back, or why none did. `problem` is None when the message arrived."""

    http_status: int | None
    problem: str | None


async def post(way: Way, receiver: Receiver, message_id: str, body: str, now: datetime) -> Answer:
    """One try. The operator named this address, so it may be private; a redirect is not followed but a failure."""
    payload = body.encode()
    headers = {"Content-Type": "application/json", **receiver.keys.sign(message_id, now, payload)}
    request = OutgoingRequest(
        "POST", receiver.url, headers, payload, timeout_s=TIMEOUT_S, max_response_bytes=MAX_RESPONSE_BYTES
    )
    try:
        answer = await way.send(request, trusted=True)
    except (EgressRefused, EgressTimeout, EgressFailed) as error:
        return Answer(None, str(error))
    arrived = 200 <= answer.status < 300
    return Answer(answer.status, None if arrived else f"The receiver answered {answer.status}.")


def settled(message: Message, answer: Answer, now: datetime) -> Message:
    """The message after a try that was number `message.attempts`."""
    after = replace(message, http_status=answer.http_status, problem=answer.problem)
    if answer.problem is None:
        return replace(after, sent_at=now)
    if now - message.created_at >= GIVEN_UP_AFTER:
        return replace(after, given_up_at=now)
    return replace(after, not_before=now + DELAYS[min(message.attempts, len(DELAYS)) - 1])


class Sender:
    """One per process. Several may work on the same messages: each try belongs to who claimed it."""

    def __init__(self, database: Database, clock: Clock, way: Way, receiver: Receiver, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._way = way
        self._receiver = receiver
        self._metrics = metrics

    async def send_due(self) -> int:
        """Tries everything that is due, a few at a time; how many tries."""
        due = await list_due(self._database.reader, self._clock.now(), AT_ONCE)
        ended = await asyncio.gather(*map(self._send, due), return_exceptions=True)
        # All of them have ended: a failure of the database must not leave tries behind that nobody waits for.
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return sum(each for each in ended if isinstance(each, int))

    async def _send(self, message: Message) -> int:
        until = self._clock.now() + LEASE

        async def claim(tx: Transaction) -> bool:
            return await claim_message(tx, message, until)

        if not await self._database.transaction(claim):
            return 0
        answer = await post(self._way, self._receiver, f"msg_{message.id}", message.body, self._clock.now())
        after = settled(replace(message, attempts=message.attempts + 1), answer, self._clock.now())

        async def settle(tx: Transaction) -> None:
            await settle_message(tx, after)

        await self._database.transaction(settle)
        self._tell(after)
        return 1

    def _tell(self, message: Message) -> None:
        result = "arrived" if message.sent_at else "given_up" if message.given_up_at else "failed"
        self._metrics.alert_messages.labels(result).inc()
        if message.sent_at is None:
            LOG.warning(
                "alert_not_sent",
                message_id=str(message.id),
                result=result,
                attempt=message.attempts,
                reason=message.problem,
            )
