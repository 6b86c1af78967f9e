"""What signing in by code stores before anybody is signed in: a code that is sent, a guess that missed."""

from dataclasses import dataclass, field, replace

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Stored, Why
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Write
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.login_form import rejected_login
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowState
from doorward.flows.ordering import sort_login
from doorward.flows.payload import TRANSIENT
from doorward.identities.model import Identity
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class CodeSending:
    """The form that awaits the code, the code, and its message: all or none. Earlier codes end."""

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    errand: Errand
    recipient: Recipient
    identity: Identity

    async def write(self, tx: Transaction) -> None:
        flow = self.errand.flow
        await store.update_flow(tx, flow, self.clock.now())
        await self.sender.codes.invalidate(tx, flow.id, self.errand.purpose)
        await self.sender.send(tx, self.errand, self.recipient, self.identity)

    async def conclude(self, written: None) -> Stored:
        """400: there is more to do. The payload is shown in this answer and not kept (as in Kratos)."""
        flow = self.errand.flow
        return Stored(replace(flow, beside={TRANSIENT: self.errand.payload or {}}), Why.REJECTED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class CodeMissed:
    """A guess that was wrong is counted together with the form that says so: in the form, and for the person."""

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    flow: Flow
    words: Words
    counted: tuple[Write, ...] = ()

    async def write(self, tx: Transaction) -> Flow:
        for count in self.counted:
            await count(tx)
        missed = await self.sender.codes.count_miss(tx, self.flow.id)
        message = self.words.say(4000001, {"reason": TOO_MANY}) if missed is Miss.TOO_MANY else self.words.say(4010008)
        flow = rejected_login(self.flow, FormProblem(None, message)).flow
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
        ui = with_problems(self.flow.ui, [FormProblem(None, self.words.say(4010011))])
        ui = replace(ui, nodes=sort_login(ui.nodes))
        flow = replace(self.flow, ui=ui, state=FlowState.PASSED_CHALLENGE)
        await store.update_flow(tx, flow, self.clock.now())
        return flow

    async def conclude(self, written: Flow) -> Stored:
        return Stored(written, Why.REJECTED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


TOO_MANY = "Too many wrong codes were tried here. Start again."
