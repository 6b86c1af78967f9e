"""What recovery stores: something sent, or a person let back in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Done, Navigate, Reread, Stored, Why
from doorward.flows.codes_sender import Errand
from doorward.flows.codes_store import Form, OneTimeCode, Purpose, Recipient
from doorward.flows.errors import FailedAfterwards
from doorward.flows.missed_guess import MissedGuess
from doorward.flows.model import Flow, FlowState, FlowType
from doorward.flows.payload import TRANSIENT
from doorward.flows.recovery_settings import RecoveryTools
from doorward.flows.render import flow_json
from doorward.flows.replacement import Replacement
from doorward.flows.return_to import with_flow
from doorward.flows.session_ending import SessionEnding
from doorward.flows.sign_in import SignIn
from doorward.identities.events import Cause, EventKind
from doorward.identities.model import Identity
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class SendRecovery:
    """Sends a code or a link, or only looks like it.

    `flow` is the form afterwards, `owner` who is known by `to`; None: nobody.
    """

    tools: RecoveryTools
    flow: Flow
    to: Recipient
    owner: Identity | None
    payload: Mapping[str, Any] = field(repr=False)
    trace_id: str
    ip_address: str = field(default="", repr=False)

    async def write(self, tx: Transaction) -> None:
        """The flow first: codes refer to it."""
        flow = self.flow
        await store.update_flow(tx, flow, self.tools.clock.now())
        settings, sender = self.tools.settings, self.tools.sender
        form = Form(flow.active or settings.method)
        errand = Errand(flow, Purpose.RECOVERY, form, self.payload, self.trace_id, self.ip_address)
        await sender.codes.invalidate(tx, flow.id, Purpose.RECOVERY)
        if self.owner is not None:
            await sender.send(tx, errand, self.to, self.owner)
        else:
            await sender.answer_nobody(
                tx, errand, self.to, is_told=settings.tells_strangers, takes_phones=settings.takes_phones
            )

    async def conclude(self, written: None) -> Stored:
        return Stored(replace(self.flow, beside={**self.flow.beside, TRANSIENT: dict(self.payload)}), Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Another step of the form, with nothing sent."""

    tools: RecoveryTools
    flow: Flow
    payload: Mapping[str, Any] = field(repr=False)

    async def write(self, tx: Transaction) -> None:
        await store.update_flow(tx, self.flow, self.tools.clock.now())

    async def conclude(self, written: None) -> Stored:
        return Stored(replace(self.flow, beside={**self.flow.beside, TRANSIENT: dict(self.payload)}), Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class Recovered:
    """The proof is used up, the address is verified, a session begins, and the settings wait for a new password.

    `flow` is the recovery flow afterwards. `missed` is what happens when somebody else was faster. `is_told`: the
    client goes by `continue_with` instead of being sent. `ends_others`: all other sessions of the person end.
    """

    tools: RecoveryTools
    flow: Flow
    proof: OneTimeCode
    code: str = field(repr=False)
    identity: Identity
    sign_in: SignIn
    cause: Cause
    settings_flow: Flow
    missed: MissedGuess | Replacement
    csrf_cookie: str = field(repr=False)
    is_told: bool
    ends_others: bool
    shown: Mapping[str, Any] | None = field(repr=False)

    async def write(self, tx: Transaction) -> Any:
        """None when it succeeded; else what `missed` wrote."""
        if not await self.tools.sender.use_up(tx, self.proof, self.code):
            return (await self.missed.write(tx),)
        to = self.proof.recipient
        identities = self.tools.identities
        await identities.mark_address_verified(tx, self.identity.id, to.via, to.address, self.cause)
        await self.sign_in.write(tx)
        await identities.note(tx, EventKind.SESSION_CREATED, self.identity, self.cause)
        if self.ends_others:
            ending = SessionEnding(identities, self.tools.sessions, self.tools.clock)
            await ending.revoke_others(tx, self.identity.id, self.sign_in.issued.session.id, self.cause)
        await store.insert_flow(tx, self.settings_flow)
        await store.update_flow(tx, self.flow, self.tools.clock.now())
        return None

    async def conclude(self, written: Any) -> Done | Navigate | Stored | Reread:
        """The session and the way to the settings. Native clients get their token by `continue_with` only."""
        if written is not None:
            return await self.missed.conclude(written[0])
        is_browser = reaches_a_browser(self.flow, self.proof)
        cookie = self.sign_in.issued if is_browser else None
        location = self._settings_url()
        if self.is_told:
            return Done(self.flow, self._body(location), location, cookie, self.csrf_cookie)
        return Navigate(location, cookie, self.csrf_cookie, is_plain=self.proof.form is Form.LINK)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None

    def _settings_url(self) -> str:
        return with_flow(self.tools.forms.kind.page_url, self.settings_flow.id)

    def _body(self, location: str) -> Mapping[str, Any]:
        items: list[dict[str, Any]] = []
        if self.flow.type is FlowType.API:
            items.append({"action": "set_ory_session_token", "ory_session_token": self.sign_in.issued.token})
        items.append({"action": "show_settings_ui", "flow": {"id": str(self.settings_flow.id), "url": location}})
        body = flow_json(self.flow)
        if self.shown is not None:
            body[TRANSIENT] = dict(self.shown)
        return {**body, "continue_with": items}


@dataclass(frozen=True, slots=True)
class RefusedRecovery:
    """A hook does not let the person in: the proof is used up and the flow is done with (as in Kratos). A new form says
    why, or the error that the hook ended with.
    """

    tools: RecoveryTools
    flow: Flow
    proof: OneTimeCode
    code: str = field(repr=False)
    cause: Cause
    objection: Replacement | FailedAfterwards

    async def write(self, tx: Transaction) -> None:
        """The address is proved all the same."""
        to = self.proof.recipient
        if await self.tools.sender.use_up(tx, self.proof, self.code):
            if to.identity_id is not None:
                await self.tools.identities.mark_address_verified(tx, to.identity_id, to.via, to.address, self.cause)
            await store.update_flow(tx, self.flow, self.tools.clock.now())
        if isinstance(self.objection, Replacement):
            await self.objection.write(tx)

    async def conclude(self, written: None) -> Reread:
        """The new form. Raises FailedAfterwards."""
        if isinstance(self.objection, FailedAfterwards):
            raise self.objection
        return await self.objection.conclude(written)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


def reaches_a_browser(flow: Flow, proof: OneTimeCode) -> bool:
    """A link is opened in a browser, though an app has asked for it: the session is a cookie there (as in Kratos)."""
    return flow.type is FlowType.BROWSER or proof.form is Form.LINK


def passed(flow: Flow, csrf_token: str) -> Flow:
    """The recovery flow after it has succeeded; the browser holds another CSRF token from now on."""
    return replace(flow.with_ui(messages=()), state=FlowState.PASSED_CHALLENGE, csrf_token=csrf_token)
