"""Signing up: the form in one or two steps, and what has to be true before a sign-up may be stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.flows.answers import Reread, Why
from doorward.flows.chosen_schema import asked_schema, chosen_schema
from doorward.flows.consents import SHOWN, answered_consents, shown_consents
from doorward.flows.contract import (
    Effect,
    KindSettings,
    NextStage,
    Plan,
    Proven,
    Refused,
    RegistrationMethod,
    Rejection,
    Stage,
)
from doorward.flows.csrf import check_reader, check_sender
from doorward.flows.errors import SelfServiceFlowDisabled, SessionAlreadyAvailable, minutes
from doorward.flows.exchange_code import exchange_code
from doorward.flows.form import FormProblem, trait_values, with_members, with_values
from doorward.flows.made_when_seen import MadeWhenSeen
from doorward.flows.messages import Catalogue, Words
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Node
from doorward.flows.nodes import csrf_node, trait_node
from doorward.flows.ordering import FIELDS, sort_registration
from doorward.flows.organization import ORGANIZATION, asked_organization
from doorward.flows.payload import TRANSIENT
from doorward.flows.registration_form import (
    Submission,
    field_types,
    plain_problems,
    read_submission,
    rejected_registration,
)
from doorward.flows.registration_plan import RegistrationPlan, Writers
from doorward.flows.request import FlowRequest
from doorward.flows.return_to import ReturnTargets
from doorward.flows.run_hooks import Asked, HookRunner, Objection, PatchRefused
from doorward.flows.template_context import template_context
from doorward.identities.draft import Draft, NewIdentity
from doorward.identities.events import Cause
from doorward.identities.normalise import via_of
from doorward.identities.render import public_identity
from doorward.identities.schema import IdentitySchema
from doorward.identities.verified import with_verified
from doorward.security.tokens import new_csrf_token

FIRST_STEP = "profile"


@dataclass(frozen=True, slots=True)
class RegistrationSettings:
    """`default_url` is where a browser goes after signing up, `method_urls` after a certain method."""

    kind: KindSettings
    targets: ReturnTargets
    is_two_step: bool
    base_url: str
    header_allowlist: tuple[str, ...] = ()
    default_url: str | None = None
    method_urls: Mapping[str, str] = field(default_factory=dict)
    has_legacy_verification_items: bool = False
    gives_hints: bool = False

    def default_for(self, method: str) -> str:
        return self.method_urls.get(method) or self.default_url or self.targets.default


class RegistrationRules:
    """The rules of the kind `registration`."""

    kind = FlowKind.REGISTRATION

    def __init__(
        self,
        settings: RegistrationSettings,
        methods: Sequence[RegistrationMethod],
        hooks: HookRunner,
        writers: Writers,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self.settings = settings.kind
        self._settings = settings
        # A form of one step has nobody who takes the first of two (as in Kratos).
        self._methods = tuple(each for each in methods if settings.is_two_step or each.name != FIRST_STEP)
        self._hooks = hooks
        self._writers = writers
        self._catalogue = catalogue
        self._clock = clock

    # Starting

    def check_open(self) -> None:
        if not self.settings.is_enabled:
            raise SelfServiceFlowDisabled("registration flow disabled")

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Refuses when sign-up is off, when somebody is signed in, and a `return_to` that leads elsewhere."""
        self.check_open()
        if request.session is not None and type_ is FlowType.API:
            raise SessionAlreadyAvailable
        target = self._settings.targets.check(request.query.get("return_to", ""))
        if request.session is None:
            return None
        if request.is_json:
            raise SessionAlreadyAvailable
        return target

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow:
        """The first form: everything, or the traits only. Raises SchemaNotSelectable, HookRefused."""
        schema = chosen_schema(self._writers.identities.schemas, request.query)
        words = self._catalogue.words(flow.language)
        stage = Stage.TRAITS if self._settings.is_two_step else Stage.ONE_STEP
        organization = asked_organization(request.query)
        flow = replace(
            flow.with_ui(nodes=() if organization[ORGANIZATION] else self._nodes(stage, schema, words)),
            schema_id=schema.id,
            extra={
                **flow.extra,
                **organization,
                **asked_schema(request.query),
                **exchange_code(flow.type, request),
            },
            internal={**flow.internal, SHOWN: shown_consents(schema), FIELDS: [each.name for each in schema.fields]},
        )
        await self._hooks.before(flow, lambda: self._context(flow, request))
        return flow

    def expired(self, old: Flow, new: Flow) -> Flow:
        """Tells how long ago the other one ended."""
        words = self._catalogue.words(new.language)
        at = old.expires_at
        context = {"expired_at": at.isoformat(), "expired_at_unix": int(at.timestamp())}
        return new.with_ui(messages=[words.say(4040001, context, minutes=minutes(self._clock.now(), at))])

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        return None

    # Submitting

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> None:
        """A browser flow is for the browser that started it. Raises SecurityCsrfViolation."""
        check_reader(flow, request)

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        """Refuses when sign-up is off or somebody is signed in."""
        self.check_open()
        if request.session is None:
            return None
        if request.is_json or flow.type is FlowType.API:
            raise SessionAlreadyAvailable
        return self._settings.targets.default

    async def submit(self, flow: Flow, request: FlowRequest) -> Rejection | Plan:
        """Reads the form, asks the method, asks the hooks: the plan of what to store, or the form again.

        Raises SecurityCsrfViolation, UnreadableSubmission, WebHookFailed, WebHookTimedOut.
        """
        schema = self._writers.identities.schemas.get_schema(flow.schema_id or "")
        words = self._catalogue.words(flow.language)
        body = await request.read(field_types(schema, self._methods))
        if body.problem is not None:
            return rejected_registration(flow, FormProblem(None, words.say(4000001, {"reason": body.problem})))
        submission = read_submission(body.values, schema, words, flow, request.counted_address)
        method = next((each for each in self._methods if each.is_mine(submission.form)), None)
        problems = plain_problems(submission, self._methods)
        if method is None and not problems:
            return rejected_registration(flow, FormProblem(None, words.say(4010003)))
        typed = replace(flow, ui=with_values(flow.ui, trait_values(submission.form.traits)))
        if method is None or problems:
            return rejected_registration(typed, *problems)
        submission = replace(submission, form=replace(submission.form, flow=typed))
        stranger = check_sender(flow, request, submission.form.text("csrf_token"), words)
        if stranger is not None:
            return rejected_registration(typed, stranger)
        return await self._registered(typed, flow, request, method, submission)

    async def _registered(
        self, flow: Flow, fetched: Flow, request: FlowRequest, method: RegistrationMethod, submission: Submission
    ) -> Rejection | Plan:
        form = submission.form
        decision = await method.register(form)
        match decision:
            case Refused(problems):
                return rejected_registration(flow, *problems)
            case NextStage(stage):
                return Rejection(self._staged(flow, stage, submission), Why.CHALLENGED)
            case Proven():
                payload = submission.payload or flow.internal.get(TRANSIENT) or {}
                consents = answered_consents(flow, form.schema, form.traits, payload)
                new = NewIdentity(form.schema.id, form.traits, decision.credentials, consents=consents)
                draft = _with_proved(self._writers.identities.draft(new), decision.proved)
                # Hooks see the form as it was fetched, without what was typed (as in Kratos).
                seen = replace(fetched, extra={**flow.extra, TRANSIENT: payload}, state=decision.state or flow.state)
                step = await self._planned(flow, seen, request, method.name, draft, form.words)
                if isinstance(step, RegistrationPlan):
                    return replace(step, fetched=fetched, writes=decision.writes)
                return step
            case _:
                return decision

    async def _planned(
        self, typed: Flow, flow: Flow, request: FlowRequest, method: str, draft: Draft, words: Words
    ) -> Rejection | RegistrationPlan:
        location = self._settings.targets.check(flow.return_to, self._settings.default_for(method))
        asked = await self._hooks.after(
            flow, method, draft, self._seen(flow, request), self._writers.identities.redraft, words
        )
        if isinstance(asked, PatchRefused):
            # What was typed is not what was refused.
            return rejected_registration(replace(_without_payload(flow), state=typed.state), *asked.problems)
        if isinstance(asked, Objection):
            ui = with_values(typed.ui, trait_values(asked.draft.identity.traits))
            return rejected_registration(replace(typed, ui=ui, state=flow.state), *asked.problems)
        assert isinstance(asked, Asked)  # nothing that runs after a registration asks for more first
        plan = self._plan(flow, request, method, asked, words, location)
        values = trait_values(asked.draft.identity.traits)
        shown = replace(typed, ui=with_values(typed.ui, values), state=flow.state)
        return replace(plan, flow=shown)

    def _plan(
        self, flow: Flow, request: FlowRequest, method: str, asked: Asked, words: Words, location: str
    ) -> RegistrationPlan:
        is_browser = flow.type is FlowType.BROWSER
        csrf_cookie = new_csrf_token() if is_browser else ""
        # Nobody hears of an account that is closed from the start (as in Kratos).
        is_active = asked.draft.identity.is_active
        verifications = self._writers.verifications.start(asked.draft.identity, flow, csrf_cookie) if is_active else ()
        draft = replace(asked.draft, identity=self._writers.verifications.marked(asked.draft.identity, verifications))
        identity = draft.identity
        issued = self._writers.sessions.prepare(identity.id, method, request.device) if identity.is_active else None
        cause = Cause(
            source="flow",
            flow_kind=str(self.kind),
            flow_id=flow.id,
            method=method,
            context=MadeWhenSeen(lambda: self._context(flow, request)),
            trace_id=request.trace_id,
            locale=flow.language,
        )
        return RegistrationPlan(
            writers=self._writers,
            flow=_without_payload(flow),
            fetched=flow,
            words=words,
            draft=draft,
            cause=cause,
            issued=issued,
            verifications=verifications,
            effects=asked.effects,
            has_legacy_items=self._settings.has_legacy_verification_items,
            location=location,
            csrf_cookie=csrf_cookie if verifications or Effect.HAND_OUT_SESSION in asked.effects else "",
            gives_hints=self._settings.gives_hints,
        )

    # The form

    def _nodes(self, stage: Stage, schema: IdentitySchema, words: Words) -> tuple[Node, ...]:
        traits = [trait_node(each, words) for each in schema.form_fields() if each.type != "object"]
        if stage is Stage.CREDENTIALS:
            traits = [node.with_attributes(type="hidden") for node in traits]
        own = [node for method in self._methods for node in method.nodes(stage, words)]
        return sort_registration([csrf_node(), *traits, *own], [each.name for each in schema.fields])

    def _staged(self, flow: Flow, stage: Stage, submission: Submission) -> Flow:
        """The other step of the form; what was typed moves along."""
        form = submission.form
        typed = {node.name: node.attributes["value"] for node in flow.ui.nodes if _is_typed(node)}
        staged = flow.with_ui(nodes=self._nodes(stage, form.schema, form.words), messages=())
        staged = replace(staged, ui=with_values(staged.ui, typed), state=FlowState.CHOOSE_METHOD, active=None)
        if stage is not Stage.CREDENTIALS:
            return _without_payload(staged)
        nodes = with_members(staged.ui.nodes, form.traits)
        nodes = sort_registration(nodes, [each.name for each in form.schema.fields])
        staged = staged.with_ui(nodes=nodes, messages=[form.words.say(1040009)])
        kept = {TRANSIENT: submission.payload}
        return replace(staged, internal={**staged.internal, **kept}, beside={**staged.beside, **kept})

    # What hooks and actions see

    def _context(self, flow: Flow, request: FlowRequest) -> dict[str, Any]:
        return template_context(flow, request, self._settings.header_allowlist)

    def _seen(self, flow: Flow, request: FlowRequest) -> Callable[[Draft], Mapping[str, Any]]:
        context = self._context(flow, request)
        return lambda draft: {**context, "identity": public_identity(draft.identity, self._settings.base_url)}


def _with_proved(draft: Draft, addresses: Sequence[str]) -> Draft:
    """A draft whose addresses are verified where a code has just come back from them."""
    identity = draft.identity
    for address in addresses:
        identity = with_verified(identity, via_of(address), address, identity.created_at)
    return replace(draft, identity=identity)


def _without_payload(flow: Flow) -> Flow:
    return replace(flow, extra={name: value for name, value in flow.extra.items() if name != TRANSIENT})


def _is_typed(node: Node) -> bool:
    return node.name.startswith("traits.") and "value" in node.attributes
