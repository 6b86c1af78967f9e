"""POST /admin/sessions: ends or removes many sessions at once, by their ids, by people, or all there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.sessions import PREFIXES, TAG, SessionHouse
from doorward.errors import InvalidInput
from doorward.ids import uuid_from
from doorward.sessions.query import list_ids
from doorward.storage.contract import Transaction
from doorward.web.body import read_limited
from doorward.web.form_body import Unreadable
from doorward.web.json_body import first_value
from doorward.web.negotiate import JSON, media_type
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

DISABLE, DELETE = "disable", "delete"
EVERYBODY = "*"
NAMED_MAX = 500
AT_ONCE = 500
"""Sessions of one request: a transaction stays short; `more` tells to ask again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with which sessions: those of `sessions`, or those of `identities`, None: everybody's."""

    action: str
    sessions: tuple[UUID, ...] = ()
    identities: tuple[UUID, ...] | None = ()


class SessionBulkApi:
    """One endpoint, with and without `/admin` in front."""

    def __init__(self, house: SessionHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [
            Route(f"{prefix}/sessions", self.change, methods=["POST"], include_in_schema=bool(prefix))
            for prefix in PREFIXES
        ]

    @operation(
        Operation(
            TAG,
            {200: "`{processed, more}`; ask again while there is more.", 400: "The body."},
            body='`{action: "disable" | "delete"}` with `identities: [ID]` (`["*"]`: all) or `sessions: [ID]`.',
        )
    )
    async def change(self, request: Request) -> Response:
        """Ends (`disable`) or removes (`delete`) sessions. What is not there is not counted."""
        order = await _read_order(request)
        house = self._house

        async def work(tx: Transaction) -> tuple[int, bool]:
            ids: Sequence[UUID] = order.sessions
            has_more = False
            if not ids:
                found = await list_ids(tx, order.identities, order.action == DISABLE, AT_ONCE + 1)
                ids, has_more = found[:AT_ONCE], len(found) > AT_ONCE
            change = house.ending.revoke if order.action == DISABLE else house.ending.delete
            return await change(tx, ids, house.cause()), has_more

        processed, has_more = await house.database.transaction(work)
        return json_answer({"processed": processed, "more": has_more})


async def _read_order(request: Request) -> Order:
    """Raises InvalidInput."""
    if media_type(request.headers.get("content-type", "")) != JSON:
        raise InvalidInput("Send the order as application/json.")
    try:
        body = first_value(await read_limited(request))
    except Unreadable as error:
        raise InvalidInput(str(error)) from None
    if not isinstance(body, dict) or body.get("action") not in (DISABLE, DELETE):
        raise InvalidInput("action has to be disable or delete.")
    sessions, identities = _texts(body, "sessions"), _texts(body, "identities")
    if bool(sessions) == bool(identities):
        raise InvalidInput("Name either identities or sessions.")
    if len(sessions) + len(identities) > NAMED_MAX:
        raise InvalidInput(f"Name at most {NAMED_MAX} at once.")
    if identities == [EVERYBODY]:
        return Order(body["action"], identities=None)
    return Order(body["action"], _ids(sessions), _ids(identities))


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidInput(f"{name} has to be a list of ids.")
    return value


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    try:
        return tuple(uuid_from(each) for each in texts)
    except ValueError:
        raise InvalidInput("Every id has to be a UUID.") from None
