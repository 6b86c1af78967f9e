"""Admin API: messages to people and what became of them. Answers are Kratos's.

https://www.ory.sh/docs/kratos/reference/api (courier)
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.clock import rfc3339
from doorward.courier.model import Channel, TemplateType
from doorward.courier.query import NEWEST, MessageFilter, MessageStatus, SentMessage, find_message, list_messages
from doorward.errors import InvalidInput, NotFound
from doorward.flows.errors import UnreadableSubmission
from doorward.ids import find_uuid
from doorward.outbox.model import Attempt
from doorward.storage.contract import Database
from doorward.web.body import MalformedBody
from doorward.web.flow_request import first_values
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

SIZE_DEFAULT, SIZE_MAX = 10, 500
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
PREFIXES = ("/admin", "")
PATH = "/admin/courier/messages"
HIDDEN = "<redacted-unless-dev-mode>"
"""Subjects and bodies hold codes and links. They are shown in development only, as in Kratos."""
QUERY = {
    "page_size": "How many, up to 500.",
    "page_token": "From the Link header.",
    "status": "`queued`, `processing`, `sent` or `abandoned`; as often as needed.",
    "recipient": "Exactly this address.",
}


class CourierApi:
    """GET /admin/courier/messages."""

    def __init__(self, database: Database, *, is_dev: bool) -> None:
        self._database = database
        self._is_dev = is_dev

    def routes(self) -> list[Route]:
        return [
            route
            for prefix in PREFIXES
            for route in (
                Route(f"{prefix}/courier/messages", self.list_, methods=["GET"], include_in_schema=bool(prefix)),
                Route(f"{prefix}/courier/messages/{{id}}", self.get, methods=["GET"], include_in_schema=bool(prefix)),
            )
        ]

    @operation(Operation("courier", {200: "A page of messages.", 400: "The query."}, query=QUERY))
    async def list_(self, request: Request) -> Response:
        """Messages, the newest first."""
        query = first_values(request)
        size, before = read_size(query.get("page_size") or ""), read_token(query.get("page_token") or "")
        statuses = tuple(read_status(text) for text in request.query_params.getlist("status"))
        chosen = MessageFilter(query.get("recipient") or "", statuses)
        database = self._database
        found = await list_messages(database.reader, database.dialect, size + 1, before, chosen)
        links = [_link(request, size, NEWEST, "first")]
        if len(found) > size:
            links.append(_link(request, size, found[size - 1].id, "next"))
        shown = [shown_message(each, is_dev=self._is_dev) for each in found[:size]]
        return json_answer(shown, headers={"link": ",".join(links)})

    @operation(Operation("courier", {200: "The message with its `dispatches`.", 400: "The id.", 404: "Unknown."}))
    async def get(self, request: Request) -> Response:
        """One message and every try to send it, the latest first."""
        message_id = find_uuid(request.path_params["id"])
        if message_id is None:
            raise MalformedBody("The id has to be a UUID.")
        found = await find_message(self._database.reader, message_id)
        if found is None:
            raise NotFound
        message, attempts = found
        shown = shown_message(message, is_dev=self._is_dev)
        return json_answer({**shown, "dispatches": shown_dispatches(attempts[::-1], message.channel)})


def shown_message(message: SentMessage, *, is_dev: bool) -> dict[str, Any]:
    """As Kratos shows it."""
    return {
        "id": str(message.id),
        "status": str(message.status),
        "type": message.channel,
        "recipient": message.recipient,
        "subject": _readable(message.subject, is_dev=is_dev),
        "body": _readable(message.plain, is_dev=is_dev),
        "template_type": TemplateType(message.template_type).kratos_name,
        "channel": message.channel,
        "send_count": message.sends,
        "created_at": rfc3339(message.created_at),
        "updated_at": rfc3339(message.updated_at),
    }


def shown_dispatches(attempts: Sequence[Attempt], channel: str) -> list[dict[str, Any]]:
    """Every try; `error` is null for the one that worked."""
    return [
        {
            "id": str(each.id),
            "message_id": str(each.delivery_id),
            "status": "success" if each.outcome == "delivered" else "failed",
            "error": None if each.outcome == "delivered" else _error(each, channel),
            "created_at": rfc3339(each.started_at),
            "updated_at": rfc3339(each.ended_at),
        }
        for each in attempts
    ]


def read_size(text: str) -> int:
    """10 by default and for what makes no sense as a size; at most 500."""
    if text and not WHOLE.fullmatch(text):
        # Kratos's status is 400 and its code 500 here; its clients have seen both.
        raise UnreadableSubmission("page_size has to be a whole number.")
    number = int(text or 0)
    return min(number, SIZE_MAX) if number > 0 else SIZE_DEFAULT


def read_token(text: str) -> UUID:
    """Raises MalformedBody."""
    found = find_uuid(text) if text else NEWEST
    if found is None:
        raise MalformedBody("page_token is none of ours; take it from the Link header.")
    return found


def read_status(text: str) -> MessageStatus:
    """Raises InvalidInput."""
    try:
        return MessageStatus(text)
    except ValueError:
        raise InvalidInput(f"status takes {', '.join(MessageStatus)}.") from None


def _readable(text: str | None, *, is_dev: bool) -> str:
    """None is a text of which no copy is kept; one without words (a text message has no subject) is shown as it is."""
    return HIDDEN if text is None or not is_dev else text


def _error(attempt: Attempt, channel: str) -> Mapping[str, Any]:
    """An error of the server, as Kratos keeps it: what happened is the message; of mails it says that they failed."""
    happened = ": ".join(each for each in (attempt.reason_code, attempt.reason) if each)
    reason = {"reason": "The mail could not be sent."} if channel == Channel.EMAIL else {}
    return {"code": 500, "status": "Internal Server Error", **reason, "message": happened}


def _link(request: Request, size: int, token: UUID, relation: str) -> str:
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("page_size", "page_token")]
    pairs: list[tuple[str, Any]] = [*kept, ("page_size", size), ("page_token", token)]
    return f'<{PATH}?{urlencode(sorted(pairs, key=lambda pair: pair[0]))}>; rel="{relation}"'
