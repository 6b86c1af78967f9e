"""What a form of codes stores before anybody is signed in or up: a code that is sent, a guess that missed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Stored, Why
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Rejection, Write
from doorward.flows.form import FormProblem
from doorward.flows.login_form import vetoed_login
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowState
from doorward.flows.payload import TRANSIENT
from doorward.identities.model import Identity
from doorward.storage.contract import Transaction

TOO_MANY = "Too many wrong codes were tried here. Start again."

Reject = Callable[[Flow, FormProblem], Rejection]
"""How a kind of form shows a mistake."""


@dataclass(frozen=True, slots=True)
class CodeSending:
    """The form that awaits the code, and a code with its message for every recipient: all or none. Earlier codes end.

    `identity` is whose addresses they are, `traits` those of somebody who is about to sign up.
    """

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    errand: Errand
    recipients: tuple[Recipient, ...]
    identity: Identity | None = None
    traits: Mapping[str, Any] | None = field(default=None, repr=False)

    async def write(self, tx: Transaction) -> None:
        flow = self.errand.flow
        await store.update_flow(tx, flow, self.clock.now())
        await self.sender.codes.invalidate(tx, flow.id, self.errand.purpose)
        for recipient in self.recipients:
            await self.sender.send(tx, self.errand, recipient, self.identity, self.traits)

    async def conclude(self, written: None) -> Stored:
        """400: there is more to do. The payload is shown in this answer and not kept (as in Kratos)."""
        return Stored(replace(self.errand.flow, beside={TRANSIENT: self.errand.payload or {}}), Why.CHALLENGED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class CodeMissed:
    """A guess that was wrong is counted together with the form that says so: in the form, and for the person.

    `wrong_id` is the message's, `reject` shows it; `counted` is what else counts the failure.
    """

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    flow: Flow
    words: Words
    wrong_id: int
    reject: Reject = field(repr=False)
    counted: tuple[Write, ...] = ()

    async def write(self, tx: Transaction) -> Flow:
        for count in self.counted:
            await count(tx)
        missed = await self.sender.codes.count_miss(tx, self.flow.id)
        is_over = missed is Miss.TOO_MANY
        message = self.words.say(4000001, {"reason": TOO_MANY}) if is_over else self.words.say(self.wrong_id)
        flow = self.reject(self.flow, FormProblem(None, message)).flow
        await store.update_flow(tx, flow, self.clock.now())
        return flow

    async def conclude(self, written: Flow) -> Stored:
        return Stored(written, Why.REJECTED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class CodeOfInactive:
    """The right code of an account that is switched off: only who has the code learns that (as in Kratos)."""

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    flow: Flow
    words: Words
    code: str = field(repr=False)

    async def write(self, tx: Transaction) -> Flow:
        await self.sender.codes.redeem(tx, self.flow.id, Purpose.LOGIN, self.code)
        flow = vetoed_login(self.flow, FormProblem(None, self.words.say(4010011))).flow
        flow = replace(flow, state=FlowState.PASSED_CHALLENGE)
        await store.update_flow(tx, flow, self.clock.now())
        return flow

    async def conclude(self, written: Flow) -> Stored:
        return Stored(written, Why.REJECTED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None
