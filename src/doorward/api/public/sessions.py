"""GET /sessions/whoami: who is signed in."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.errors import InvalidInput, Unauthorised
from doorward.identities.render import public_identity
from doorward.sessions.render import session_json
from doorward.web.operation import Operation, operation
from doorward.web.problems import json_problem
from doorward.web.responses import json_answer
from doorward.web.routing import ALL_METHODS
from doorward.web.session_token import find_credential
from doorward.web.site import Site, Visitor, find_visitor

IDENTITY_HEADER = "X-Kratos-Authenticated-Identity-Id"
CACHE_HEADER = "Ory-Session-Cache-For"
NOBODY_CACHED_S = 60
REFUSED = "No valid session credentials found in the request."


class UnknownTokenizer(InvalidInput):
    """There is no session tokenizer template of this name."""


@dataclass(frozen=True, slots=True)
class WhoamiCaching:
    """`feature_flags.cacheable_sessions` and its longest time."""

    is_enabled: bool = False
    max_age: timedelta | None = None


class SessionsApi:
    """Endpoints under /sessions."""

    def __init__(self, site: Site, caching: WhoamiCaching) -> None:
        self._site = site
        self._caching = caching

    def routes(self) -> list[Route]:
        # Proxies ask with the method of the request that they guard, so every method is answered.
        return [Route("/sessions/whoami", self.whoami, methods=ALL_METHODS)]

    @operation(
        Operation(
            "sessions",
            {200: "The session and its identity.", 401: "Nobody is signed in.", 503: "The database is away."},
            headers={"X-Session-Token": "A native client's token. Browsers send their cookie instead."},
        )
    )
    async def whoami(self, request: Request) -> Response:
        """Who am I?

        Proven by X-Session-Token, the session cookie, or `Authorization: Bearer`, in this order.
        """
        template = parse_qs(request.url.query).get("tokenize_as", [""])[0]
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            return self._refused(request)
        if template:
            raise UnknownTokenizer(f"There is no session tokenizer template {template[:64]!r}.")
        return self._session(visitor)

    def _session(self, visitor: Visitor) -> Response:
        now = self._site.clock.now()
        session, identity = visitor.session, visitor.identity
        body = session_json(session, public_identity(identity, self._site.base_url), identity.is_active, now)
        answer = json_answer(body, headers={IDENTITY_HEADER: str(identity.id)})
        if visitor.credential.is_stale_cookie:
            cookie = self._site.cookies.session(visitor.credential.token, session.expires_at, now)
            answer.headers.append("set-cookie", cookie)
        if self._caching.is_enabled:
            left = session.expires_at - now
            seconds = min(left, self._caching.max_age or left).total_seconds()
            answer.headers[CACHE_HEADER] = str(int(seconds))
        return answer

    def _refused(self, request: Request) -> Response:
        """The same words whether there was no credential, a bad one, or one that has ended."""
        answer = json_problem(Unauthorised(REFUSED))
        now = self._site.clock.now()
        if self._caching.is_enabled and (
            find_credential(request.headers, request.cookies, self._site.cookies, now) is None
        ):
            answer.headers[CACHE_HEADER] = str(NOBODY_CACHED_S)
        return answer
