"""Self-service flows over HTTP: start, fetch, submit. Statuses and redirects are Kratos's; the rules are in `flows`.

https://www.ory.sh/docs/kratos/reference/api (frontend)
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.public.flow_results import FlowResults, NotedBody
from doorward.errors import DoorwardError
from doorward.flows.answers import Answer, Diverted, Done, MovedOn, Navigate, Reread, Shown, SignInAgain, Why
from doorward.flows.continuity import Held, forgotten_steps
from doorward.flows.engine import FlowEngine
from doorward.flows.errors import (
    BrowserLocationChangeRequired,
    FailedAfterwards,
    RecoveryClosed,
    SecurityCsrfViolation,
    SelfServiceFlowDisabled,
    SessionMissing,
    SessionRefreshRequired,
    VerificationClosed,
    WebHookFailed,
)
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.run_hooks import HookRefused
from doorward.web.error_pages import ErrorPages
from doorward.web.flow_request import first_values, flow_request
from doorward.web.negotiate import is_json_client
from doorward.web.operation import Operation, operation
from doorward.web.problems import json_problem
from doorward.web.responses import json_answer, redirect
from doorward.web.site import Site

FOUND, SEE_OTHER = 302, 303
# Kratos answers a rejected registration form with 302, and every other kind's with 303.
REFUSED = (Why.REJECTED, Why.CHALLENGED)
REJECTED_STATUS = {FlowKind.REGISTRATION: FOUND}

Endpoint = Callable[[Request], Awaitable[Response]]
Exceptions = Sequence[tuple[type[DoorwardError] | tuple[type[DoorwardError], ...], bool | None]]

# Told as the client wants it, wherever it comes up (as in Kratos).
CLOSED = (VerificationClosed, RecoveryClosed)
OF_HOOKS = (HookRefused, WebHookFailed)

TAG = "self-service"
START_QUERY = {
    "return_to": "Where the browser goes afterwards; has to be allowed by the configuration.",
    "identity_schema": "Another identity schema, if it may be chosen.",
    "after_verification_return_to": "Where the browser goes after proving the address.",
}
REFUSALS = {400: "Closed, signed in already, or a return_to that is not allowed."}


class FlowEndpoints:
    """The routes of one kind of flow."""

    def __init__(
        self, kind: FlowKind, engine: FlowEngine, site: Site, errors: ErrorPages, results: FlowResults
    ) -> None:
        self._kind = kind
        self._engine = engine
        self._site = site
        self._errors = errors
        self._results = results

    def routes(self) -> list[Route]:
        """`/self-service/KIND/api`, `/browser`, `/flows`, and the submit."""
        base = f"/self-service/{self._kind}"
        # Kratos answers a verification that cannot start with JSON, browsers too.
        as_json = True if self._kind is FlowKind.VERIFICATION else None
        # And a recovery that a hook keeps from starting.
        of_hooks = True if self._kind is FlowKind.RECOVERY else as_json
        # A form is fetched by programs; browsers are sent on from settings only, to sign in.
        is_fetch_json = None if self._kind is FlowKind.SETTINGS else True
        return [
            Route(f"{base}/api", self._guarded(self._start_api, as_json=True, but=[(CLOSED, None)]), methods=["GET"]),
            Route(
                f"{base}/browser",
                self._guarded(self._start_browser, as_json=as_json, but=[(CLOSED, None), (OF_HOOKS, of_hooks)]),
                methods=["GET"],
            ),
            Route(
                f"{base}/flows",
                self._guarded(
                    self._fetch, as_json=is_fetch_json, but=[(CLOSED, None), (SelfServiceFlowDisabled, None)]
                ),
                methods=["GET"],
            ),
            Route(base, self._guarded(self._submit, is_submit=True), methods=["POST", "GET"]),
        ]

    @operation(Operation(TAG, {200: "The flow.", **REFUSALS}, query=START_QUERY))
    async def _start_api(self, request: Request) -> Response:
        """Starts a flow for a native app, which uses neither cookies nor redirects."""
        answer = await self._engine.start(self._kind, FlowType.API, await flow_request(request, self._site))
        self._results.began(self._kind, answer)
        return self._answered(request, answer, is_json=True)

    @operation(
        Operation(TAG, {200: "The flow, for JSON.", 303: "To the page with the form.", **REFUSALS}, query=START_QUERY)
    )
    async def _start_browser(self, request: Request) -> Response:
        """Starts a flow for a browser."""
        asked = await flow_request(request, self._site)
        answer = await self._engine.start(self._kind, FlowType.BROWSER, asked)
        self._results.began(self._kind, answer)
        # A Content-Type on a GET makes errors JSON, but not the flow (as in Kratos).
        response = self._answered(request, answer, is_json=asked.accepts_json)
        return self._with_continuity(response, *forgotten_steps(self._kind, asked.continuity))

    @operation(
        Operation(
            TAG,
            {200: "The flow.", 403: "Another browser's.", 404: "Not there.", 410: "Expired; start again."},
            query={"id": "The flow's id."},
        )
    )
    async def _fetch(self, request: Request) -> Response:
        """A flow with its form, for the page that shows it."""
        asked = await flow_request(request, self._site)
        return self._answered(request, await self._engine.fetch(self._kind, asked.query.get("id", ""), asked), True)

    @operation(
        Operation(
            TAG,
            {
                200: "Done: identity, session and what to do next.",
                302: "The form again (registration), to the page that shows it.",
                303: "Done, or the form again.",
                400: "The flow, with messages beside the fields, or with its next step.",
                403: "The CSRF token is not the cookie's.",
                410: "Expired; use_flow_id names the flow that takes its place.",
                502: "A web_hook failed.",
            },
            query={"flow": "The flow's id."},
            body="The form's fields by the names of its nodes, dotted or nested.",
        )
    )
    async def _submit(self, request: Request) -> Response:
        """Submits a form."""
        asked = await flow_request(request, self._site)
        body = NotedBody(asked.read)
        try:
            answer = await self._engine.submit(self._kind, replace(asked, read=body.read))
        except DoorwardError as raised:
            error = raised.error if isinstance(raised, FailedAfterwards) else raised
            self._results.failed(self._kind, body.method, error)
            raise
        self._results.submitted(self._kind, body.method, answer)
        return self._answered(request, answer, is_json_client(request.headers))

    def _answered(self, request: Request, answer: Answer, is_json: bool) -> Response:
        match answer:
            case Diverted(flow, problem, location):
                is_program = is_json or flow.type is FlowType.API
                return json_problem(problem) if is_program else redirect(request, location)
            case SignInAgain():
                return self._paused(request, answer, is_json)
            case Shown():
                return self._shown(request, answer, is_json)
            case MovedOn(location):
                # A recovery that is not needed, and a form that is not needed any more, are 302.
                is_start = request.url.path.endswith("/browser") and self._kind is not FlowKind.RECOVERY
                is_other = is_start or self._kind is FlowKind.LOGIN
                return redirect(request, location, SEE_OTHER if is_other else FOUND)
            case Navigate():
                return self._navigated(request, answer, is_json)
            case Reread():
                return self._reread(request, answer, is_json)
            case Done():
                return self._done(request, answer, is_json)

    def _shown(self, request: Request, shown: Shown, is_json: bool) -> Response:
        # A further step, and all that is right with a verification (its link is followed in a browser), is for a page
        # wherever JSON was not asked for, whoever began the form (as in Kratos).
        is_advanced = self._kind is FlowKind.VERIFICATION and shown.why is Why.ADVANCED
        is_native = shown.flow.type is FlowType.API and not is_advanced and shown.why is not Why.CHALLENGED
        if is_json or is_native:
            return json_answer(shown.body, 400 if shown.why in REFUSED else 200)
        status = REJECTED_STATUS.get(self._kind, SEE_OTHER) if shown.why is Why.REJECTED else SEE_OTHER
        return redirect(request, shown.page_url, status)

    def _done(self, request: Request, done: Done, is_json: bool) -> Response:
        if is_json or done.flow.type is FlowType.API:
            response = json_answer(done.body)
        else:
            response = redirect(request, done.location)
        return self._with_continuity(self._with_cookies(response, done), *done.continuity)

    def _navigated(self, request: Request, answer: Navigate, is_json: bool) -> Response:
        if is_json and not answer.is_plain:
            response = json_problem(BrowserLocationChangeRequired(answer.location))
        else:
            response = redirect(request, answer.location)
        return self._with_cookies(response, answer)

    def _reread(self, request: Request, answer: Reread, is_json: bool) -> Response:
        is_native = answer.goes_by_type and answer.flow.type is FlowType.API
        if (is_json or is_native) and not answer.is_plain:
            fetch = f"{self._site.base_url}self-service/{self._kind}/flows?id={answer.flow.id}"
            response = json_problem(answer.problem) if answer.problem else redirect(request, fetch)
        else:
            response = redirect(request, answer.page_url)
        return self._with_cookies(response, answer)

    def _paused(self, request: Request, answer: SignInAgain, is_json: bool) -> Response:
        if is_json:
            response = json_problem(SessionRefreshRequired(answer.location))
        else:
            response = redirect(request, answer.location)
        return self._with_continuity(response, answer.continuity)

    def _with_continuity(self, response: Response, *held: Held) -> Response:
        for each in held:
            response.headers.append("set-cookie", self._site.cookies.continuity(each, self._site.clock.now()))
        return response

    def _with_cookies(self, response: Response, done: Done | Navigate | Reread) -> Response:
        cookies = self._site.cookies
        if done.csrf_cookie:
            response.headers.append("set-cookie", cookies.csrf(done.csrf_cookie))
        if not isinstance(done, Reread) and done.cookie is not None:
            session = cookies.session(done.cookie.token, done.cookie.session.expires_at, self._site.clock.now())
            response.headers.append("set-cookie", session)
        return response

    def _guarded(
        self, endpoint: Endpoint, *, as_json: bool | None = None, but: Exceptions = (), is_submit: bool = False
    ) -> Endpoint:
        """`as_json` as in ErrorPages.answer; `but` for errors of certain kinds."""

        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                return await endpoint(request)
            except DoorwardError as raised:
                error = raised.error if isinstance(raised, FailedAfterwards) else raised
                told = next((told for kinds, told in but if isinstance(error, kinds)), as_json)
                if is_submit and await self._is_for_app(request, error):
                    told = True
                response = await self._errors.answer(request, error, as_json=told)
                if isinstance(raised, SecurityCsrfViolation | FailedAfterwards) and raised.csrf_cookie:
                    response.headers.append("set-cookie", self._site.cookies.csrf(raised.csrf_cookie))
                return response

        return guarded

    async def _is_for_app(self, request: Request, error: DoorwardError) -> bool:
        """An app has no error page: what is wrong with its form is told as JSON, whatever it says that it accepts.

        Whether anybody is signed in at all is asked before the form is looked for (as in Kratos).
        """
        if isinstance(error, SessionMissing) or is_json_client(request.headers):
            return False
        try:
            return await self._engine.is_native(self._kind, first_values(request).get("flow", ""))
        except DoorwardError:
            return False
