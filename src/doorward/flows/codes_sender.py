"""Makes a code or a link and queues the message that brings it, in the caller's transaction: none without the other.

Which template that is follows from what the code is good for and whether anybody is known by the address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from doorward.clock import Clock
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.flows.codes import OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_store import Form, Purpose, Recipient
from doorward.flows.model import Flow
from doorward.flows.return_to import with_query
from doorward.identities.model import Identity
from doorward.identities.normalise import is_email, is_phone
from doorward.identities.render import public_identity
from doorward.storage.contract import Transaction

KNOWN: Mapping[tuple[Purpose, Form], TemplateType] = {
    (Purpose.RECOVERY, Form.CODE): TemplateType.RECOVERY_CODE_VALID,
    (Purpose.RECOVERY, Form.LINK): TemplateType.RECOVERY_VALID,
    (Purpose.VERIFICATION, Form.CODE): TemplateType.VERIFICATION_CODE_VALID,
    (Purpose.VERIFICATION, Form.LINK): TemplateType.VERIFICATION_VALID,
    (Purpose.LOGIN, Form.CODE): TemplateType.LOGIN_CODE_VALID,
    (Purpose.REGISTRATION, Form.CODE): TemplateType.REGISTRATION_CODE_VALID,
}
UNKNOWN: Mapping[tuple[Purpose, Form], TemplateType] = {
    (Purpose.RECOVERY, Form.CODE): TemplateType.RECOVERY_CODE_INVALID,
    (Purpose.RECOVERY, Form.LINK): TemplateType.RECOVERY_INVALID,
    (Purpose.VERIFICATION, Form.CODE): TemplateType.VERIFICATION_CODE_INVALID,
    (Purpose.VERIFICATION, Form.LINK): TemplateType.VERIFICATION_INVALID,
}
CHANNELS = {"email": Channel.EMAIL, "sms": Channel.SMS}


class Queue(Protocol):
    """`courier.enqueue.Courier`."""

    async def queue(self, tx: Transaction, message: Message) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Errand:
    """Why something is sent: the flow that asked for it, and what that flow's request brought along for templates."""

    flow: Flow
    purpose: Purpose
    form: Form = Form.CODE
    payload: Mapping[str, Any] | None = None
    trace_id: str = ""


class CodeSender:
    """Made once; `base_url` is the public one."""

    def __init__(self, codes: OneTimeCodes, links: OneTimeLinks, courier: Queue, clock: Clock, base_url: str) -> None:
        self.codes = codes
        self.links = links
        self._courier = courier
        self._clock = clock
        self._base = base_url.rstrip("/") + "/self-service"

    async def send(
        self,
        tx: Transaction,
        errand: Errand,
        recipient: Recipient,
        identity: Identity | None = None,
        traits: Mapping[str, Any] | None = None,
    ) -> None:
        """Sends a new code or link. The flow has to be stored already.

        `identity` is the person as templates see them; `traits` are those of somebody who is about to sign up.
        """
        issue = self.codes.issue if errand.form is Form.CODE else self.links.issue
        secret = await issue(tx, errand.flow.id, errand.purpose, recipient)
        lifespan = self.codes.limits.lifespan if errand.form is Form.CODE else self.links.lifespan
        template = KNOWN[errand.purpose, errand.form]
        data = template_data(
            template,
            recipient.address,
            code=secret if errand.form is Form.CODE else None,
            url=self._url(errand, secret),
            identity=None if identity is None else public_identity(identity, self._base.removesuffix("self-service")),
            traits=traits,
            request_url=errand.flow.request_url,
            transient_payload=errand.payload,
            lifespan_s=lifespan.total_seconds(),
        )
        until = self._until(lifespan)
        await self._courier.queue(tx, self._message(errand, template, recipient, data, until))

    async def warn(self, tx: Transaction, errand: Errand, recipient: Recipient) -> None:
        """Tells an address that nobody is known by it (`notify_unknown_recipients`). No code is made."""
        template = UNKNOWN[errand.purpose, errand.form]
        data = template_data(
            template,
            recipient.address,
            request_url=errand.flow.request_url,
            transient_payload=errand.payload,
        )
        await self._courier.queue(tx, self._message(errand, template, recipient, data, None))

    def _url(self, errand: Errand, secret: str) -> str | None:
        """Where the message leads; mails with a recovery code lead nowhere, as they may be opened elsewhere."""
        if errand.form is Form.LINK:
            return with_query(f"{self._base}/{errand.purpose}", flow=str(errand.flow.id), token=secret)
        if errand.purpose is Purpose.VERIFICATION:
            return with_query(f"{self._base}/{errand.purpose}", flow=str(errand.flow.id), code=secret)
        return None

    def _until(self, lifespan: timedelta) -> datetime:
        return self._clock.now() + lifespan

    def _message(
        self,
        errand: Errand,
        template: TemplateType,
        recipient: Recipient,
        data: Mapping[str, Any],
        until: datetime | None,
    ) -> Message:
        return Message(
            template=template,
            channel=CHANNELS[recipient.via],
            recipient=recipient.address,
            data=data,
            identity_id=recipient.identity_id,
            locale=errand.flow.language or "en",
            useful_until=until,
            flow_kind=str(errand.flow.kind),
            flow_id=errand.flow.id,
            trace_id=errand.trace_id,
        )


def is_deliverable(via: str, address: str, *, takes_phones: bool) -> bool:
    """Whether a message can be sent to what somebody typed, whoever that is."""
    return is_email(address) if via == "email" else takes_phones and is_phone(address)
