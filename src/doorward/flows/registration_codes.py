"""What signing up by code stores before anybody is signed up: a code that is sent, a guess that missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Stored, Why
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import CodeSender, Errand
from doorward.flows.codes_store import Recipient
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.login_codes import TOO_MANY
from doorward.flows.messages import Words
from doorward.flows.model import Flow
from doorward.flows.ordering import field_names, sort_registration
from doorward.flows.payload import TRANSIENT
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class RegistrationCodeSending:
    """The form that awaits the code, and a code with its message for every address. Earlier codes end."""

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    errand: Errand
    recipients: tuple[Recipient, ...]
    traits: Mapping[str, Any] = field(repr=False)

    async def write(self, tx: Transaction) -> None:
        flow = self.errand.flow
        await store.update_flow(tx, flow, self.clock.now())
        await self.sender.codes.invalidate(tx, flow.id, self.errand.purpose)
        for recipient in self.recipients:
            await self.sender.send(tx, self.errand, recipient, traits=self.traits)

    async def conclude(self, written: None) -> Stored:
        """400: there is more to do. A browser is sent on with 303, unlike after a mistake (as in Kratos)."""
        shown = {TRANSIENT: self.errand.payload or {}}
        return Stored(replace(self.errand.flow, beside=shown), Why.CHALLENGED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


@dataclass(frozen=True, slots=True)
class RegistrationCodeMissed:
    """A guess that was wrong is counted together with the form that says so."""

    sender: CodeSender = field(repr=False)
    clock: Clock = field(repr=False)
    flow: Flow
    words: Words

    async def write(self, tx: Transaction) -> Flow:
        missed = await self.sender.codes.count_miss(tx, self.flow.id)
        message = self.words.say(4000001, {"reason": TOO_MANY}) if missed is Miss.TOO_MANY else self.words.say(4040003)
        ui = with_problems(self.flow.ui, [FormProblem(None, message)])
        flow = replace(self.flow, ui=replace(ui, nodes=sort_registration(ui.nodes, field_names(ui.nodes))))
        await store.update_flow(tx, flow, self.clock.now())
        return flow

    async def conclude(self, written: Flow) -> Stored:
        return Stored(written, Why.REJECTED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None
