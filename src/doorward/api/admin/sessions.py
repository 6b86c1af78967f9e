"""Sessions as administrators see them: list, read, extend, end. Changes of many at once: `session_bulk`.

https://www.ory.sh/docs/kratos/reference/api (identity, sessions)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.session_query import SessionListQuery, read_active, read_expand, read_list_query
from doorward.api.admin.session_query import page_headers as keyset_headers
from doorward.clock import Clock
from doorward.errors import InvalidInput, NotFound
from doorward.flows.session_ending import SessionEnding
from doorward.identities.events import Cause
from doorward.identities.model import Identity
from doorward.identities.render import public_identity
from doorward.identities.store import find_identity
from doorward.ids import uuid_from
from doorward.observability.tracing import current_trace_id
from doorward.sessions.model import Session
from doorward.sessions.query import (
    SessionFilter,
    count_of_identity,
    find_session,
    list_all,
    list_of_identity,
    with_their_devices,
)
from doorward.sessions.render import session_json
from doorward.storage.contract import Database, Transaction
from doorward.web.numbered_pages import page_headers, wanted_page
from doorward.web.operation import Operation, operation
from doorward.web.responses import JSON_UTF8, json_answer

TAG = "sessions"
PREFIXES = ("", "/admin")
EXPAND = {"expand": "`identity` or `devices`, as often as needed."}
ACTIVE = {"active": "true: only those that are still good; false: only the others."}
KEYSET = {"page_size": "How many, at most 1000.", "page_token": "From the Link header."}
MISSING = {400: "The id is no UUID.", 404: "There is none."}
IDENTITY, DEVICES = "identity", "devices"


@dataclass(frozen=True, slots=True)
class SessionHouse:
    """What the endpoints for sessions share. `is_extend_quick`: `feature_flags.faster_session_extend`."""

    database: Database
    ending: SessionEnding
    clock: Clock
    public_url: str
    is_extend_quick: bool = False

    def cause(self) -> Cause:
        """Why something changes here: an administrator's program asked for it."""
        return Cause(source="admin", trace_id=current_trace_id(), actor="admin")


class AdminSessionsApi:
    """Endpoints that answer with and without `/admin` in front, as Kratos's do."""

    def __init__(self, house: SessionHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [route for prefix in PREFIXES for route in self._routes(prefix)]

    def _routes(self, prefix: str) -> list[Route]:
        shown = bool(prefix)
        one, of_identity = f"{prefix}/sessions/{{id}}", f"{prefix}/identities/{{id}}/sessions"
        return [
            Route(f"{prefix}/sessions", self.list_sessions, methods=["GET"], include_in_schema=shown),
            Route(one, self.get_session, methods=["GET"], include_in_schema=shown),
            Route(one, self.end_session, methods=["DELETE"], include_in_schema=shown),
            Route(f"{one}/extend", self.extend_session, methods=["PATCH"], include_in_schema=shown),
            Route(of_identity, self.list_of_identity, methods=["GET"], include_in_schema=shown),
            Route(of_identity, self.delete_of_identity, methods=["DELETE"], include_in_schema=shown),
        ]

    @operation(
        Operation(TAG, {200: "Sessions, newest first.", 400: "The query."}, query={**KEYSET, **ACTIVE, **EXPAND})
    )
    async def list_sessions(self, request: Request) -> Response:
        """Everybody's sessions."""
        asked = read_list_query(request.query_params.multi_items())
        now, reader = self._house.clock.now(), self._house.database.reader
        listed = await list_all(reader, SessionFilter(now, asked.active), asked.size, asked.after)
        sessions: Sequence[Session] = listed.sessions
        if DEVICES in asked.expand:
            sessions = await with_their_devices(reader, sessions)
        body = [await self._listed(each, asked, now) for each in sessions]
        return json_answer(body, headers=keyset_headers(request.url.path, asked, listed.next))

    @operation(Operation(TAG, {200: "The session.", **MISSING}, query=EXPAND))
    async def get_session(self, request: Request) -> Response:
        """One session, whether it is still good or not."""
        expand = read_expand(request.query_params.multi_items())
        reader = self._house.database.reader
        session = await find_session(reader, _id(request), with_devices=DEVICES in expand)
        if session is None:
            raise NotFound
        identity = await find_identity(reader, session.identity_id) if IDENTITY in expand else None
        return json_answer(self._shown(session, identity, None if identity is None else self._admin_view(identity)))

    @operation(Operation(TAG, {204: "It has ended; it can still be read.", **MISSING}))
    async def end_session(self, request: Request) -> Response:
        """Ends a session."""
        wanted = _id(request)

        async def work(tx: Transaction) -> None:
            if await find_session(tx, wanted) is None:
                raise NotFound
            await self._house.ending.revoke(tx, [wanted], self._house.cause())

        await self._house.database.transaction(work)
        return Response(status_code=204, headers={"content-type": JSON_UTF8})

    @operation(Operation(TAG, {200: "The session.", 204: "With `feature_flags.faster_session_extend`.", **MISSING}))
    async def extend_session(self, request: Request) -> Response:
        """Gives a session a whole lifespan from now, unless `session.earliest_possible_extend` says it is too early."""
        wanted = _id(request)

        async def work(tx: Transaction) -> Session:
            await self._house.ending.sessions.extend(tx, wanted)
            session = await find_session(tx, wanted)
            if session is None:
                raise NotFound
            return session

        session = await self._house.database.transaction(work)
        if self._house.is_extend_quick:
            return Response(status_code=204)
        identity = await find_identity(self._house.database.reader, session.identity_id)
        shown = None if identity is None else public_identity(identity, self._house.public_url)
        return json_answer(self._shown(session, identity, shown))

    @operation(
        Operation(
            TAG,
            {200: "Their sessions, newest first; none for somebody unknown.", 400: "The id, or the query."},
            query={**ACTIVE, "page_size": "How many.", "page_token": "From the Link header."},
        )
    )
    async def list_of_identity(self, request: Request) -> Response:
        """One person's sessions."""
        query = request.query_params.multi_items()
        identity_id, wanted = _id(request), wanted_page(query)
        now, reader = self._house.clock.now(), self._house.database.reader
        chosen = SessionFilter(now, read_active(query))
        total = await count_of_identity(reader, identity_id, chosen)
        # Pages 0 and 1 are the same one here, as in Kratos.
        offset = max(0, wanted.number - 1) * wanted.size
        found = await list_of_identity(reader, identity_id, chosen, wanted.size, offset)
        identity = await find_identity(reader, identity_id) if found else None
        view = None if identity is None else {**_without_addresses(self._admin_view(identity)), "schema_url": ""}
        body = [self._shown(each, identity, view) for each in found]
        return json_answer(body, headers=page_headers(request.url.path, query, wanted, total))

    @operation(Operation(TAG, {204: "They are gone.", 400: "The id is no UUID.", 404: "There were none."}))
    async def delete_of_identity(self, request: Request) -> Response:
        """Removes all sessions of a person."""
        identity_id = _id(request)

        async def work(tx: Transaction) -> int:
            return await self._house.ending.delete_all(tx, identity_id, self._house.cause())

        if await self._house.database.transaction(work) == 0:
            raise NotFound
        return Response(status_code=204)

    async def _listed(self, session: Session, asked: SessionListQuery, now: datetime) -> dict[str, Any]:
        """As in the list of all: what was not asked for is null."""
        reader = self._house.database.reader
        identity = await find_identity(reader, session.identity_id) if IDENTITY in asked.expand else None
        view = None if identity is None else _without_addresses(self._admin_view(identity))
        body = self._shown(session, identity, view)
        return body if DEVICES in asked.expand else {**body, "devices": None}

    def _shown(self, session: Session, identity: Identity | None, view: dict[str, Any] | None) -> dict[str, Any]:
        """`active` knows of the person's own state only where the person was read, as in Kratos."""
        is_active = identity is None or identity.is_active
        body: dict[str, Any] = session_json(session, view, is_active, self._house.clock.now())
        return {**body, "identity": view}

    def _admin_view(self, identity: Identity) -> dict[str, Any]:
        return {**public_identity(identity, self._house.public_url), "metadata_admin": identity.metadata_admin}


def _without_addresses(view: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if key not in ("verifiable_addresses", "recovery_addresses")}


def _id(request: Request) -> UUID:
    try:
        return uuid_from(request.path_params["id"])
    except ValueError:
        raise InvalidInput from None
