"""Runs flows of every kind: start, fetch, submit. Owns the one transaction of each; nothing slow happens inside it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.answers import Answer, MovedOn, Navigate, Reread, Shown, Stored, Why
from doorward.flows.contract import FlowRules, Furnished, QuietlyRenewed, Rejection, Write
from doorward.flows.errors import (
    FlowIdMissing,
    FlowNotFound,
    SelfServiceFlowExpired,
    SessionAlreadyAvailable,
    SessionMissing,
    TooManyMessages,
)
from doorward.flows.form import FormProblem, with_problems
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.model import Flow, FlowKind, FlowType
from doorward.flows.render import flow_json
from doorward.flows.request import FlowRequest
from doorward.flows.return_to import with_flow, with_query
from doorward.flows.throttle_messages import ASKED_TOO_OFTEN
from doorward.ids import find_uuid
from doorward.storage.contract import Database, Transaction

NO_ID = UUID(int=0)
# Kratos names the expiry of a form that is fetched for some kinds only.
NAMELESS_EXPIRY = {
    FlowType.API: (FlowKind.SETTINGS, FlowKind.VERIFICATION),
    FlowType.BROWSER: (FlowKind.SETTINGS, FlowKind.VERIFICATION, FlowKind.RECOVERY),
}


EXPIRED = "This form has expired. Start a new one that asks again."
GONE = "This form is not there any more. Start a new one."


class FlowEngine:
    """One per process."""

    def __init__(
        self, database: Database, rules: Iterable[FlowRules], catalogue: Catalogue, clock: Clock, base_url: str
    ) -> None:
        self._database = database
        self._rules = {each.kind: each for each in rules}
        self._catalogue = catalogue
        self._clock = clock
        self._maker = FlowMaker(base_url, clock)

    async def start(self, kind: FlowKind, type_: FlowType, request: FlowRequest) -> Shown | MovedOn:
        """A new flow, stored. Raises SelfServiceFlowDisabled, SessionAlreadyAvailable,
        SelfServiceFlowReturnToForbidden, SchemaNotSelectable, HookRefused.
        """
        rules = self._rules[kind]
        target = await rules.check_start(type_, request)
        if target is not None:
            return MovedOn(target)
        flow, writes = _parts(await rules.furnish(self._new_flow(rules, type_, request), request))
        await self._insert(flow, writes)
        return self._shown(Why.STARTED, flow)

    async def fetch(self, kind: FlowKind, flow_id: str, request: FlowRequest) -> Shown:
        """A flow for the page that shows it.

        Raises SessionMissing, FlowNotFound, SecurityCsrfViolation, SelfServiceFlowExpired, and what closed kinds say.
        """
        self._rules[kind].check_open()
        _check_signed_in(self._rules[kind], request)
        flow = await self._find(kind, flow_id)
        if flow is None:
            raise FlowNotFound
        flow = await self._rules[kind].check_fetch(flow, request) or flow
        now = self._clock.now()
        if flow.is_expired(now):
            has_id = flow.kind not in NAMELESS_EXPIRY.get(flow.type, ())
            raise SelfServiceFlowExpired(flow.expires_at, now, has_id=has_id, **self._where_to_start(flow))
        return self._shown(Why.FETCHED, flow)

    async def is_native(self, kind: FlowKind, flow_id: str) -> bool:
        """Whether a flow was started for a native app; not if it is not there."""
        flow = await self._find(kind, flow_id)
        return flow is not None and flow.type is FlowType.API

    async def submit(self, kind: FlowKind, request: FlowRequest) -> Answer:
        """Decides about a submission and stores all that follows from it in one commit.

        Raises SessionMissing, FlowIdMissing, FlowNotFound, SessionAlreadyAvailable, SelfServiceFlowExpired (with the
        new flow's id), SecurityCsrfViolation, UnreadableSubmission, WebHookFailed, and the database's Unavailable.
        """
        with request.closing:
            return await self._submitted(self._rules[kind], request)

    async def _submitted(self, rules: FlowRules, request: FlowRequest) -> Answer:
        _check_signed_in(rules, request)
        kind = rules.kind
        flow = await self._find(kind, request.query.get("flow", ""), is_submit=True)
        if flow is None:
            raise FlowNotFound() if kind in (FlowKind.LOGIN, FlowKind.REGISTRATION) else FlowNotFound(GONE)
        target = await rules.check_submit(flow, request)
        if target is not None:
            return MovedOn(target)
        if flow.is_expired(self._clock.now()):
            return await self._replaced(rules, flow, request)
        step = await rules.submit(flow, request)
        if isinstance(step, Rejection):
            return await self._rejected(step.flow, step.why, step.writes, reveals_csrf=_may_send(request, kind))
        if isinstance(step, MovedOn | Navigate | Reread):
            return step
        try:
            written = await self._database.transaction(step.write)
        except DoorwardError as error:
            refused = self._asked_too_often(flow, error) or step.refused(error)
            if refused is None:
                raise
            return await self._rejected(refused)
        concluded = await step.conclude(written)
        if isinstance(concluded, Flow):
            return await self._rejected(concluded)
        return self._shown(concluded.why, concluded.flow) if isinstance(concluded, Stored) else concluded

    def _new_flow(self, rules: FlowRules, type_: FlowType, request: FlowRequest) -> Flow:
        return self._maker.make(
            rules.kind,
            type_,
            rules.settings.lifespan,
            request_url=request.url,
            csrf_token=request.csrf_cookie if type_ is FlowType.BROWSER else "",
            language=self._catalogue.choose(request.header("accept-language")),
        )

    async def _replaced(self, rules: FlowRules, old: Flow, request: FlowRequest) -> Shown | Reread:
        """A new flow that says why it is there. Raises SelfServiceFlowExpired for clients that want JSON."""
        asked = replace(request, query={})
        if not await _may_start(rules, old.type, asked):
            return await self._rejected(self._outlived(old))
        bare = self._new_flow(rules, old.type, asked)
        made = rules.renewed(bare) if isinstance(rules, QuietlyRenewed) else await rules.furnish(bare, asked)
        flow, writes = _parts(made)
        # Hooks have seen this submit's address; from here on it is the one that the old form was asked for with.
        fresh = rules.expired(old, replace(flow, request_url=old.request_url))
        await self._insert(fresh, writes)
        answer = rules.after_expiry(old, fresh, request)
        if answer is not None:
            return answer
        if request.is_json or old.type is FlowType.API:
            raise SelfServiceFlowExpired(old.expires_at, self._clock.now(), fresh.id)
        return self._shown(Why.REPLACED, fresh)

    def _outlived(self, old: Flow) -> Flow:
        """The form of somebody who may not start another one: only signing in again, which this form was for."""
        said = self._catalogue.words(old.language).say(4000001, {"reason": EXPIRED})
        return replace(old, ui=with_problems(old.ui, [FormProblem(None, said)]))

    def _asked_too_often(self, flow: Flow, error: DoorwardError) -> Flow | None:
        """The form as it was, whichever kind it is: a code that was sent before is good yet."""
        if not isinstance(error, TooManyMessages):
            return None
        said = self._catalogue.words(flow.language).say(4000001, {"reason": ASKED_TOO_OFTEN})
        return replace(flow, ui=with_problems(flow.ui, [FormProblem(None, said)]))

    async def _rejected(
        self, flow: Flow, why: Why = Why.REJECTED, writes: Sequence[Write] = (), *, reveals_csrf: bool = True
    ) -> Shown:
        now = self._clock.now()

        async def write(tx: Transaction) -> None:
            for each in writes:
                await each(tx)
            await store.update_flow(tx, flow, now)

        await self._database.transaction(write)
        return self._shown(why, flow, reveals_csrf=reveals_csrf)

    async def _insert(self, flow: Flow, writes: Sequence[Write]) -> None:
        async def write(tx: Transaction) -> None:
            await store.insert_flow(tx, flow)
            for each in writes:
                await each(tx)

        # A form alone promises nothing yet: after a power cut the person starts again.
        await self._database.transaction(write, is_durable=bool(writes))

    async def _find(self, kind: FlowKind, text: str, *, is_submit: bool = False) -> Flow | None:
        flow_id = find_uuid(text) or NO_ID
        if flow_id == NO_ID and is_submit:
            raise FlowIdMissing
        return await store.find_flow(self._database.reader, flow_id, kind)

    def _shown(self, why: Why, flow: Flow, *, reveals_csrf: bool = True) -> Shown:
        page = self._rules[flow.kind].settings.page_url
        return Shown(why, flow, flow_json(flow, reveals_csrf=reveals_csrf), with_flow(page, flow.id))

    def _where_to_start(self, flow: Flow) -> dict[str, Any]:
        start = self._maker.submit_url(flow.kind)
        if flow.type is FlowType.API:
            return {"api": f"{start}/api"}
        start += "/browser"
        return_to = flow.return_to
        return {"redirect_to": with_query(start, return_to=return_to) if return_to else start, "return_to": return_to}


async def _may_start(rules: FlowRules, type_: FlowType, request: FlowRequest) -> bool:
    try:
        return await rules.check_start(type_, request) is None
    except SessionAlreadyAvailable:
        return False


def _parts(made: Flow | Furnished) -> tuple[Flow, Sequence[Write]]:
    return (made.flow, made.writes) if isinstance(made, Furnished) else (made, ())


def _may_send(request: FlowRequest, kind: FlowKind) -> bool:
    """A stranger's registration form is shown without the token that would send it (as in Kratos)."""
    return kind is not FlowKind.REGISTRATION or bool(request.csrf_cookie)


def _check_signed_in(rules: FlowRules, request: FlowRequest) -> None:
    """Before a flow is looked for: who is not signed in does not even learn whether it is there."""
    if rules.settings.needs_session and request.session is None:
        raise SessionMissing(rules.settings.sign_in_url)
