"""Admin API of single identities: create and read. Answers are Kratos's; writes go through the service.

https://www.ory.sh/docs/kratos/reference/api (identity)
"""

from urllib.parse import quote, unquote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.credential_body import to_credentials
from doorward.api.admin.credential_kinds import read_reveal
from doorward.api.admin.identity_body import read_new_identity, shown_region
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.refusals import TAKEN, kratos_refusals
from doorward.errors import NotFound
from doorward.identities import store
from doorward.identities.model import Identity
from doorward.identities.render import admin_identity, created_identity
from doorward.identities.service import Change
from doorward.ids import find_uuid
from doorward.storage.contract import Transaction
from doorward.web.body import MalformedBody, read_limited
from doorward.web.form_body import Unreadable
from doorward.web.json_body import first_value
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

TAG = "identities"
# The admin port answers with and without the prefix, as Kratos's does.
PREFIXES = ("/admin", "")
REVEAL = {"include_credential": "A type of credential whose config is shown; as often as needed."}


class IdentitiesApi:
    """POST /admin/identities, GET /admin/identities/{id} and by external id."""

    def __init__(self, house: IdentityHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        paths = (
            ("/identities", "POST", self.create),
            ("/identities/by/external/{external_id}", "GET", self.get_by_external_id),
            ("/identities/{id}", "GET", self.get),
        )
        return [
            Route(prefix + path, endpoint, methods=[method], include_in_schema=bool(prefix))
            for prefix in PREFIXES
            for path, method, endpoint in paths
        ]

    @operation(Operation(TAG, {201: "The identity.", 400: "The body, or the traits.", 409: "Taken already."}))
    async def create(self, request: Request) -> Response:
        """A new identity, with credentials brought along from elsewhere where wanted."""
        house = self._house
        given = read_new_identity(await read_value(request), house.identities.schemas.default_id, house.clock.now())
        with kratos_refusals(TAKEN):
            credentials = await to_credentials(given.credentials, house.passwords)
            draft = house.identities.draft(given.to_new(credentials))

            async def store_it(tx: Transaction) -> Change:
                return await house.identities.create(tx, draft, house.cause())

            made = (await house.database.transaction(store_it)).identity
        body = shown_region(created_identity(made, house.public_url), given.region)
        return json_answer(body, 201, {"location": f"{house.admin_url}identities/{made.id}"})

    @operation(Operation(TAG, {200: "The identity.", 404: "There is none of this id."}, query=REVEAL))
    async def get(self, request: Request) -> Response:
        """One identity with its credentials; their config only where asked for."""
        return await self._shown(request, await self.find(path_id(request)))

    @operation(Operation(TAG, {200: "The identity.", 404: "There is none of this external id."}, query=REVEAL))
    async def get_by_external_id(self, request: Request) -> Response:
        """The identity that carries the operator's own id."""
        external_id = last_segment(request)
        reader = self._house.database.reader
        return await self._shown(request, await store.find_by_external_id(reader, external_id, with_credentials=True))

    async def find(self, identity_id: UUID) -> Identity | None:
        return await store.find_identity(self._house.database.reader, identity_id, with_credentials=True)

    async def _shown(self, request: Request, identity: Identity | None) -> Response:
        reveal = read_reveal(request)
        if identity is None:
            raise NotFound
        return json_answer(admin_identity(self._house.identities.opened(identity), self._house.public_url, reveal))


async def read_value(request: Request) -> object:
    """The JSON value of a body. Raises MalformedBody, BodyTooLarge."""
    try:
        return first_value(await read_limited(request))
    except Unreadable as error:
        raise MalformedBody(str(error)) from None


def last_segment(request: Request) -> str:
    """The end of the path, decoded once: an external id may hold slashes and percent signs."""
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    return unquote(raw.decode("latin-1").rpartition("/")[2])


def path_id(request: Request) -> UUID:
    """The id in the path. Raises NotFound for what is none: there is nothing of that id."""
    found = find_uuid(request.path_params["id"])
    if found is None:
        raise NotFound
    return found
