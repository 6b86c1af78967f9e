"""Signing in: who may start, the form for a first or a second factor, and what a proof is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from doorward.clock import Clock
from doorward.errors import DoorwardError, InvalidInput
from doorward.flows.answers import MovedOn, Navigate, Reread
from doorward.flows.chosen_schema import asked_schema, chosen_schema, with_identifier_label
from doorward.flows.code_form import with_identifier
from doorward.flows.code_plans import CodeMissed
from doorward.flows.contract import Detour, Effect, Furnished, KindSettings, Plan, Refused, Rejection, Veto
from doorward.flows.csrf import check_reader, check_sender
from doorward.flows.errors import SessionAal1Required, SessionAlreadyAvailable, minutes
from doorward.flows.exchange_code import LENIENT_YES, exchange_code
from doorward.flows.failed_step import FailedStep
from doorward.flows.form import FormProblem
from doorward.flows.login_contract import (
    AAL1,
    AAL2,
    Authenticated,
    EagerMethod,
    LoginForm,
    LoginMethod,
    LoginStage,
    LoginView,
    is_refresh,
    requested_aal,
)
from doorward.flows.login_effects import LoginEffects
from doorward.flows.login_form import rejected_login, vetoed_login
from doorward.flows.login_plan import LoginPlan
from doorward.flows.login_unverified import UnverifiedLogin
from doorward.flows.made_when_seen import MadeWhenSeen
from doorward.flows.messages import Catalogue
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Node
from doorward.flows.nodes import csrf_node
from doorward.flows.ordering import sort_login
from doorward.flows.organization import ORGANIZATION, asked_organization
from doorward.flows.payload import TRANSIENT, payload_of, payload_problems, read_payload
from doorward.flows.request import FieldTypes, FlowRequest
from doorward.flows.return_to import ReturnTargets, with_query
from doorward.flows.run_hooks import AskedPerson, DetouredPerson, HookRunner
from doorward.flows.sign_in import SignIn, sign_in, unstored
from doorward.flows.template_context import template_context
from doorward.flows.throttle import Throttle
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.events import Cause
from doorward.identities.factors import load_second_factors
from doorward.identities.model import Identity
from doorward.identities.normalise import normalise_identifier
from doorward.identities.render import public_identity
from doorward.identities.service import IdentityService
from doorward.identities.store import find_identity
from doorward.security.tokens import new_csrf_token
from doorward.sessions.aal import HIGHEST, is_enough
from doorward.sessions.render import session_json
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database

OWN_FIELDS: FieldTypes = {
    "method": "string",
    "csrf_token": "string",
    "identifier": "string",
    "transient_payload": "object",
}


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """`default_url` is where a browser goes after signing in, `method_urls` after a certain method.

    `required_aal` is `session.whoami.required_aal`; `is_code_factor`: mailed codes count as second factors.
    """

    kind: KindSettings
    targets: ReturnTargets
    base_url: str
    is_identifier_first: bool = False
    header_allowlist: tuple[str, ...] = ()
    default_url: str | None = None
    method_urls: Mapping[str, str] = field(default_factory=dict)
    required_aal: str = AAL1
    is_code_factor: bool = False
    has_legacy_verification_items: bool = False

    def default_for(self, method: str) -> str:
        return self.method_urls.get(method) or self.default_url or self.targets.default


@dataclass(frozen=True, slots=True)
class LoginParts:
    """Who stores, who asks the hooks."""

    database: Database
    identities: IdentityService
    sessions: SessionService
    hooks: HookRunner
    verifications: Verifications
    catalogue: Catalogue
    clock: Clock
    throttle: Throttle


class LoginRules:
    """The rules of the kind `login`."""

    kind = FlowKind.LOGIN

    def __init__(self, settings: LoginSettings, methods: Sequence[LoginMethod], parts: LoginParts) -> None:
        self._settings = settings
        self._methods = tuple(methods)
        self._eager_methods = tuple(each for each in self._methods if isinstance(each, EagerMethod))
        self._parts = parts

    @property
    def settings(self) -> KindSettings:
        return self._settings.kind

    # Starting

    def check_open(self) -> None:
        """It cannot be switched off."""

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Who is signed in signs in again only with `refresh=true` or for a higher level.

        Raises InvalidInput for an unknown level, SessionAal1Required, SessionAlreadyAvailable,
        SelfServiceFlowReturnToForbidden.
        """
        aal = _asked_aal(request)
        target = self._settings.targets.check(request.query.get("return_to", ""))
        if request.session is None:
            if aal == AAL2:
                raise SessionAal1Required
            return None
        if _wants_refresh(request) or (aal == AAL2 and request.session.aal != AAL2):
            return None
        # The type of a body that is not there changes nothing here (as in Kratos).
        if request.accepts_json or type_ is FlowType.API:
            raise SessionAlreadyAvailable
        return target

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow | Furnished:
        """The form, after the `before` hooks. Raises HookRefused, WebHookFailed, SchemaNotSelectable, Misconfigured."""
        shown = {
            **asked_organization(request.query),
            "refresh": request.session is not None and _wants_refresh(request),
            "requested_aal": _asked_aal(request),
            **exchange_code(flow.type, request, LENIENT_YES),
            **asked_schema(request.query),
        }
        schema = chosen_schema(self._parts.identities.schemas, request.query)
        schema.form_fields()
        flow = replace(flow, extra={**flow.extra, **shown})
        words = self._parts.catalogue.words(flow.language)
        stage = LoginStage.IDENTIFIER if self._starts_with_identifier(flow) else LoginStage.ONE_STEP
        identity = await self._signed_in(flow, request)
        view = LoginView(flow, stage, words, identity, _has_reached(request), ip_address=request.counted_address)
        flow = with_identifier_label(self._furnished(flow, view), schema, words)
        await self._parts.hooks.before(flow, lambda: self._begun(flow, request))
        begun = (each.begin(flow, view) for each in self._eager_methods)
        return next((each for each in begun if each is not None), flow)

    def _begun(self, flow: Flow, request: FlowRequest) -> dict[str, Any]:
        """What `before` hooks see. The flow is not stored yet, and says so (as in Kratos)."""
        context = template_context(flow, request, self._settings.header_allowlist)
        return {**context, "flow": {**context["flow"], "created_at": NO_TIME, "updated_at": NO_TIME}}

    def expired(self, old: Flow, new: Flow) -> Flow:
        """The new form, saying when the old one expired."""
        words = self._parts.catalogue.words(new.language)
        at = old.expires_at
        context = {"expired_at": at.isoformat(), "expired_at_unix": int(at.timestamp())}
        return new.with_ui(messages=[words.say(4010001, context, minutes=minutes(self._parts.clock.now(), at))])

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        return None

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> None:
        """A browser flow is for the browser that started it. Raises SecurityCsrfViolation."""
        check_reader(flow, request)

    # Submitting

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        """Who is signed in already is sent away, whatever the form asked to return to (as Kratos).

        Raises SessionAal1Required for a second factor without a first.
        """
        if requested_aal(flow) == AAL2 and request.session is None:
            raise SessionAal1Required
        if self._may_sign_in(flow, request) or request.is_json or flow.type is FlowType.API:
            return None
        return self._settings.targets.default

    async def submit(self, flow: Flow, request: FlowRequest) -> Rejection | Plan | MovedOn | Navigate | Reread:
        """Asks the method, asks the hooks: the plan of what to store, or the form again.

        Raises SecurityCsrfViolation, WebHookFailed, WebHookTimedOut.
        """
        words = self._parts.catalogue.words(flow.language)
        if not self._may_sign_in(flow, request):
            return rejected_login(flow, FormProblem(None, words.say(4000001, {"reason": SIGNED_IN})))
        body = await request.read(self._field_types())
        if body.problem is not None:
            return rejected_login(flow, FormProblem(None, words.say(4000001, {"reason": body.problem})))
        form = LoginForm(flow, request, body.values, words, await self._signed_in(flow, request))
        method = next((each for each in self._methods if each.is_mine(form)), None)
        typed = flow.with_ui(nodes=with_identifier(flow.ui.nodes, form.text("identifier")))
        if method is None:
            # Nobody looked at what was typed, but where a code has been taken already (as in Kratos).
            untouched = typed if flow.state is FlowState.PASSED_CHALLENGE else flow
            return rejected_login(untouched, FormProblem(None, words.say(4010002)))
        form = replace(form, flow=typed)
        problems = (*method.check(form), *payload_problems(read_payload(form.values), words))
        if problems:
            return rejected_login(typed, *problems)
        stranger = check_sender(flow, request, form.text("csrf_token"), words)
        if stranger is not None:
            return rejected_login(typed, stranger)
        return await self._decided(flow, form, method)

    async def _decided(self, fetched: Flow, form: LoginForm, method: LoginMethod) -> Rejection | Plan:
        person, ip_address = _attempted(form), form.request.counted_address
        is_signed_in = form.identity is not None
        place = await self._parts.throttle.admit(person, ip_address, is_signed_in=is_signed_in)
        form.request.closing.callback(place.leave)
        decision = await method.login(form)
        counted = self._parts.throttle.failed(person, ip_address, is_signed_in=is_signed_in)
        match decision:
            case Refused(problems):
                return replace(rejected_login(form.flow, *problems), writes=counted)
            case Rejection() if form.aal == AAL2:
                return replace(decision, writes=counted)
            case CodeMissed():
                return replace(decision, counted=counted)
            case Authenticated():
                place.leave()
                return await self._authenticated(replace(fetched, active=method.name), form, decision)
            case _:
                return decision

    async def _authenticated(self, flow: Flow, form: LoginForm, proof: Authenticated) -> Rejection | Plan:
        if not proof.identity.is_active:
            return rejected_login(flow, FormProblem(None, form.words.say(4010011)))
        request = form.request
        location = self._settings.targets.check(flow.return_to, self._settings.default_for(proof.method))
        entry = sign_in(self._parts.sessions, proof.identity, proof.method, proof.aal, request)
        seen = replace(flow, state=proof.state or flow.state)
        context = MadeWhenSeen(lambda: self._context(seen, form, entry, proof.identity))
        try:
            asked = await self._parts.hooks.after_person(
                flow,
                proof.method,
                proof.identity,
                lambda person: unstored(self._context(seen, form, entry, person), entry),
                self._parts.verifications.begun if form.aal == AAL1 else None,
            )
        except DoorwardError as failure:
            return FailedStep(flow, failure, self._parts.clock)
        if isinstance(asked, Veto):
            return vetoed_login(seen, *asked.problems)
        if isinstance(asked, DetouredPerson):
            return self._diverted(flow, form, proof, asked)
        csrf_cookie = new_csrf_token() if flow.type is FlowType.BROWSER else ""
        effects = self._effects(flow, form, asked, csrf_cookie)
        return LoginPlan(
            identities=self._parts.identities,
            clock=self._parts.clock,
            base_url=self._settings.base_url,
            flow=flow,
            words=form.words,
            proof=proof,
            sign_in=entry,
            cause=Cause("flow", str(self.kind), flow.id, proof.method, context, request.trace_id, flow.language),
            location=location,
            next_factor_url=await self._next_factor_url(flow, entry, proof.identity),
            csrf_cookie=csrf_cookie if entry.is_new or effects.started else "",
            effects=effects,
        )

    def _diverted(self, flow: Flow, form: LoginForm, proof: Authenticated, asked: DetouredPerson) -> Rejection | Plan:
        """Nobody is signed in who has proved no address: a code is sent, or the form just says so (the older way)."""
        if asked.detour is not Detour.VERIFY_FIRST:
            return rejected_login(flow, FormProblem(None, form.words.say(4000010)))
        verifications = self._parts.verifications
        origin = with_payload(flow, form)
        (first, *_) = verifications.start(asked.identity, origin, flow.csrf_token, is_demanded=True)
        return UnverifiedLogin(self._parts.identities, verifications, first, proof.writes)

    def _effects(self, flow: Flow, form: LoginForm, asked: AskedPerson, csrf_token: str) -> LoginEffects:
        """Codes are not sent at a second factor, and to the first address only by default, verification on or off."""
        parts, verifications = self._parts, self._parts.verifications
        started: tuple[StartedVerification, ...] = ()
        if Effect.START_VERIFICATION in asked.effects and form.aal == AAL1:
            started = verifications.start(asked.identity, with_payload(flow, form), csrf_token, is_demanded=True)
        shown, tells_all = verifications.marked(asked.identity, started), self._settings.has_legacy_verification_items
        return LoginEffects(parts.identities, parts.sessions, verifications, shown, asked.effects, started, tells_all)

    async def _next_factor_url(self, flow: Flow, entry: SignIn, identity: Identity) -> str:
        """Where somebody goes on whose session is not worth enough yet; "" where it is."""
        policy, reached = self._settings.required_aal, entry.issued.session.aal
        if policy != HIGHEST or reached == AAL2:
            return ""
        reader, is_code_factor = self._parts.database.reader, self._settings.is_code_factor
        factors = await load_second_factors(reader, identity.id, is_code_factor=is_code_factor)
        if is_enough(policy, reached, bool(factors)):
            return ""
        back = {"return_to": flow.return_to} if flow.return_to else {}
        return with_query(f"{self._settings.base_url.rstrip('/')}/self-service/login/browser", aal=AAL2, **back)

    # The form

    def _furnished(self, flow: Flow, view: LoginView) -> Flow:
        methods = () if flow.extra.get(ORGANIZATION) else self._methods
        own = [node for method in methods for node in method.nodes(view)]
        # A native client's form with nothing in it, or nothing but codes, has not even the CSRF field (as in Kratos).
        has_csrf = flow.type is FlowType.BROWSER or any(node.group not in OF_CODES for node in own)
        nodes: list[Node] = [*([csrf_node()] if has_csrf else []), *_once(own)]
        messages = []
        if view.is_refresh:
            messages.append(view.words.say(1010003))
        if view.aal == AAL2 and not view.is_reached:
            messages.append(view.words.say(1010004))
        return flow.with_ui(nodes=sort_login(nodes), messages=messages)

    def _starts_with_identifier(self, flow: Flow) -> bool:
        return self._settings.is_identifier_first and requested_aal(flow) == AAL1 and not is_refresh(flow)

    def _field_types(self) -> dict[str, str]:
        types = dict(OWN_FIELDS)
        for method in self._methods:
            types.update(method.fields)
        return types

    async def _signed_in(self, flow: Flow, request: FlowRequest) -> Identity | None:
        """Who proves again, with credentials; None at a first factor."""
        if request.session is None or not (is_refresh(flow) or requested_aal(flow) == AAL2):
            return None
        return await find_identity(self._parts.database.reader, request.session.identity_id, with_credentials=True)

    def _may_sign_in(self, flow: Flow, request: FlowRequest) -> bool:
        if request.session is None or is_refresh(flow):
            return True
        return requested_aal(flow) == AAL2 and request.session.aal != AAL2

    def _context(self, flow: Flow, form: LoginForm, entry: SignIn, identity: Identity) -> dict[str, Any]:
        """What hooks and actions see."""
        public = public_identity(identity, self._settings.base_url)
        now = self._parts.clock.now()
        return {
            **template_context(with_payload(flow, form), form.request, self._settings.header_allowlist),
            "identity": public,
            "session": session_json(entry.issued.session, public, True, now),
        }


OF_CODES = ("default", "code")
NO_TIME = "0001-01-01T00:00:00Z"
SIGNED_IN = "Somebody is signed in already. Sign out first, or start a form that asks again."


def _attempted(form: LoginForm) -> str:
    """Whose account is tried: who is signed in already, else what was typed, account or not."""
    return str(form.identity.id) if form.identity else normalise_identifier(form.text("identifier"))


def _asked_aal(request: FlowRequest) -> str:
    aal = request.query.get("aal", "") or AAL1
    if aal not in (AAL1, AAL2):
        raise InvalidInput("The requested assurance level has to be aal1 or aal2.")
    return aal


def _has_reached(request: FlowRequest) -> bool:
    return request.session is not None and request.session.aal == AAL2


def _wants_refresh(request: FlowRequest) -> bool:
    return request.query.get("refresh", "") in LENIENT_YES


def _once(nodes: Sequence[Node]) -> list[Node]:
    """Several methods ask for the same field: the first one's is shown."""
    kept: dict[tuple[str, str], Node] = {}
    for node in nodes:
        value = str(node.attributes.get("value", "")) if node.attributes.get("type") == "submit" else ""
        kept.setdefault((node.name, value), node)
    return list(kept.values())


def with_payload(flow: Flow, form: LoginForm) -> Flow:
    """The flow as hooks and templates see it: with what the client passes on to them."""
    payload = payload_of(form.values)
    # Where none was sent Kratos shows an empty one, but for the one method that drops them.
    is_shown = payload or flow.active != "lookup_secret"
    return replace(flow, extra={**flow.extra, TRANSIENT: payload}) if is_shown else flow
