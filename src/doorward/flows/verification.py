"""Starts the proof of new addresses: a flow, a code and a message for each, in the transaction that stores the address.

What happens with the code is the business of `verification_rules`.
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from doorward.flows import store
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Form, Purpose, Recipient
from doorward.flows.contract import KindSettings
from doorward.flows.errors import TooManyMessages
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.payload import TRANSIENT
from doorward.flows.proof_form import EMAIL, address_nodes, code_nodes
from doorward.flows.query_string import query_pairs
from doorward.flows.return_to import ReturnTargets, with_flow
from doorward.identities.model import AddressStatus, Identity, VerifiableAddress
from doorward.storage.contract import Transaction

AFTER = "after_verification_return_to"


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """`method` is `code` or `link`; `takes_phones`: whether text messages can be sent; `default_url` is where the way
    on leads afterwards; `starts_all`: every new address gets its message at once (the older way).
    """

    kind: KindSettings
    method: str
    targets: ReturnTargets
    is_method_enabled: bool = True
    takes_phones: bool = False
    tells_strangers: bool = False
    default_url: str | None = None
    header_allowlist: tuple[str, ...] = ()
    starts_all: bool = False


@dataclass(frozen=True, slots=True)
class StartedVerification:
    """A verification flow that will be stored, whose it is, and the address that it is about.

    `is_sign_up`: it belongs to a sign-up, which no address has twice.
    """

    flow: Flow
    identity: Identity
    address: VerifiableAddress
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_sign_up: bool = False


class Verifications:
    """Decides which addresses have to be proved, and has codes sent to them."""

    def __init__(
        self, settings: VerificationSettings, maker: FlowMaker, sender: CodeSender, catalogue: Catalogue
    ) -> None:
        self._settings = settings
        self._maker = maker
        self._sender = sender
        self._catalogue = catalogue

    def start(
        self, identity: Identity, origin: Flow, csrf_token: str, *, only_new: bool = False, is_demanded: bool = False
    ) -> tuple[StartedVerification, ...]:
        """A flow for the first address that is not verified, on behalf of `origin`; none when verification is off.

        The others wait until settings are saved the next time, as in Kratos; the older way begins with all of them.

        `csrf_token` is the one that the browser will hold by then. `only_new` takes the addresses whose status says
        that no message was sent to them yet, whatever else is known of them (as in Kratos). `is_demanded`: a hook
        insists on it although verification is off (as in Kratos).
        """
        if not self._settings.kind.is_enabled and not is_demanded:
            return ()
        payload = origin.extra.get(TRANSIENT) or {}
        return tuple(
            StartedVerification(
                self._flow(identity, address, origin, csrf_token, payload),
                identity,
                address,
                payload,
                is_sign_up=origin.kind is FlowKind.REGISTRATION,
            )
            for address in self._waiting(identity, only_new=only_new)
        )

    def marked(self, identity: Identity, started: tuple[StartedVerification, ...]) -> Identity:
        """The identity with the status that Kratos gives an address as soon as its verification has begun."""
        return _sent_to(identity, [item.address for item in started])

    def begun(self, identity: Identity) -> Identity:
        """The same, where the verifications that `start` would begin are as good as begun."""
        return _sent_to(identity, self._waiting(identity))

    def _waiting(self, identity: Identity, *, only_new: bool = False) -> list[VerifiableAddress]:
        waiting = [
            each
            for each in identity.verifiable_addresses
            if (each.status == AddressStatus.PENDING if only_new else not each.verified)
        ]
        return waiting if self._settings.starts_all else waiting[:1]

    async def store(
        self, tx: Transaction, started: tuple[StartedVerification, ...], *, is_by_the_way: bool = False
    ) -> None:
        """Flows, codes and messages. The identities have to be stored already.

        Raises TooManyMessages; where it is `is_by_the_way` of something else the message is left out instead.
        """
        for item in started:
            await store.insert_flow(tx, item.flow)
            recipient = Recipient(item.address.via, item.address.value, item.identity.id)
            form, is_counted = Form(self._settings.method), not item.is_sign_up
            errand = Errand(item.flow, Purpose.VERIFICATION, form, item.payload, is_counted=is_counted)
            with suppress(TooManyMessages) if is_by_the_way else nullcontext():
                await self._sender.send(tx, errand, recipient, item.identity)

    def continue_with(self, started: StartedVerification) -> dict[str, Any]:
        """The `show_verification_ui` item; native clients have no page to be sent to."""
        shown: dict[str, Any] = {"id": str(started.flow.id), "verifiable_address": started.address.value}
        if started.flow.type is FlowType.BROWSER:
            shown["url"] = self.page_url(started)
        return {"action": "show_verification_ui", "flow": shown}

    def page_url(self, started: StartedVerification) -> str:
        return with_flow(self._settings.kind.page_url, started.flow.id)

    def _flow(
        self,
        identity: Identity,
        address: VerifiableAddress,
        origin: Flow,
        csrf_token: str,
        payload: Mapping[str, Any],
    ) -> Flow:
        flow = self._maker.make(
            FlowKind.VERIFICATION,
            origin.type,
            self._settings.kind.lifespan,
            request_url=request_url(origin.request_url),
            csrf_token=csrf_token,
            language=origin.language,
            state=FlowState.SENT_EMAIL,
        )
        flow = replace(
            flow,
            active=self._settings.method,
            identity_id=identity.id,
            internal={**flow.internal, "origin": str(origin.id), TRANSIENT: dict(payload)},
        )
        via = address.via
        return sent(flow, self._settings, self._catalogue, address.value, is_phone=via == "sms", again=via)


def _sent_to(identity: Identity, addresses: Iterable[VerifiableAddress]) -> Identity:
    ids = {each.id for each in addresses}
    return replace(
        identity,
        verifiable_addresses=tuple(
            replace(each, status=AddressStatus.SENT) if each.id in ids else each
            for each in identity.verifiable_addresses
        ),
    )


def sent(
    flow: Flow,
    settings: VerificationSettings,
    catalogue: Catalogue,
    address: str,
    *,
    is_phone: bool = False,
    again: str = EMAIL,
) -> Flow:
    """The flow once something was sent to `address`, or would have been if anybody were known by it.

    `again` names the button that sends another code: the way, where a hook has begun the flow (as in Kratos).
    """
    words = catalogue.words(flow.language)
    if settings.method == Form.LINK:
        nodes = address_nodes(flow, settings.method, words, value=address)
        message = words.say(1080001)
    else:
        nodes = code_nodes(flow, words, address, again)
        message = words.say(1080004 if is_phone else 1080003)
    return replace(flow.with_ui(nodes=nodes, messages=[message]), state=FlowState.SENT_EMAIL)


def request_url(origin: str) -> str:
    """The origin's address; where it asked to be sent after verification becomes where it asks to return to."""
    parts = urlsplit(origin)
    pairs = query_pairs(parts.query)
    after = next((value for name, value in pairs if name == AFTER), "")
    replaced = {AFTER, "return_to"} if after else {AFTER}
    kept = [pair for pair in pairs if pair[0] not in replaced] + ([("return_to", after)] if after else [])
    # By name and no further: of one name the order is the client's.
    return urlunsplit(parts._replace(query=urlencode(sorted(kept, key=lambda pair: pair[0]))))
