"""Admin API: lists of identities, in pages by id or, as clients of older releases ask, numbered."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.credential_kinds import read_reveal
from doorward.api.admin.identities import PREFIXES, REVEAL
from doorward.api.admin.identity_house import IdentityHouse
from doorward.errors import InvalidInput
from doorward.identities.lists import IdentityFilter, list_identities
from doorward.identities.model import Identity
from doorward.identities.query import count_identities
from doorward.identities.render import admin_identity, admin_summary
from doorward.ids import find_uuid
from doorward.web.flow_request import first_values
from doorward.web.numbered_pages import Wanted, page_headers
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

SIZE_DEFAULT, SIZE_MAX, IDS_MAX = 250, 500, 500
NUMBERED_SIZE_MAX, NUMBERED_REACH = 1000, 1000
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
FILTERS = ("ids", "credentials_identifier", "preview_credentials_identifier_similar", "organization_id")
QUERY = {
    "ids": "Only these ids; up to 500 times.",
    "credentials_identifier": "Who signs in with exactly this.",
    "preview_credentials_identifier_similar": "Who signs in with something that begins like this.",
    "page_size": "How many, up to 500.",
    "page_token": "From the Link header.",
    "per_page": "How many (older).",
    "page": "Which page, from 0 (older).",
    "consistency": "Taken and ignored: reads are always consistent.",
    **REVEAL,
}


class IdentityListsApi:
    """GET /admin/identities."""

    def __init__(self, house: IdentityHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [
            Route(f"{prefix}/identities", self.list_, methods=["GET"], include_in_schema=bool(prefix))
            for prefix in PREFIXES
        ]

    @operation(Operation("identities", {200: "A page of identities.", 400: "The query."}, query=QUERY))
    async def list_(self, request: Request) -> Response:
        """Identities, oldest first. Credentials are shown where the list is by identifier or asks for their config."""
        query = first_values(request)
        chosen, reveal = read_filter(request), read_reveal(request)
        with_credentials = bool(reveal or chosen.identifier or chosen.identifier_start)
        if "page" in query and not query.get("page_size") and not query.get("page_token"):
            found, headers = await self._numbered(request, chosen, with_credentials)
        else:
            found, headers = await self._by_id(request, chosen, with_credentials)
        url = self._house.public_url
        opened = self._house.identities.opened
        shown = [
            admin_identity(opened(each), url, reveal) if with_credentials else admin_summary(each, url)
            for each in found
        ]
        return json_answer(shown, headers=headers)

    async def _by_id(
        self, request: Request, chosen: IdentityFilter, with_credentials: bool
    ) -> tuple[list[Identity], Mapping[str, str]]:
        query = first_values(request)
        size = _size(query.get("page_size") or query.get("per_page") or "")
        token = query.get("page_token") or ""
        after = find_uuid(token) if token else UUID(int=0)
        if after is None:
            raise InvalidInput("page_token is none of ours; take it from the Link header.")
        reader = self._house.database.reader
        found = await list_identities(reader, size + 1, after, chosen=chosen, with_credentials=with_credentials)
        links = [_link(request, size, UUID(int=0), "first")]
        if len(found) > size:
            links.append(_link(request, size, found[size - 1].id, "next"))
        return found[:size], {"link": ",".join(links)}

    async def _numbered(
        self, request: Request, chosen: IdentityFilter, with_credentials: bool
    ) -> tuple[list[Identity], Mapping[str, str]]:
        query = first_values(request)
        number, size = max(0, _lenient(query.get("page")) or 0), _numbered_size(query.get("per_page"))
        if number * size > NUMBERED_REACH:
            raise InvalidInput("Numbered pages end at 1000 identities; go on with page_token.")
        reader = self._house.database.reader
        found = await list_identities(
            reader, size, chosen=chosen, offset=number * size, with_credentials=with_credentials
        )
        total = await count_identities(reader)
        pairs = request.query_params.multi_items()
        return found, page_headers(_path(request), pairs, Wanted(number, size), total)


def read_filter(request: Request) -> IdentityFilter:
    """Raises InvalidInput for ids that are none, too many, and for two filters at once."""
    query = first_values(request)
    given = [name for name in FILTERS if (name == "ids" and "ids" in query) or query.get(name)]
    if len(given) > 1:
        raise InvalidInput(f"Only one of these filters is taken at a time: {', '.join(given)}.")
    texts = request.query_params.getlist("ids")
    if len(texts) > IDS_MAX:
        raise InvalidInput(f"At most {IDS_MAX} ids are taken at once.")
    ids = [each for text in texts if (each := find_uuid(text)) is not None]
    named = query.get("organization_id") or ""
    organization = find_uuid(named)
    if len(ids) < len(texts) or (named and organization is None):
        raise InvalidInput("An id has to be a UUID.")
    return IdentityFilter(
        tuple(ids),
        query.get("credentials_identifier") or "",
        query.get("preview_credentials_identifier_similar") or "",
        organization,
    )


def _link(request: Request, size: int, token: UUID, relation: str) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in ("page_size", "page_token", "per_page")
    ]
    pairs: list[tuple[str, Any]] = [*kept, ("page_size", size), ("page_token", token)]
    return f'<{_path(request)}?{urlencode(sorted(pairs, key=lambda pair: pair[0]))}>; rel="{relation}"'


def _path(request: Request) -> str:
    path = request.url.path
    return path if path.startswith("/admin") else f"/admin{path}"


def _size(text: str) -> int:
    if text and not WHOLE.fullmatch(text):
        raise InvalidInput("page_size has to be a whole number.")
    number = int(text or 0)
    return min(number, SIZE_MAX) if number > 0 else SIZE_DEFAULT


def _numbered_size(text: str | None) -> int:
    number = _lenient(text)
    return SIZE_DEFAULT if number is None else max(1, min(number, NUMBERED_SIZE_MAX))


def _lenient(text: str | None) -> int | None:
    return int(text) if text is not None and WHOLE.fullmatch(text) else None
