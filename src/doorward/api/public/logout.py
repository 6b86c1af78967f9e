"""Signing out: a browser asks for a link with a token, so that no other site can sign it out; an app sends its token.

https://www.ory.sh/docs/kratos/self-service/flows/user-logout
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.actions.context import allowed_headers
from doorward.errors import DoorwardError, Forbidden, InvalidInput
from doorward.flows.errors import SessionInactive
from doorward.flows.request import FlowRequest
from doorward.flows.return_to import ReturnTargets, with_query
from doorward.flows.session_ending import SessionEnding
from doorward.identities.events import Cause
from doorward.security.tokens import new_csrf_token
from doorward.sessions.logout_token import is_logout_token, logout_token
from doorward.storage.contract import Transaction
from doorward.web.body import read_limited
from doorward.web.error_pages import ErrorPages
from doorward.web.flow_request import first_values, flow_request
from doorward.web.form_body import Unreadable
from doorward.web.json_body import first_value
from doorward.web.negotiate import JSON, is_json_client, media_type
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer, redirect
from doorward.web.site import Site, Visitor, find_visitor

TAG = "self-service"
TOKENLESS = "The query has no token. Follow the logout_url that /self-service/logout/browser gives."
FOREIGN = "This link belongs to another session."
UNKNOWN = "No session has this session_token."
EVERYTHING = '"cache", "cookies", "storage"'


@dataclass(frozen=True, slots=True)
class LogoutSettings:
    """`default_url` is `selfservice.flows.logout.after.default_browser_return_url`, None: the one for all flows.

    `clears_browser_data`: browsers forget everything about this site, over https (elsewhere they ignore the header).
    """

    targets: ReturnTargets
    default_url: str | None = None
    clears_browser_data: bool = False
    header_allowlist: Sequence[str] = ()


class LogoutApi:
    """Endpoints under /self-service/logout."""

    def __init__(self, site: Site, ending: SessionEnding, errors: ErrorPages, settings: LogoutSettings) -> None:
        self._site = site
        self._ending = ending
        self._errors = errors
        self._settings = settings

    def routes(self) -> list[Route]:
        return [
            Route("/self-service/logout/browser", self._guarded(self._begin), methods=["GET"]),
            Route("/self-service/logout/api", self._guarded(self._end_api, as_json=True), methods=["DELETE"]),
            Route("/self-service/logout", self._guarded(self._end_browser), methods=["GET"]),
        ]

    @operation(
        Operation(
            TAG,
            {200: "`{logout_url, logout_token}`", 400: "return_to is not allowed.", 401: "Nobody is signed in."},
            query={"return_to": "Where the browser goes afterwards."},
        )
    )
    async def _begin(self, request: Request) -> Response:
        """The link that signs this browser out. It is the same as long as the session lives."""
        visitor = await self._visitor(request)
        return_to, default = first_values(request).get("return_to", ""), self._settings.default_url
        wanted = {"return_to": self._settings.targets.check(return_to, default)} if return_to else {}
        token = logout_token(visitor.credential.token)
        url = with_query(f"{self._site.base_url}self-service/logout", token=token, **wanted)
        return json_answer({"logout_url": url, "logout_token": token})

    @operation(
        Operation(
            TAG,
            {
                204: "Signed out, for JSON.",
                303: "Signed out, to return_to or the configured page.",
                400: "There is no token.",
                401: "Nobody is signed in.",
                403: "The link is another session's.",
            },
            query={"token": "The logout token.", "return_to": "Where the browser goes afterwards."},
        )
    )
    async def _end_browser(self, request: Request) -> Response:
        """Signs this browser out."""
        token = first_values(request).get("token", "")
        if not token:
            raise InvalidInput(TOKENLESS)
        visitor = await self._visitor(request)
        if not is_logout_token(token, visitor.credential.token):
            raise Forbidden(FOREIGN)
        asked = await flow_request(request, self._site)

        async def work(tx: Transaction) -> None:
            await self._ending.log_out(tx, visitor.session, self._cause(asked))

        await self._site.database.transaction(work)
        return self._forgotten(request, await self._where_to(request))

    @operation(
        Operation(
            TAG,
            {204: "Signed out.", 400: "The body is not JSON.", 403: "No session has this token."},
            body="`{session_token}`",
        )
    )
    async def _end_api(self, request: Request) -> Response:
        """Signs an app out. A session that had ended before is no error."""
        token = await _session_token(request)
        session = await self._site.sessions.find_any(self._site.database.reader, token) if token else None
        if session is None:
            raise Forbidden(UNKNOWN)
        asked = await flow_request(request, self._site)

        async def work(tx: Transaction) -> None:
            if session.active:
                await self._ending.log_out(tx, session, self._cause(asked))

        await self._site.database.transaction(work)
        return Response(status_code=204)

    async def _where_to(self, request: Request) -> Response:
        """A return_to that is not allowed ends on the error page: by then the person is signed out (as in Kratos)."""
        if is_json_client(request.headers):
            return Response(status_code=204)
        try:
            target = self._settings.targets.check(
                first_values(request).get("return_to", ""), self._settings.default_url
            )
        except DoorwardError as error:
            return await self._errors.answer(request, error)
        return redirect(request, target)

    def _forgotten(self, request: Request, answer: Response) -> Response:
        cookies = self._site.cookies
        answer.headers.append("set-cookie", cookies.no_session())
        answer.headers.append("set-cookie", cookies.csrf(new_csrf_token()))
        if self._settings.clears_browser_data and self._site.base_url.startswith("https:"):
            answer.headers["clear-site-data"] = EVERYTHING
        return answer

    def _cause(self, asked: FlowRequest) -> Cause:
        context = {
            "request_headers": allowed_headers(asked.headers, self._settings.header_allowlist),
            "request_method": asked.method,
            "request_url": asked.url.partition("?")[0],
            "request_cookies": dict(asked.cookies),
        }
        return Cause("flow", "logout", context=context, trace_id=asked.trace_id)

    async def _visitor(self, request: Request) -> Visitor:
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            raise SessionInactive
        return visitor

    def _guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]], *, as_json: bool | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                return await endpoint(request)
            except DoorwardError as error:
                return await self._errors.answer(request, error, as_json=as_json)

        return guarded


async def _session_token(request: Request) -> str:
    """The body's `session_token`, "" where there is none. Raises InvalidInput."""
    body = await read_limited(request)
    if media_type(request.headers.get("content-type", "")) != JSON:
        raise InvalidInput("Send {session_token} as application/json.")
    try:
        value = first_value(body)
    except Unreadable as error:
        raise InvalidInput(str(error)) from None
    if not isinstance(value, dict) or not isinstance(value.get("session_token", ""), str | None):
        raise InvalidInput("The body has to be {session_token: TEXT}.")
    return value.get("session_token") or ""
