"""Recovery codes and links for administrators to hand out. https://www.ory.sh/docs/kratos/reference/api (identity)"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.identities import read_value
from doorward.api.admin.typed_json import JsonFields
from doorward.clock import rfc3339
from doorward.config.scalars import Wrong, parse_duration
from doorward.errors import InvalidInput, NotFound
from doorward.flows.model import FlowType
from doorward.flows.recovery_admin import RecoveryAdmin
from doorward.identities.model import Identity
from doorward.web.body import MalformedBody
from doorward.web.flow_request import external_url, first_values
from doorward.web.negotiate import JSON, media_type
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

TAG = "identities"
PREFIXES = ("/admin", "")
REFUSED = {400: "The body.", 404: "There is no such person, or the method is switched off."}
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RecoveryMethods:
    """Which of the two an administrator may hand out."""

    has_codes: bool
    has_links: bool


class RecoveryApi:
    """POST /admin/recovery/code and /admin/recovery/link."""

    def __init__(self, admin: RecoveryAdmin, methods: RecoveryMethods) -> None:
        self._admin = admin
        self._methods = methods

    def routes(self) -> list[Route]:
        return [
            Route(f"{prefix}/recovery/{name}", endpoint, methods=["POST"], include_in_schema=bool(prefix))
            for prefix in PREFIXES
            for name, endpoint in (("code", self.hand_out_code), ("link", self.hand_out_link))
        ]

    @operation(
        Operation(TAG, {201: "Code, link to its form, end.", **REFUSED}, body="identity_id, expires_in, flow_type")
    )
    async def hand_out_code(self, request: Request) -> Response:
        """A code that lets its person back in, with the page where it is typed."""
        if not self._methods.has_codes:
            raise NotFound("Recovery by code is switched off.")
        if media_type(request.headers.get("content-type", "")) != JSON:
            raise InvalidInput("Send the order as application/json.")
        given = await _order(request)
        identity_id, type_ = given.uuid("identity_id") or NOBODY, _flow_type(given)
        lifespan = _lifespan(given)
        identity = await self._admin.find_person(identity_id)
        if identity is None:
            raise NotFound("There is no identity with this id.")
        made = await self._admin.hand_out_code(identity, type_, external_url(request), lifespan)
        body = {"recovery_code": made.code, "recovery_link": made.link, "expires_at": rfc3339(made.expires_at)}
        return json_answer(body, 201)

    @operation(
        Operation(
            TAG,
            {200: "Link and end.", **REFUSED},
            query={"return_to": "Where the browser goes afterwards."},
            body="identity_id, expires_in",
        )
    )
    async def hand_out_link(self, request: Request) -> Response:
        """A link that lets its person back in, and anybody else who follows it."""
        if not self._methods.has_links:
            raise NotFound("Recovery by link is switched off.")
        given = await _order(request)
        identity_id, lifespan = given.uuid("identity_id") or NOBODY, _lifespan(given)
        self._admin.check_return_to(first_values(request).get("return_to", ""))
        identity: Identity | None = await self._admin.find_person(identity_id)
        if identity is None:
            raise InvalidInput("There is no identity with this id.")
        made = await self._admin.hand_out_link(identity, external_url(request), lifespan)
        return json_answer({"recovery_link": made.link, "expires_at": rfc3339(made.expires_at)})


async def _order(request: Request) -> JsonFields:
    """The body. Raises InvalidInput, BodyTooLarge."""
    try:
        return JsonFields(await read_value(request))
    except MalformedBody as error:
        raise InvalidInput(error.reason) from None


def _flow_type(given: JsonFields) -> FlowType:
    text = given.text("flow_type")
    if text is None:
        return FlowType.BROWSER
    try:
        return FlowType(text)
    except ValueError:
        raise InvalidInput("flow_type is browser or api.") from None


def _lifespan(given: JsonFields) -> timedelta | None:
    """None where nothing is said. Raises InvalidInput unless it is a positive duration."""
    text = given.text("expires_in")
    if not text:
        return None
    try:
        lifespan = parse_duration(text)
    except Wrong as wrong:
        raise InvalidInput(f"expires_in has to be {wrong}.") from None
    if lifespan <= timedelta():
        raise InvalidInput("expires_in has to be longer than nothing.")
    return lifespan
