"""Signing up by a one-time code: the first step sends it to every address, the second takes it."""

from collections.abc import Sequence
from dataclasses import replace

from doorward.flows.code_form import CODE, METHOD, RESEND, code_fields
from doorward.flows.code_plans import CodeMissed, CodeSending
from doorward.flows.codes import Miss
from doorward.flows.codes_sender import Errand
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Form, NextStage, Plan, Proven, Refused, Stage, Write
from doorward.flows.form import FormProblem
from doorward.flows.login_plan import ProofSpent
from doorward.flows.messages import Words
from doorward.flows.model import CSRF_FIELD, Flow, FlowState, Node
from doorward.flows.nodes import submit_node
from doorward.flows.payload import payload_of
from doorward.flows.registration_form import rejected_registration
from doorward.flows.request import FieldTypes
from doorward.identities.draft import NewIdentity
from doorward.identities.normalise import via_of
from doorward.methods.code_proof import CodeTools
from doorward.methods.profile import FORWARDS, SCREEN
from doorward.storage.contract import Transaction

TRAITS = "code_traits"


class CodeRegistration:
    """`selfservice.methods.code`, in registration.

    With `mfa_enabled` alone it has no button and works all the same (as in Kratos).
    """

    name = CODE

    def __init__(self, tools: CodeTools, *, is_shown: bool) -> None:
        self._tools = tools
        self._is_shown = is_shown

    @property
    def fields(self) -> FieldTypes:
        return {CODE: "string", RESEND: "string"}

    def nodes(self, stage: Stage, words: Words) -> Sequence[Node]:
        """The button, where credentials are chosen."""
        if stage is Stage.TRAITS or not self._is_shown:
            return ()
        return (submit_node(METHOD, CODE, CODE, words.say(1040006)),)

    def is_mine(self, form: Form) -> bool:
        """A flow that was passed already takes no code, but sends another one."""
        is_open = form.flow.state is not FlowState.PASSED_CHALLENGE or bool(form.text(RESEND))
        return form.values.get(METHOD) == CODE and is_open

    def check(self, form: Form) -> Sequence[FormProblem]:
        """A missing code is told of once the traits are right (as in Kratos)."""
        return ()

    async def register(self, form: Form) -> Proven | Refused | NextStage | Plan:
        """Sends, or takes. What was typed has to be what the code was sent for."""
        if not _awaits_code(form):
            return self._sending(form)
        if not form.text(CODE):
            return Refused((FormProblem(CODE, form.words.say(4000002, {"property": CODE})),))
        if form.flow.internal.get(TRAITS) != form.traits:
            return Refused((FormProblem(None, form.words.say(4000036)),))
        tools, code = self._tools, form.text(CODE)
        found = await tools.sender.codes.peek(tools.database.reader, form.flow.id, Purpose.REGISTRATION, code)
        if isinstance(found, Miss):
            return CodeMissed(tools.sender, tools.clock, form.flow, form.words, 4040003, rejected_registration)
        use = self._use(form.flow, code)
        return Proven((), writes=(use,), proved=(found.recipient.address,), state=FlowState.PASSED_CHALLENGE)

    def _sending(self, form: Form) -> Refused | Plan:
        identity = self._tools.identities.draft(NewIdentity(form.schema.id, form.traits, ())).identity
        credential = identity.credentials.get(CODE)
        if credential is None or not credential.identifiers:
            return Refused((FormProblem(None, form.words.say(4000009)),))
        flow = self._awaiting(form) if self._is_shown else form.flow
        internal = {**flow.internal, TRAITS: dict(form.traits)}
        flow = replace(flow, state=FlowState.SENT_EMAIL, active=CODE, internal=internal)
        errand = Errand(flow, Purpose.REGISTRATION, payload=payload_of(form.values), ip_address=form.ip_address)
        recipients = tuple(Recipient(via_of(each), each) for each in credential.identifiers)
        return CodeSending(self._tools.sender, self._tools.clock, errand, recipients, traits=form.traits)

    def _awaiting(self, form: Form) -> Flow:
        """The form with hidden traits and the field for the code; in two steps there is a way back."""
        words, shown = form.words, form.flow.ui.nodes
        kept = [node for node in shown if node.name == CSRF_FIELD]
        traits = [node.with_attributes(type="hidden") for node in shown if node.name.startswith("traits.")]
        nodes = [*kept, *traits, *code_fields(words, 1070012)]
        if any(node.group == "profile" for node in shown):
            nodes.append(submit_node(SCREEN, FORWARDS, "profile", words.say(1040008)))
        return form.flow.with_ui(nodes=[replace(node, messages=()) for node in nodes], messages=[words.say(1040005)])

    def _use(self, flow: Flow, code: str) -> Write:
        async def write(tx: Transaction) -> None:
            if isinstance(await self._tools.sender.codes.redeem(tx, flow.id, Purpose.REGISTRATION, code), Miss):
                raise ProofSpent(4040003)

        return write


def _awaits_code(form: Form) -> bool:
    return form.flow.state is FlowState.SENT_EMAIL and not form.text(RESEND)
