"""Sessions as their owner sees them: who am I, where else am I signed in, sign out there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.public.tokenizer import MapperWithoutClaims, Tokenizer
from doorward.errors import InvalidInput, NotFound, Unauthorised
from doorward.flows.session_ending import SessionEnding
from doorward.identities.events import Cause
from doorward.identities.render import public_identity
from doorward.ids import uuid_from
from doorward.sessions.query import SessionFilter, count_of_identity, find_session, list_of_identity
from doorward.sessions.render import session_json
from doorward.storage.contract import Transaction
from doorward.web.numbered_pages import page_headers, wanted_page
from doorward.web.operation import Operation, operation
from doorward.web.problems import json_problem
from doorward.web.responses import JSON_UTF8, json_answer, text_answer
from doorward.web.routing import ALL_METHODS
from doorward.web.session_token import find_credential
from doorward.web.site import Site, Visitor, find_visitor, require_aal

IDENTITY_HEADER = "X-Kratos-Authenticated-Identity-Id"
CACHE_HEADER = "Ory-Session-Cache-For"
NOBODY_CACHED_S = 60
REFUSED = "No valid session credentials found in the request."
TAG = "sessions"
PROOF = {"X-Session-Token": "A native client's token. Browsers send their cookie instead."}
AAL2_NEEDED = "The person has a second factor that this session has not seen."
LOST = {401: "Nobody is signed in.", 503: "The database is away."}
PAGES = {"page_size": "How many.", "page_token": "From the Link header.", "per_page": "Older.", "page": "Older."}


@dataclass(frozen=True, slots=True)
class WhoamiCaching:
    """`feature_flags.cacheable_sessions` and its longest time."""

    is_enabled: bool = False
    max_age: timedelta | None = None


class SessionsApi:
    """Endpoints under /sessions."""

    def __init__(self, site: Site, caching: WhoamiCaching, ending: SessionEnding, tokenizer: Tokenizer) -> None:
        self._site = site
        self._caching = caching
        self._ending = ending
        self._tokenizer = tokenizer

    def routes(self) -> list[Route]:
        # Proxies ask with the method of the request that they guard, so every method is answered.
        return [
            Route("/sessions/whoami", self.whoami, methods=ALL_METHODS),
            Route("/sessions/token-exchange", self.exchange_token),
            Route("/sessions", self.list_own),
            Route("/sessions", self.revoke_others, methods=["DELETE"]),
            Route("/sessions/{id}", self.revoke_one, methods=["DELETE"]),
        ]

    @operation(
        Operation(
            TAG,
            {200: "The session and its identity.", 400: "The tokenizer template.", 403: AAL2_NEEDED, **LOST},
            query={"tokenize_as": "A template of `session.whoami.tokenizer`: adds `tokenized`, a JSON Web Token."},
            headers=PROOF,
        )
    )
    async def whoami(self, request: Request) -> Response:
        """Who am I?

        Proven by X-Session-Token, the session cookie, or `Authorization: Bearer`, in this order.
        """
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            return self._refused(request)
        await require_aal(visitor, self._site)
        template = parse_qs(request.scope["query_string"].decode("latin-1")).get("tokenize_as", [""])[0]
        try:
            answer = await self._session(visitor, template)
        except MapperWithoutClaims:
            return text_answer("The claims mapper has to answer {claims: {...}}.", 500)
        if visitor.credential.is_cookie_outdated(visitor.session.expires_at):
            now, token = self._site.clock.now(), visitor.credential.token
            answer.headers.append("set-cookie", self._site.cookies.session(token, visitor.session.expires_at, now))
        return answer

    async def _session(self, visitor: Visitor, template: str) -> Response:
        now = self._site.clock.now()
        session, identity = visitor.session, visitor.identity
        body: dict[str, Any] = session_json(session, public_identity(identity, self._site.base_url), True, now)
        headers = {IDENTITY_HEADER: str(identity.id)}
        if template:
            body["tokenized"] = await self._tokenizer.tokenize(template, session, identity, body, now)
        elif self._caching.is_enabled:
            left = session.expires_at - now
            seconds = min(left, self._caching.max_age or left).total_seconds()
            headers[CACHE_HEADER] = str(int(seconds))
        return json_answer(body, headers=headers)

    def _refused(self, request: Request) -> Response:
        """The same words whether there was no credential, a bad one, or one that has ended."""
        answer = json_problem(Unauthorised(REFUSED))
        if self._caching.is_enabled and find_credential(request.headers, self._site.cookies) is None:
            answer.headers[CACHE_HEADER] = str(NOBODY_CACHED_S)
        return answer

    @operation(Operation(TAG, {200: "Sessions, newest first.", 403: AAL2_NEEDED, **LOST}, query=PAGES, headers=PROOF))
    async def list_own(self, request: Request) -> Response:
        """Where else I am signed in: the sessions that are still good, without the one that asks."""
        visitor = await self._visitor(request)
        await require_aal(visitor, self._site)
        now, reader = self._site.clock.now(), self._site.database.reader
        query = request.query_params.multi_items()
        wanted = wanted_page(query)
        chosen = SessionFilter(now, is_live=True, except_id=visitor.session.id)
        total = await count_of_identity(reader, visitor.identity.id, chosen)
        # Pages 0 and 1 are the same one here, as in Kratos.
        offset = max(0, wanted.number - 1) * wanted.size
        found = await list_of_identity(reader, visitor.identity.id, chosen, wanted.size, offset)
        owner = without_addresses(public_identity(visitor.identity, self._site.base_url), schema_url="")
        body = [session_json(each, owner, True, now) for each in found]
        return json_answer(body, headers=page_headers(request.url.path, query, wanted, total))

    @operation(Operation(TAG, {200: '`{"count": 2}`', **LOST}, headers=PROOF))
    async def revoke_others(self, request: Request) -> Response:
        """Signs me out everywhere else. Counts those that had ended before, too."""
        visitor = await self._visitor(request)

        async def work(tx: Transaction) -> int:
            return await self._ending.revoke_others(tx, visitor.identity.id, visitor.session.id, _cause())

        return json_answer({"count": await self._site.database.transaction(work)})

    @operation(Operation(TAG, {204: "It has ended.", 400: "It is the one that asks.", **LOST}, headers=PROOF))
    async def revoke_one(self, request: Request) -> Response:
        """Signs me out in one place. Somebody else's session, and one that is not there, stay what they are."""
        visitor = await self._visitor(request)
        wanted = uuid_of(request.path_params["id"])
        if wanted == visitor.session.id:
            raise InvalidInput

        async def work(tx: Transaction) -> None:
            found = await find_session(tx, wanted)
            if found is not None and found.identity_id == visitor.identity.id:
                await self._ending.revoke(tx, [wanted], _cause())

        await self._site.database.transaction(work)
        return Response(status_code=204, headers={"content-type": JSON_UTF8})

    @operation(Operation(TAG, {400: "A code is missing.", 404: "There is nothing to exchange."}))
    async def exchange_token(self, request: Request) -> Response:
        """What a native app asks after a sign-in in a web view. No method that is offered ends there."""
        if not (request.query_params.get("init_code") and request.query_params.get("return_to_code")):
            raise InvalidInput("init_code and return_to_code are both needed.")
        raise NotFound("No session belongs to these codes.")

    async def _visitor(self, request: Request) -> Visitor:
        visitor = await find_visitor(request, self._site)
        if visitor is None:
            raise Unauthorised(REFUSED)
        return visitor


def uuid_of(text: str) -> UUID:
    """Raises InvalidInput for what is no UUID, and says no more than Kratos does."""
    try:
        return uuid_from(text)
    except ValueError:
        raise InvalidInput from None


def without_addresses(identity: dict[str, Any], schema_url: str | None = None) -> dict[str, Any]:
    """An identity as lists of sessions show it (as Kratos)."""
    shown = {key: value for key, value in identity.items() if key not in ("verifiable_addresses", "recovery_addresses")}
    return shown if schema_url is None else {**shown, "schema_url": schema_url}


def _cause() -> Cause:
    return Cause(source="flow")
