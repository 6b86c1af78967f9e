"""Delivers messages to people: renders them, keeps a copy for the mailbox in development, hands them to a carrier.

How they leave (SMTP, HTTP, not at all) is the carrier's business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from doorward.clock import Clock
from doorward.courier.mailbox import Mailbox
from doorward.courier.model import Channel, TemplateType
from doorward.courier.rendering import MessageRenderer, RenderedMessage
from doorward.delivery.contract import Delivered, Discard, Job, Outcome, Pause, Snooze
from doorward.errors import Misconfigured, Unavailable

TEMPLATE_REST_S = 60.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One rendered message. `id` is the delivery's, `is_held` as in `delivery.contract.Job`."""

    id: UUID
    template: TemplateType
    channel: Channel
    recipient: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    words: RenderedMessage
    created_at: datetime
    is_held: Callable[[], bool] = field(repr=False, compare=False)


class Carrier(Protocol):
    """Takes one letter to where it goes."""

    async def carry(self, letter: Letter) -> Outcome:
        """Never raises for what the other side answers; cancellation means that the answer is unknown."""
        ...

    async def close(self) -> None: ...


class LetterConnector:
    """A Connector for messages. What was sent is forgotten with the same commit: codes and links are in it."""

    def __init__(self, carrier: Carrier, renderer: MessageRenderer, mailbox: Mailbox | None, clock: Clock) -> None:
        self._carrier = carrier
        self._renderer = renderer
        self._mailbox = mailbox
        self._clock = clock

    @property
    def batch_limit(self) -> int:
        """One message at a time."""
        return 1

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        """One outcome per delivery id."""
        return {job.delivery.id: await self._send_one(job) for job in jobs}

    async def close(self) -> None:
        await self._carrier.close()

    async def _send_one(self, job: Job) -> Outcome:
        until = job.context.get("useful_until")
        if until is not None and datetime.fromisoformat(until) <= self._clock.now():
            return Discard("message_expired", "What is in the message expired before it could be sent.", forgets=True)
        try:
            letter = await self._written(job)
        except Misconfigured as error:
            # The template is wrong, not the person: the queue waits for whoever mends it.
            reason = f"{error} Correct the template."
            pause = Pause("destination", error.code(), reason, TEMPLATE_REST_S)
            return Snooze(error.code(), reason, TEMPLATE_REST_S, pause)
        except Unavailable as error:
            return Snooze(error.code(), str(error), TEMPLATE_REST_S / 2)
        if self._mailbox is not None:
            await self._mailbox.keep(letter.id, letter.words)
        outcome = await self._carrier.carry(letter)
        return replace(outcome, forgets=True) if isinstance(outcome, Delivered) else outcome

    async def _written(self, job: Job) -> Letter:
        context = job.context
        template, channel = TemplateType(context["template_type"]), Channel(context["message_type"])
        data = context["template_data"]
        return Letter(
            id=job.delivery.id,
            template=template,
            channel=channel,
            recipient=context["recipient"],
            data=data,
            words=await self._renderer.render(template, channel, data),
            created_at=job.delivery.created_at,
            is_held=job.is_held,
        )


class NoCarrier:
    """For a channel that is not configured: what was queued is given up with the reason."""

    def __init__(self, code: str, reason: str) -> None:
        self._outcome = Discard(code, reason)

    async def carry(self, _letter: Letter) -> Outcome:
        return self._outcome

    async def close(self) -> None:
        """Nothing is open."""


class MailboxCarrier:
    """For development without a mail server: the copy in the mailbox is all there is."""

    async def carry(self, _letter: Letter) -> Outcome:
        return Delivered(summary="kept in the development mailbox")

    async def close(self) -> None:
        """Nothing is open."""
