"""Changing one's own account: who may, whether it takes a fresh sign-in, what has to be true before it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import MovedOn, Navigate, Reread, Stored, Why
from doorward.flows.continuity import PausedStep, step_name
from doorward.flows.contract import KindSettings, Plan, Refused, Rejection, Veto
from doorward.flows.csrf import check_sender
from doorward.flows.errors import SessionRefreshRequired, minutes
from doorward.flows.form import FormProblem, trait_values, with_problems, with_values
from doorward.flows.messages import Catalogue
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.flows.payload import TRANSIENT, payload_of, payload_problems, read_payload
from doorward.flows.pending_changes import PendingChange, digest_of
from doorward.flows.request import FieldTypes, FlowRequest, SubmittedBody
from doorward.flows.return_to import ReturnTargets, with_flow, with_query
from doorward.flows.run_hooks import Detoured, HookRunner, Objection
from doorward.flows.settings_access import SettingsAccess
from doorward.flows.settings_context import AsSeen, Patched, SettingsSight
from doorward.flows.settings_contract import (
    CheckedMethod,
    Redisplayed,
    RefusedForm,
    Revised,
    SettingsForm,
    SettingsMethod,
)
from doorward.flows.settings_effects import SettingsEffects
from doorward.flows.settings_form import sort_settings
from doorward.flows.settings_pending import PendingPlan
from doorward.flows.settings_plan import PausePlan, SettingsPlan, SettingsWriters
from doorward.flows.violations import problems_of
from doorward.identities.draft import Draft
from doorward.identities.events import Cause
from doorward.identities.model import Identity
from doorward.identities.schema import InvalidTraits
from doorward.sessions.model import Session
from doorward.storage.contract import Transaction

OWN_FIELDS: FieldTypes = {"method": "string", "csrf_token": "string", "transient_payload": "object"}


@dataclass(frozen=True, slots=True)
class SettingsSettings:
    """`default_url` is where a browser goes after a change, `method_urls` after one of a certain method."""

    kind: KindSettings
    targets: ReturnTargets
    base_url: str
    header_allowlist: tuple[str, ...] = ()
    default_url: str | None = None
    method_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsParts:
    """Who lets in, stores, asks the hooks."""

    access: SettingsAccess
    writers: SettingsWriters
    hooks: HookRunner
    catalogue: Catalogue
    clock: Clock


@dataclass(frozen=True, slots=True)
class RedisplayPlan:
    """The form with more in it, and nothing changed yet."""

    flow: Flow
    clock: Clock

    async def write(self, tx: Transaction) -> None:
        await store.update_flow(tx, self.flow, self.clock.now())

    async def conclude(self, written: None) -> Stored:
        return Stored(self.flow, Why.ADVANCED)

    def refused(self, error: DoorwardError) -> Flow | None:
        return None


class SettingsRules:
    """The rules of the kind `settings`."""

    kind = FlowKind.SETTINGS

    def __init__(self, settings: SettingsSettings, methods: Sequence[SettingsMethod], parts: SettingsParts) -> None:
        self._settings = settings
        self._methods = tuple(methods)
        self._parts = parts
        self._sight = SettingsSight(settings.base_url, settings.header_allowlist, parts.clock)

    @property
    def settings(self) -> KindSettings:
        return self._settings.kind

    # Starting

    def check_open(self) -> None:
        """It cannot be switched off."""

    async def check_start(self, type_: FlowType, request: FlowRequest) -> str | None:
        """Nobody changes anything without being signed in; a browser is sent to do that first.

        Raises SelfServiceFlowReturnToForbidden.
        """
        if request.session is None and type_ is FlowType.BROWSER and not request.is_json:
            return_to = request.query.get("return_to", "")
            login = f"{self._settings.base_url.rstrip('/')}/self-service/login/browser"
            return with_query(login, return_to=return_to) if return_to else login
        if request.session is not None:
            self._settings.targets.check(request.query.get("return_to", ""))
        return None

    async def furnish(self, flow: Flow, request: FlowRequest) -> Flow:
        """The form of whoever is signed in. Raises SessionInactive, SessionAal2Required, HookRefused."""
        is_browser = flow.type is FlowType.BROWSER
        identity = await self._parts.access.of_starter(request, is_browser=is_browser)
        words, forms = self._parts.catalogue.words(flow.language), self._parts.writers.forms
        bare = forms.bare(flow, identity)
        await self._parts.hooks.before(bare, lambda: self._sight.of_beginning(bare, request, identity))
        return forms.furnished(bare, identity, words)

    def expired(self, old: Flow, new: Flow) -> Flow:
        """Tells how long ago the other one ended."""
        words = self._parts.catalogue.words(new.language)
        at = old.expires_at
        context = {"expired_at": at.isoformat(), "expired_at_unix": int(at.timestamp())}
        return new.with_ui(messages=[words.say(4050001, context, minutes=minutes(self._parts.clock.now(), at))])

    def after_expiry(self, old: Flow, new: Flow, request: FlowRequest) -> Reread | None:
        return None

    async def check_fetch(self, flow: Flow, request: FlowRequest) -> Flow:
        """The flow with its person: whoever is signed in as its owner may see it, in any browser (as in Kratos).

        Raises SessionMissing, SecurityIdentityMismatch, SessionAal2Required.
        """
        identity = await self._parts.access.of_reader(flow, request)
        return self._parts.writers.forms.seen(flow, identity)

    # Submitting

    async def check_submit(self, flow: Flow, request: FlowRequest) -> str | None:
        """Whose form it is matters only where it has not expired (as in Kratos): who submits gets one of their own.

        Raises SessionMissing, SessionAal2Required.
        """
        await self._parts.access.of_visitor(request)
        return None

    async def submit(self, flow: Flow, request: FlowRequest) -> Rejection | Plan | MovedOn | Navigate | Reread:
        """Asks the method, asks the hooks: the plan of what to store, or the form again.

        Raises SecurityCsrfViolation, SessionRefreshRequired, UnreadableSubmission, WebHookFailed, WebHookTimedOut.
        """
        identity = await self._parts.access.of_sender(flow, request)
        flow = self._parts.writers.forms.seen(flow, identity)
        words = self._parts.catalogue.words(flow.language)
        resumed = await self._resumed(flow, request, identity)
        body = await self._read(request, identity) if resumed is None else SubmittedBody(resumed.values)
        if body.problem is not None:
            return _rejected(flow, FormProblem(None, words.say(4000001, {"reason": body.problem})))
        schema = self._parts.writers.identities.schemas.get_schema(identity.schema_id)
        memory = self._parts.writers.forms.veil.memory_of(flow)
        form = SettingsForm(flow, request, body.values, words, identity, schema, memory)
        method = next((each for each in self._methods if each.is_mine(form)), None)
        if method is None:
            return _rejected(flow, FormProblem(None, words.say(4010004)))
        if resumed is None and isinstance(method, CheckedMethod):
            match method.check(form):
                case Refused(problems):
                    return _rejected(flow, *problems)
                case RefusedForm(refused):
                    return Rejection(refused)
        stranger = None if resumed else check_sender(flow, request, form.text("csrf_token"), words)
        if stranger is not None:
            return _rejected(flow, stranger)
        return await self._decided(form, method, resumed)

    async def _decided(
        self, form: SettingsForm, method: SettingsMethod, resumed: PausedStep | None
    ) -> Rejection | Plan:
        session = form.request.session
        assert session is not None
        if method.is_privileged(form) and not self._parts.access.is_fresh(session):
            return self._paused(form, method)
        decision = await method.revise(form)
        problems = payload_problems(read_payload(form.values), form.words)
        if problems and isinstance(decision, Revised | Redisplayed):
            return _rejected(form.flow, *problems)
        match decision:
            case Refused(problems):
                return _rejected(form.flow, *problems)
            case RefusedForm(flow):
                return Rejection(flow)
            case Redisplayed(flow, memory):
                return RedisplayPlan(self._parts.writers.forms.redisplayed(flow, memory), self._parts.clock)
            case Revised():
                return await self._revised(form, method, decision, session, resumed)

    def _paused(self, form: SettingsForm, method: SettingsMethod) -> Plan:
        """A browser comes back to it; a native client has to send it again. Raises SessionRefreshRequired."""
        location = self._parts.access.refresh_url(form.request)
        if form.flow.type is FlowType.API:
            raise SessionRefreshRequired(location)
        continuity = self._parts.writers.continuity
        step = continuity.step(step_name(self.kind, method.name), form.flow.id, form.identity.id, form.values)
        return PausePlan(continuity, step, form.request.continuity, location)

    async def _revised(
        self, form: SettingsForm, method: SettingsMethod, revised: Revised, session: Session, resumed: PausedStep | None
    ) -> Rejection | Plan:
        flow, words, identities = revised.typed or form.flow, form.words, self._parts.writers.identities
        try:
            draft = identities.preview(form.identity, revised.edit, revised.consents)
        except InvalidTraits as invalid:
            return _rejected(flow, *problems_of(invalid.violations, form.values.get("traits"), words))
        revised = replace(revised, edit=AsSeen(revised.edit, form.identity, draft))
        seen = self._sight.of_change(flow, form)
        asked = await self._parts.hooks.after(
            flow, method.name, draft, seen, identities.redraft, words, before=form.identity
        )
        if isinstance(asked, Objection):
            flow = replace(flow, ui=with_values(flow.ui, trait_values(asked.draft.identity.traits)))
        if isinstance(asked, Veto):
            return _vetoed(flow, asked)
        if isinstance(asked, Detoured):
            return self._pending(form, method, revised, session, draft, asked)
        if asked.draft is not draft:
            # What nobody may do without a recent sign-in a target may not do for them either (as in Kratos).
            self._parts.access.check_fresh(session, form.request, draft.identity, asked.draft.identity)
            revised = replace(revised, edit=Patched(revised.edit, asked.draft))
        fresh = await self._fresh(form, asked.draft.identity)
        finished = self._parts.writers.forms.finished(flow, fresh, words)
        # In the flow stands the person who asked, as in Kratos; beside it, the one who was stored.
        context = self._sight.of_change(replace(finished, beside=flow.beside), form).context
        cause = Cause("flow", str(self.kind), flow.id, method.name, context, form.request.trace_id, flow.language)
        return SettingsPlan(
            writers=self._parts.writers,
            flow=flow,
            fresh=fresh,
            request=form.request,
            session=session,
            words=words,
            revised=revised,
            cause=cause,
            location=self._location(flow, method.name),
            effects=SettingsEffects(self._parts.writers.effects, asked.effects),
            resumed=resumed,
        )

    def _pending(
        self,
        form: SettingsForm,
        method: SettingsMethod,
        revised: Revised,
        session: Session,
        wanted: Draft,
        asked: Detoured,
    ) -> Rejection | Plan:
        """A new address is proved before anything is stored, one at a time."""
        flow, tools = revised.typed or form.flow, self._parts.writers.pending
        had = {(each.via, each.value) for each in form.identity.verifiable_addresses}
        new = [each for each in wanted.identity.verifiable_addresses if (each.via, each.value) not in had]
        if len(new) != 1:
            return RedisplayPlan(flow.with_ui(messages=[form.words.say(4050002)]), self._parts.clock)
        payload = payload_of(form.values)
        subject = replace(form.identity, verifiable_addresses=(new[0],))
        origin = replace(flow, extra={**flow.extra, TRANSIENT: payload})
        (started,) = tools.verifications.start(subject, origin, flow.csrf_token, is_demanded=True)
        change = PendingChange(
            verification_flow_id=started.flow.id,
            identity_id=form.identity.id,
            session_id=session.id,
            settings_flow_id=flow.id,
            traits_digest=digest_of(form.identity.traits),
            method=method.name,
            via=new[0].via,
            address=new[0].value,
            traits=asked.draft.identity.traits,
            consents=revised.consents,
            transient_payload=payload,
        )
        return PendingPlan(tools, flow, started, change, form.words)

    async def _fresh(self, form: SettingsForm, identity: Identity) -> Flow:
        """The next form. As it begins here, its `before` hooks are asked too (as in Kratos); their no comes in time."""
        fresh = self._parts.writers.forms.make(
            identity, form.flow.type, form.words, request_url=form.request.url, csrf_token=form.flow.csrf_token
        )
        bare = fresh.with_ui(nodes=())
        await self._parts.hooks.before(
            bare, lambda: self._sight.of_beginning(bare, form.request, form.identity), is_submit=True
        )
        return fresh

    async def _resumed(self, flow: Flow, request: FlowRequest, identity: Identity) -> PausedStep | None:
        """What this browser was in the middle of, when it comes back from signing in again."""
        if request.method != "GET" or flow.type is not FlowType.BROWSER:
            return None
        continuity, reader = self._parts.writers.continuity, self._parts.access.database.reader
        for method in self._methods:
            step = await continuity.find(
                reader, request.continuity, step_name(self.kind, method.name), flow.id, identity.id
            )
            if step is not None:
                return step
        return None

    async def _read(self, request: FlowRequest, identity: Identity) -> SubmittedBody:
        if request.method == "GET":
            # A link must not change anything; it may only take up what was paused.
            return SubmittedBody()
        types = dict(OWN_FIELDS)
        for method in self._methods:
            types.update(method.fields)
        schema = self._parts.writers.identities.schemas.get_schema(identity.schema_id)
        types.update({each.name: each.form_type for each in schema.fields})
        return await request.read(types)

    def _location(self, flow: Flow, method: str) -> str:
        default = self._settings.method_urls.get(method) or self._settings.default_url
        return self._settings.targets.check(flow.return_to, default or with_flow(self.settings.page_url, flow.id))


def _rejected(flow: Flow, *problems: FormProblem) -> Rejection:
    return Rejection(replace(flow, ui=with_problems(flow.ui, problems)))


def _vetoed(flow: Flow, veto: Veto) -> Rejection:
    """What hooks say about the whole form is added to what stands there (as in Kratos)."""
    ui = with_problems(flow.ui, veto.problems)
    messages = (*flow.ui.messages, *ui.messages)
    return Rejection(replace(flow, ui=replace(ui, nodes=sort_settings(ui.nodes), messages=messages)))
