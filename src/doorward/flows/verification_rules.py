"""Proving an address: by a code that is typed, or a link that is followed. Unknown addresses get the same answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from doorward.clock import Clock
from doorward.errors import InvalidInput
from doorward.flows.answers import MovedOn, Navigate, Reread
from doorward.flows.changed_address import ChangeTools
from doorward.flows.codes_sender import CodeSender
from doorward.flows.codes_store import Form
from doorward.flows.contract import KindSettings, Plan, Rejection
from doorward.flows.csrf import check_reader, check_sender
from doorward.flows.errors import SelfServiceFlowReplaced, VerificationClosed, minutes
from doorward.flows.form import FormProblem
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue, Message, Words
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.proof_fields import ProofForm, read_proof
from doorward.flows.proof_form import CODE, EMAIL, METHOD, address_nodes, with_last_csrf, with_more_problems, with_typed
from doorward.flows.replacement import TOO_OFTEN, Replacement
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.flows.return_to import with_flow
from doorward.flows.run_hooks import HookRunner
from doorward.flows.template_context import template_context
from doorward.flows.verification import VerificationSettings
from doorward.flows.verification_plans import CodeShown, ProofTools, SendProof
from doorward.flows.verification_prover import Prover
from doorward.identities.normalise import is_email
from doorward.identities.service import IdentityService
from doorward.security.tokens import new_csrf_token
from doorward.storage.contract import Database

SMS = "sms"
"""What the button that sends another code is called where a hook has sent the first one to a phone."""
FIELDS: FieldTypes = dict.fromkeys((METHOD, EMAIL, SMS, CODE, "token", "csrf_token"), "string")
METHODS = ("", "code", "link")


@dataclass(frozen=True, slots=True)
class ProofParts:
    """Who stores, who sends, who asks the hooks."""

    database: Database
    identities: IdentityService
    sender: CodeSender
    hooks: HookRunner
    catalogue: Catalogue
    maker: FlowMaker
    clock: Clock
    base_url: str
    changes: ChangeTools


class VerificationRules:
    """The rules of the kind `verification`."""

    kind = FlowKind.VERIFICATION

    def __init__(self, settings: VerificationSettings, parts: ProofParts) -> None:
        self.settings: KindSettings = settings.kind
        self._settings = settings
        self._parts = parts
        self._tools = ProofTools(
            settings, parts.identities, parts.sender, parts.catalogue, parts.clock, parts.changes.changes
        )
        self._prover = Prover(self._tools, parts.database, parts.hooks, parts.base_url, parts.changes)

    # Starting

    def check_open(self) -> None:
        if not self.settings.is_enabled:
            raise VerificationClosed

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Signed in or not, anybody may. Raises VerificationClosed, InvalidInput, SelfServiceFlowReturnToForbidden."""
        self.check_open()
        if not self._settings.is_method_enabled:
            raise InvalidInput(f"The method {self._settings.method} is switched off in the configuration.")
        self._settings.targets.check(request.query.get("return_to", ""))
        return None

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow:
        """The form that asks for the address, after the `before` hooks. Raises HookRefused, WebHookFailed."""
        flow = self._asking(flow)
        await self._parts.hooks.before(flow, lambda: template_context(flow, request, self._settings.header_allowlist))
        return flow

    def renewed(self, flow: Flow) -> Flow:
        return self._asking(flow)

    def expired(self, old: Flow, new: Flow) -> Flow:
        """For browsers, whoever started the old one, and with a CSRF token of its own (as Kratos)."""
        fresh = self._asking(replace(new, type=FlowType.BROWSER, csrf_token=new_csrf_token()))
        return fresh.with_ui(messages=[self._too_late(old.expires_at, self._words(new))])

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        return Reread(new, with_flow(self.settings.page_url, new.id), new.csrf_token)

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> None:
        """Raises SecurityCsrfViolation."""
        check_reader(flow, request)

    # Submitting

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        return None

    async def submit(self, flow: Flow, request: FlowRequest) -> Rejection | Plan | MovedOn | Navigate | Reread:
        """A link first, then the method, then the state, then a code, then an address.

        Raises SecurityCsrfViolation (for an address only: a code is proof enough), UnreadableSubmission.
        """
        words = self._words(flow)
        form = await read_proof(request, FIELDS, words)
        problems = form.problems or self._unreadable(form, words)
        if problems:
            return Rejection(replace(flow, ui=with_more_problems(flow.ui, problems)))
        is_alive = flow.active == self._settings.method
        if form.text("token") and is_alive and self._settings.method == Form.LINK:
            return await self._followed(flow, request, form)
        method = form.text(METHOD) or (CODE if form.text(CODE) else "")
        if not is_alive or method != self._settings.method:
            unclear = replace(flow, active="default")
            return self._mistaken(unclear, form, FormProblem(None, words.say(4010006)))
        if flow.state is FlowState.PASSED_CHALLENGE:
            return self._replacement(flow, request, words.say(4070002))
        if form.text(CODE):
            return await self._with_code(flow, request, form)
        return self._with_address(flow, request, form)

    async def _followed(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Plan:
        words = self._words(flow)
        link = await self._prover.find_link(form.text("token"))
        wrong = self._replacement(flow, request, words.say(4070001), is_plain=True)
        if link is None or link.flow_id != flow.id or link.used_at is not None:
            return wrong
        if not link.is_good(self._parts.clock.now()):
            return self._replacement(flow, request, self._too_late(link.expires_at, words), is_plain=True)
        is_browser = flow.type is FlowType.BROWSER
        # A hook's veto leads on in a flow of the same type, whoever followed the link (as in Kratos).
        retry = replace(self._replacement(flow, request, words.say(4070001), is_plain=is_browser), problem=None)
        return await self._prover.by_link(flow, request, form, link, wrong, retry)

    async def _with_code(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Plan:
        words = self._words(flow)
        if request.method == "GET":
            return CodeShown(self._prefilled(flow, form.text(CODE)), self.settings.page_url, self._parts.clock)
        too_many = self._replacement(flow, request, words.say(4000001, {"reason": TOO_OFTEN}))
        return await self._prover.by_code(flow, request, form, too_many)

    def _with_address(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Rejection | Plan:
        words, address = self._words(flow), form.text(EMAIL) or form.text(SMS)
        # What is missing is told before the sender is looked at (as in Kratos): nothing happens either way.
        missing = None if address else FormProblem(EMAIL, words.say(4000002, {"property": EMAIL}))
        problem = missing or check_sender(flow, request, form.text("csrf_token"), words)
        if problem is not None:
            return self._mistaken(flow, form, problem)
        return SendProof(self._tools, flow, address, form.payload, request.trace_id, request.counted_address)

    def _unreadable(self, form: ProofForm, words: Words) -> tuple[FormProblem, ...]:
        """What Kratos refuses before it looks at the form's state."""
        if form.text(METHOD) not in METHODS:
            return (FormProblem(METHOD, words.say(4000001, {"reason": "There is no such way."})),)
        address = form.text(EMAIL)
        if self._settings.method == Form.LINK and address and not is_email(address):
            return (FormProblem(EMAIL, words.say(4000040, {"value": address})),)
        return ()

    # The form

    def _asking(self, flow: Flow) -> Flow:
        words = self._words(flow)
        method = self._settings.method
        nodes = address_nodes(flow, method, words, takes_phones=self._settings.takes_phones)
        return replace(flow.with_ui(nodes=nodes), active=method)

    def _mistaken(self, flow: Flow, form: ProofForm, problem: FormProblem) -> Rejection:
        """The form with what was typed. Messages pile up, as in Kratos, until something is sent."""
        ui = with_typed(flow.ui, self._settings.method, self._words(flow), form.text(EMAIL))
        return Rejection(replace(flow, ui=with_more_problems(ui, [problem])))

    def _prefilled(self, flow: Flow, code: str) -> Flow:
        """For the browser in which the mail was opened: it takes the flow over, with a CSRF token of its own."""
        nodes = [node.with_attributes(value=code) if node.name == CODE else node for node in flow.ui.nodes]
        return replace(flow.with_ui(nodes=with_last_csrf(nodes)), csrf_token=new_csrf_token())

    def _replacement(
        self, flow: Flow, request: FlowRequest, message: Message, *, is_plain: bool = False
    ) -> Replacement:
        """A new flow in place of one that is done with; its address is that of this request (as in Kratos)."""
        fresh = self._parts.maker.make(
            self.kind,
            FlowType.BROWSER if is_plain else flow.type,
            self.settings.lifespan,
            request_url=request.url,
            csrf_token=new_csrf_token(),
            language=flow.language,
        )
        asking = self._asking(fresh).with_ui(messages=[message])
        return Replacement(asking, self.settings.page_url, SelfServiceFlowReplaced(fresh.id), is_plain)

    def _too_late(self, at: datetime, words: Words) -> Message:
        context: Mapping[str, Any] = {"expired_at": at.isoformat(), "expired_at_unix": int(at.timestamp())}
        return words.say(4070005, context, minutes=minutes(self._parts.clock.now(), at))

    def _words(self, flow: Flow) -> Words:
        return self._parts.catalogue.words(flow.language)
