"""Getting back in: who may start, the form for an address or a code, and which step a submission asks for.

Choosing among several addresses is `recovery_choice`'s business, what a proof brings about `recovery_prover`'s.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.errors import DoorwardError, InvalidInput, NotFound
from doorward.flows.answers import MovedOn, Navigate, Reread
from doorward.flows.codes_store import Form, Recipient
from doorward.flows.contract import KindSettings, Plan, Rejection
from doorward.flows.csrf import check_reader, check_sender
from doorward.flows.errors import (
    RecoveryClosed,
    RecoveryStartsAnew,
    SecurityCsrfViolation,
    SelfServiceFlowExpired,
    SessionAlreadyAvailable,
    minutes,
    show_recovery,
)
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.messages import Message, Words
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType
from doorward.flows.proof_fields import ProofForm, read_proof
from doorward.flows.proof_form import CODE, EMAIL, METHOD, address_nodes, code_nodes
from doorward.flows.recovery_choice import RecoveryChoice
from doorward.flows.recovery_form import ADDRESS, CONFIRM, SCREEN, SELECT, asking_nodes
from doorward.flows.recovery_plans import SendRecovery
from doorward.flows.recovery_prover import RecoveryProver, Rescue
from doorward.flows.recovery_settings import RecoverySettings, RecoveryTools
from doorward.flows.replacement import TOO_OFTEN, Replacement
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.flows.return_to import with_flow
from doorward.flows.template_context import template_context
from doorward.identities.normalise import is_email, normalise_address
from doorward.identities.store import find_by_recovery_address
from doorward.security.tokens import new_csrf_token

FIELDS: FieldTypes = dict.fromkeys(
    (METHOD, EMAIL, CODE, "token", "csrf_token", ADDRESS, SELECT, CONFIRM, SCREEN), "string"
)
IS_OPEN = "is_open"
"""Key of a flow's internal memory: an administrator made it, and whoever has its id and code may use it."""

NOT_FOLLOWED = "A form that asks for a code has to be sent."

Step = Rejection | Plan | MovedOn | Navigate | Reread


class RecoveryRules:
    """The rules of the kind `recovery`."""

    kind = FlowKind.RECOVERY

    def __init__(self, settings: RecoverySettings, tools: RecoveryTools) -> None:
        self.settings: KindSettings = settings.kind
        self._settings = settings
        self._tools = tools
        self._prover = RecoveryProver(tools)
        self._choice = RecoveryChoice(tools)

    # Starting

    def check_open(self) -> None:
        if not self.settings.is_enabled:
            raise RecoveryClosed

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Only for those who are not signed in, whatever they asked to return to (as Kratos).

        Raises RecoveryClosed, InvalidInput, SessionAlreadyAvailable, SelfServiceFlowReturnToForbidden.
        """
        self.check_open()
        if not self._settings.is_method_enabled:
            raise InvalidInput(f"The method {self._settings.method} is switched off in the configuration.")
        if request.session is not None:
            return self._moved_on(request, is_app=type_ is FlowType.API)
        self._settings.targets.check(request.query.get("return_to", ""))
        return None

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow:
        """The form that asks for the address, after the `before` hooks. Raises HookRefused, WebHookFailed."""
        flow = self._asking(flow)
        await self._tools.hooks.before(flow, lambda: template_context(flow, request, self._settings.header_allowlist))
        return flow

    def renewed(self, flow: Flow) -> Flow:
        return self._asking(flow)

    def expired(self, old: Flow, new: Flow) -> Flow:
        """Says how long ago the old one ended."""
        return new.with_ui(messages=[self._too_late(old.expires_at, self._words(new))])

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        """Native clients that go by `continue_with` are told; everybody else is sent on."""
        problem: DoorwardError | None = None
        if self._settings.has_transitions and old.type is FlowType.API:
            now = self._tools.clock.now()
            problem = SelfServiceFlowExpired(old.expires_at, now, new.id, continue_with=[show_recovery(new.id)])
        return Reread(new, with_flow(self.settings.page_url, new.id), problem=problem, goes_by_type=True)

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> None:
        """Raises SecurityCsrfViolation."""
        if not flow.internal.get(IS_OPEN):
            check_reader(flow, request)

    # Submitting

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        return None

    async def submit(self, flow: Flow, request: FlowRequest) -> Step:
        """What cannot be read first, then a link, then who sends it, then the step.

        Raises SecurityCsrfViolation (the browser then gets a new token), SessionAlreadyAvailable, UnreadableSubmission.
        """
        words = self._words(flow)
        form = await read_proof(request, FIELDS, words)
        if request.method == "GET" and self._way(flow) == Form.CODE:
            # Only links are followed.
            return _rejected(flow, FormProblem(None, words.say(4000001, {"reason": NOT_FOLLOWED})))
        problems = form.problems or self._unreadable(flow, form, words)
        if problems:
            return _rejected(flow, *problems)
        if self._way(flow) != Form.CODE:
            is_followed = bool(form.text("token")) and self._way(flow) == Form.LINK
            return await (self._followed if is_followed else self._typed)(flow, request, form)
        stranger = self._stranger(flow, request, form, words)
        if stranger is not None:
            return stranger
        if self._is_choosing(flow):
            return await self._chosen(flow, request, form)
        return await self._typed(flow, request, form)

    async def _followed(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Plan:
        words = self._words(flow)
        base = self._replacement(flow, request, FlowType.BROWSER, is_plain=True)
        rescue = Rescue(flow, request, form, base)
        wrong = rescue.saying(words.say(4060004))
        link = await self._prover.find_link(form.text("token"))
        if link is None or link.flow_id != flow.id or link.used_at is not None:
            return wrong
        if not link.is_good(self._tools.clock.now()):
            return rescue.saying(self._too_late(link.expires_at, words))
        return await self._prover.by_link(rescue, link, wrong)

    def _stranger(self, flow: Flow, request: FlowRequest, form: ProofForm, words: Words) -> Replacement | None:
        """A browser in an app's flow gets one of its own. Raises SecurityCsrfViolation."""
        if flow.internal.get(IS_OPEN):
            return None
        try:
            problem = check_sender(flow, request, form.text("csrf_token"), words)
        except SecurityCsrfViolation:
            raise SecurityCsrfViolation(csrf_cookie=new_csrf_token()) from None
        if problem is None:
            return None
        return Rescue(flow, request, form, self._replacement(flow, request, FlowType.BROWSER)).saying(problem.message)

    async def _typed(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Step:
        """An address, or a code for one."""
        words = self._words(flow)
        rescue = Rescue(flow, request, form, self._replacement(flow, request, flow.type))
        way, method = self._way(flow), form.text(METHOD)
        if way == CODE and flow.state is not FlowState.CHOOSE_METHOD and not form.text(EMAIL):
            return await self._with_code(rescue)
        if request.session is not None:
            return MovedOn(self._moved_on(request))
        if not way or method != way:
            return self._unclear(flow, method, words)
        flow = replace(flow, active=way)
        if flow.state is FlowState.PASSED_CHALLENGE:
            over = rescue.saying(words.say(4060001))
            # Where links are sent it is a matter of who began the form alone (as in Kratos).
            is_page = flow.type is FlowType.BROWSER
            return over if way == CODE else replace(over, problem=None, is_plain=is_page, goes_by_type=True)
        address = form.text(EMAIL)
        if not address:
            return _rejected(flow, FormProblem(EMAIL, words.say(4000002, {"property": EMAIL})))
        if flow.active == Form.LINK:
            # Links look at the sender last, and leave the browser its token (as in Kratos).
            problem = check_sender(flow, request, form.text("csrf_token"), words)
            if problem is not None:
                return _rejected(flow, problem)
        value = normalise_address(address, "email")
        owner = await find_by_recovery_address(self._tools.database.reader, "email", value)
        to = Recipient("email", value, owner.id if owner else None)
        return SendRecovery(
            self._tools,
            self._sent(flow, address),
            to,
            owner,
            form.payload,
            request.trace_id,
            request.counted_address,
        )

    async def _chosen(self, flow: Flow, request: FlowRequest, form: ProofForm) -> Step:
        """The same where people choose the address."""
        if flow.state is FlowState.PASSED_CHALLENGE:
            return await self._typed(flow, request, form)
        base = self._replacement(flow, request, flow.type)
        rescue = Rescue(flow, request, form, base, shows_payload=False)
        if flow.state is FlowState.AWAITING_CODE and form.text(CODE):
            return await self._with_code(rescue)
        if request.session is not None:
            return MovedOn(self._moved_on(request))
        return await self._choice.step(flow, form, request)

    async def _with_code(self, rescue: Rescue) -> Plan:
        words = self._words(rescue.flow)
        return await self._prover.by_code(rescue, rescue.saying(words.say(4000001, {"reason": TOO_OFTEN})))

    # The form

    def _asking(self, flow: Flow) -> Flow:
        words, method = self._words(flow), self._settings.method
        if self._settings.chooses_address and method == Form.CODE:
            return replace(flow.with_ui(nodes=asking_nodes(words)), active=method, state=FlowState.AWAITING_ADDRESS)
        return replace(flow.with_ui(nodes=address_nodes(flow, method, words)), active=method)

    def _sent(self, flow: Flow, address: str) -> Flow:
        words = self._words(flow)
        if flow.active == Form.LINK:
            nodes, message = address_nodes(flow, Form.LINK, words, value=address), words.say(1060002)
        else:
            nodes, message = code_nodes(flow, words, address), words.say(1060003)
        return replace(flow.with_ui(nodes=nodes, messages=[message]), state=FlowState.SENT_EMAIL)

    def _replacement(self, flow: Flow, request: FlowRequest, type_: FlowType, *, is_plain: bool = False) -> Replacement:
        """A new flow in place of one that is done with; its address is that of this request (as in Kratos)."""
        fresh = self._tools.maker.make(
            self.kind,
            type_,
            self.settings.lifespan,
            request_url=request.url,
            csrf_token=new_csrf_token(),
            language=flow.language,
        )
        reason = "This form is done with. Go on with the new one."
        problem = RecoveryStartsAnew(reason, fresh.id) if self._settings.has_transitions else None
        return Replacement(self._asking(fresh), self.settings.page_url, problem, is_plain)

    def _way(self, flow: Flow) -> str:
        """The method that a flow goes by; "" once nobody could tell what was wanted, which links outlive."""
        if flow.active in (Form.CODE, Form.LINK):
            return flow.active
        return Form.LINK if self._settings.method == Form.LINK else ""

    def _unclear(self, flow: Flow, method: str, words: Words) -> Rejection:
        """Nobody can tell what is wanted. Raises NotFound for links that are switched off."""
        if method == Form.LINK and not self._settings.has_links:
            raise NotFound("Links are switched off in the configuration.")
        return _rejected(replace(flow, active="default"), FormProblem(None, words.say(4010005)))

    def _is_choosing(self, flow: Flow) -> bool:
        """An administrator's code keeps the older form."""
        if not self._settings.chooses_address or flow.active != Form.CODE or flow.internal.get(IS_OPEN):
            return False
        return flow.state is not FlowState.SENT_EMAIL

    def _unreadable(self, flow: Flow, form: ProofForm, words: Words) -> tuple[FormProblem, ...]:
        """Where an e-mail address is asked for it has to be one."""
        address = form.text(EMAIL)
        if not address or is_email(address) or self._is_choosing(flow):
            return ()
        return (FormProblem(EMAIL, words.say(4000040, {"value": address})),)

    def _moved_on(self, request: FlowRequest, *, is_app: bool = False) -> str:
        """Where a browser goes that is signed in already. Raises SessionAlreadyAvailable.

        `is_app`: an app that begins is told; one that submits is told if it wants JSON (as in Kratos).
        """
        if request.is_json or is_app:
            raise SessionAlreadyAvailable
        return self._settings.targets.default

    def _too_late(self, at: datetime, words: Words) -> Message:
        context: Mapping[str, Any] = {"expired_at": at.isoformat(), "expired_at_unix": int(at.timestamp())}
        return words.say(4060005, context, minutes=minutes(self._tools.clock.now(), at))

    def _words(self, flow: Flow) -> Words:
        return self._tools.catalogue.words(flow.language)


def _rejected(flow: Flow, *problems: FormProblem) -> Rejection:
    return Rejection(replace(flow, ui=with_problems(flow.ui, problems)))
