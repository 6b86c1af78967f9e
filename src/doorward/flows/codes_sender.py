"""Makes a code or a link and queues the message that brings it, in the caller's transaction: none without the other.

Which template that is follows from what the code is good for and whether anybody is known by the address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from doorward.clock import Clock
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.flows.codes import OneTimeCodes
from doorward.flows.codes_links import OneTimeLinks
from doorward.flows.codes_store import Form, OneTimeCode, Purpose, Recipient
from doorward.flows.model import Flow
from doorward.flows.return_to import with_query
from doorward.flows.throttle_messages import MessageThrottle
from doorward.identities.model import Identity, VerifiableAddress
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

    async def rehearse(self, tx: Transaction, message: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class Errand:
    """Why something is sent: the flow that asked for it, and what that flow's request brought along for templates.

    `ip_address` is what it is counted by, "" where nobody asked; `is_counted` False: it cannot be repeated.
    """

    flow: Flow
    purpose: Purpose
    form: Form = Form.CODE
    payload: Mapping[str, Any] | None = None
    trace_id: str = ""
    ip_address: str = field(default="", repr=False)
    is_counted: bool = True


class CodeSender:
    """Made once; `base_url` is the public one."""

    def __init__(
        self,
        codes: OneTimeCodes,
        links: OneTimeLinks,
        courier: Queue,
        throttle: MessageThrottle,
        clock: Clock,
        base_url: str,
    ) -> None:
        self.codes = codes
        self.links = links
        self._courier = courier
        self._throttle = throttle
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
        """Sends a new code or link. The flow has to be stored already. Raises TooManyMessages.

        `identity` is the person as templates see them; `traits` are those of somebody who is about to sign up.
        """
        await self._count(tx, errand, recipient)
        await self._courier.queue(tx, await self._letter(tx, errand, recipient, identity, traits))

    async def pretend(self, tx: Transaction, errand: Errand, recipient: Recipient) -> None:
        """The same work for an address that nobody is known by, and nothing leaves. The code that is made opens
        nothing, as it is nobody's. Raises TooManyMessages.
        """
        await self._count(tx, errand, recipient)
        await self._courier.rehearse(tx, await self._letter(tx, errand, replace(recipient, identity_id=None)))

    async def tell_of_change(
        self, tx: Transaction, flow: Flow, address: VerifiableAddress, identity: Identity, trace_id: str = ""
    ) -> None:
        """Writes to an address that the person's addresses are others now; `identity` is the person as they are."""
        await self._tell(tx, flow, TemplateType.ADDRESS_CHANGED, address, identity, trace_id)

    async def tell_of_credentials(
        self,
        tx: Transaction,
        flow: Flow,
        address: VerifiableAddress,
        identity: Identity,
        changed: Sequence[str],
        trace_id: str = "",
    ) -> None:
        """Writes to an address that ways to sign in (`changed`: their types) are others now."""
        template = TemplateType.CREDENTIALS_CHANGED
        await self._tell(tx, flow, template, address, identity, trace_id, changed=list(changed))

    async def _tell(
        self,
        tx: Transaction,
        flow: Flow,
        template: TemplateType,
        address: VerifiableAddress,
        identity: Identity,
        trace_id: str,
        **more: Any,
    ) -> None:
        recipient = Recipient(address.via, address.value, identity.id)
        data = template_data(
            template,
            recipient.address,
            identity=public_identity(identity, self._base.removesuffix("self-service")),
            request_url=flow.request_url,
            transient_payload=flow.extra.get("transient_payload"),
            **more,
        )
        errand = Errand(flow, Purpose.VERIFICATION, trace_id=trace_id)
        await self._courier.queue(tx, self._message(errand, template, recipient, data, None))

    async def _letter(
        self,
        tx: Transaction,
        errand: Errand,
        recipient: Recipient,
        identity: Identity | None = None,
        traits: Mapping[str, Any] | None = None,
    ) -> Message:
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
        return self._message(errand, template, recipient, data, self._clock.now() + lifespan)

    async def answer_nobody(
        self, tx: Transaction, errand: Errand, recipient: Recipient, *, is_told: bool, takes_phones: bool
    ) -> None:
        """For an address that nobody is known by: a message that says so where that is wanted, else only the work.

        Raises TooManyMessages.
        """
        if not is_address(recipient.via, recipient.address):
            return
        if is_told and (takes_phones or recipient.via == "email"):
            await self._warn(tx, errand, recipient)
        else:
            await self.pretend(tx, errand, recipient)

    async def use_up(self, tx: Transaction, proof: OneTimeCode, code: str) -> bool:
        """Uses a code or a link up; whether nobody was faster."""
        if proof.form is Form.LINK:
            return await self.links.use(tx, proof)
        return isinstance(await self.codes.redeem(tx, proof.flow_id, proof.purpose, code), OneTimeCode)

    async def _warn(self, tx: Transaction, errand: Errand, recipient: Recipient) -> None:
        await self._count(tx, errand, recipient)
        template = UNKNOWN[errand.purpose, errand.form]
        data = template_data(
            template,
            recipient.address,
            request_url=errand.flow.request_url,
            transient_payload=errand.payload,
        )
        await self._courier.queue(tx, self._message(errand, template, recipient, data, None))

    async def _count(self, tx: Transaction, errand: Errand, recipient: Recipient) -> None:
        if errand.is_counted:
            await self._throttle.count(tx, errand.purpose, recipient.address, errand.ip_address)

    def _url(self, errand: Errand, secret: str) -> str | None:
        """Where the message leads; mails with a recovery code lead nowhere, as they may be opened elsewhere."""
        if errand.form is Form.LINK:
            return with_query(f"{self._base}/{errand.purpose}", flow=str(errand.flow.id), token=secret)
        if errand.purpose is Purpose.VERIFICATION:
            return with_query(f"{self._base}/{errand.purpose}", flow=str(errand.flow.id), code=secret)
        return None

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


def is_address(via: str, address: str) -> bool:
    """Whether what somebody typed is an address at all."""
    return is_email(address) if via == "email" else is_phone(address)
