"""Signing in by a one-time code that is sent to one's address: the first step sends it, the second takes it."""

from collections.abc import Sequence
from dataclasses import replace

from doorward.flows.code_form import (
    CODE,
    IDENTIFIER,
    METHOD,
    RESEND,
    code_nodes,
    labelled_identifier,
    with_bare_identifier,
)
from doorward.flows.code_plans import CodeMissed, CodeOfInactive, CodeSending
from doorward.flows.codes import Miss
from doorward.flows.codes_store import Purpose, Recipient
from doorward.flows.contract import Plan, Refused, Rejection
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import AAL1, Authenticated, LoginForm, LoginStage, LoginView, is_refresh
from doorward.flows.login_form import rejected_login
from doorward.flows.model import FlowState, Node
from doorward.flows.nodes import input_node, submit_node
from doorward.flows.request import FieldTypes
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_identifier, via_of
from doorward.identities.store import find_by_identifier, find_by_verifiable_address
from doorward.identities.verified import with_verified
from doorward.methods.code_proof import CodeTools, asked_errand, use_code


class CodeLogin:
    """`selfservice.methods.code` with `passwordless_enabled`, in login."""

    name = CODE

    def __init__(self, tools: CodeTools) -> None:
        self._tools = tools

    @property
    def fields(self) -> FieldTypes:
        return {CODE: "string", RESEND: "string", IDENTIFIER: "string"}

    def nodes(self, view: LoginView) -> Sequence[Node]:
        """At a first factor, and again for somebody who can be sent a code."""
        if view.aal != AAL1 or view.stage is LoginStage.IDENTIFIER:
            return ()
        if view.stage is LoginStage.CREDENTIALS:
            return (submit_node(METHOD, CODE, CODE, view.words.say(1010015)),)
        if view.is_refresh and not self._has_code(view.identity):
            return ()
        typed = input_node(IDENTIFIER, "text", "default", view.words.say(1070004), required=True, value="")
        return (typed, submit_node(METHOD, CODE, CODE, view.words.say(1010015)))

    def _has_code(self, identity: Identity | None) -> bool:
        credential = identity.credentials.get(CODE) if identity else None
        return credential is not None and bool(credential.identifiers)

    def is_mine(self, form: LoginForm) -> bool:
        """A flow that was passed already is nobody's."""
        is_open = form.flow.state in (FlowState.CHOOSE_METHOD, FlowState.SENT_EMAIL)
        return form.aal == AAL1 and form.values.get(METHOD) == CODE and is_open

    def check(self, form: LoginForm) -> Sequence[FormProblem]:
        """Nothing: that the identifier is missing is told after the sender was looked at (as in Kratos)."""
        return ()

    async def login(self, form: LoginForm) -> Authenticated | Refused | Rejection | Plan:
        """Sends, or takes. A code that was right for somebody else is wrong here."""
        address = normalise_identifier(form.text(IDENTIFIER))
        if not form.text(IDENTIFIER) and not _awaits_code(form):
            return rejected_login(form.flow, FormProblem(IDENTIFIER, form.words.say(4000002, {"property": IDENTIFIER})))
        identity = self._same(form, await self._find(address))
        if not _awaits_code(form):
            return self.send_to(form, address, identity)
        waiting = form.flow.with_ui(nodes=with_bare_identifier(form.flow.ui.nodes, address))
        code, tools = form.text(CODE), self._tools
        if not code:
            return rejected_login(waiting, FormProblem(CODE, form.words.say(4000002, {"property": CODE})))
        found = await tools.sender.codes.peek(tools.database.reader, form.flow.id, Purpose.LOGIN, code)
        if isinstance(found, Miss) or identity is None or found.recipient.identity_id != identity.id:
            return CodeMissed(tools.sender, tools.clock, waiting, form.words, 4010008, rejected_login)
        if not identity.is_active:
            return CodeOfInactive(tools.sender, tools.clock, form.flow, form.words, code)
        to = found.recipient
        proven = with_verified(identity, to.via, to.address, tools.clock.now())
        use = use_code(tools, form, code, to)
        return Authenticated(proven, CODE, AAL1, (use,), state=FlowState.PASSED_CHALLENGE)

    def send_to(self, form: LoginForm, address: str, identity: Identity | None) -> Refused | Plan:
        """Sends a code to an address of somebody; nobody has none."""
        words = form.words
        if identity is None:
            return Refused((FormProblem(None, words.say(4000035)),))
        shown = form.flow.ui.find_node(IDENTIFIER)
        is_kept = shown is not None and (form.flow.state is FlowState.SENT_EMAIL or shown.group != "default")
        kept = labelled_identifier(address, words)
        if shown is not None and is_kept:
            kept = replace(shown, messages=()).with_attributes(type="hidden", value=address)
        told = words.say(1010025 if is_refresh(form.flow) else 1010014)
        flow = form.flow.with_ui(nodes=code_nodes(form.flow, words, 1070013, [kept]), messages=[told])
        flow = replace(flow, state=FlowState.SENT_EMAIL, active=CODE)
        recipient = Recipient(via_of(address), address, identity.id)
        return CodeSending(self._tools.sender, self._tools.clock, asked_errand(flow, form), (recipient,), identity)

    def _same(self, form: LoginForm, found: Identity | None) -> Identity | None:
        """Who proves again can only be who is signed in."""
        return None if found and form.identity and found.id != form.identity.id else found

    async def _find(self, address: str) -> Identity | None:
        reader = self._tools.database.reader
        identity = await find_by_identifier(reader, CODE, address)
        if identity is None and self._tools.is_fallback_on:
            identity = await find_by_verifiable_address(reader, via_of(address), address)
        return identity


def _awaits_code(form: LoginForm) -> bool:
    return form.flow.state is FlowState.SENT_EMAIL and not form.text(RESEND)
