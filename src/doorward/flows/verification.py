"""Starts the proof of new addresses: a verification flow per address, in the transaction that stores the address.

Its form, the code and the mail are not made here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from doorward.flows import store
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui, query_value
from doorward.flows.return_to import with_flow, with_query
from doorward.identities.model import AddressStatus, Identity, VerifiableAddress
from doorward.ids import new_secret_id
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """`page_url` shows the form; `method` is `code` or `link`."""

    is_enabled: bool
    page_url: str
    lifespan: timedelta
    method: str
    base_url: str


@dataclass(frozen=True, slots=True)
class StartedVerification:
    """A verification flow that will be stored, and the address that it is about."""

    flow: Flow
    address: VerifiableAddress


class Verifications:
    """Decides which addresses have to be proved."""

    def __init__(self, settings: VerificationSettings) -> None:
        self._settings = settings

    def start(self, identity: Identity, origin: Flow, csrf_token: str, at: datetime) -> tuple[StartedVerification, ...]:
        """One flow per address that is not verified, on behalf of `origin`; none when verification is off.

        `csrf_token` is the one that the browser will hold by then.
        """
        if not self._settings.is_enabled:
            return ()
        return tuple(
            StartedVerification(self._flow(identity.id, address.id, origin, csrf_token, at), address)
            for address in identity.verifiable_addresses
            if not address.verified
        )

    def marked(self, identity: Identity, started: tuple[StartedVerification, ...]) -> Identity:
        """The identity with the status that Kratos gives an address as soon as its verification has begun."""
        addresses = {item.address.id for item in started}
        return replace(
            identity,
            verifiable_addresses=tuple(
                replace(each, status=AddressStatus.SENT) if each.id in addresses else each
                for each in identity.verifiable_addresses
            ),
        )

    async def store(self, tx: Transaction, started: tuple[StartedVerification, ...]) -> None:
        for item in started:
            await store.insert_flow(tx, item.flow)

    def continue_with(self, started: StartedVerification) -> dict[str, Any]:
        """The `show_verification_ui` item; native clients have no page to be sent to."""
        shown: dict[str, Any] = {"id": str(started.flow.id), "verifiable_address": started.address.value}
        if started.flow.type is FlowType.BROWSER:
            shown["url"] = self.page_url(started)
        return {"action": "show_verification_ui", "flow": shown}

    def page_url(self, started: StartedVerification) -> str:
        return with_flow(self._settings.page_url, started.flow.id)

    def _flow(self, identity_id: UUID, address_id: UUID, origin: Flow, csrf_token: str, at: datetime) -> Flow:
        flow_id = new_secret_id()
        base = self._settings.base_url.rstrip("/")
        return Flow(
            id=flow_id,
            kind=FlowKind.VERIFICATION,
            type=origin.type,
            state=FlowState.SENT_EMAIL,
            request_url=_request_url(base, origin),
            ui=Ui(action=with_flow(f"{base}/self-service/verification", flow_id)),
            csrf_token=csrf_token,
            issued_at=at,
            expires_at=at + self._settings.lifespan,
            active=self._settings.method,
            identity_id=identity_id,
            extra=_carried(origin.extra),
            internal={"address_id": str(address_id), "language": origin.language, "origin": str(origin.id)},
        )


def _carried(extra: Mapping[str, Any]) -> dict[str, Any]:
    payload = extra.get("transient_payload")
    return {"transient_payload": payload} if payload else {}


def _request_url(base: str, origin: Flow) -> str:
    return_to = query_value(origin.request_url, "after_verification_return_to")
    url = f"{base}/self-service/verification/browser"
    return with_query(url, return_to=return_to) if return_to else url
