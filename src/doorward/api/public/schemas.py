"""GET /schemas and /schemas/{id}: the identity schemas, so that clients can build forms and check values."""

import base64
import binascii
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.public.pages_of import page_of
from doorward.identities.schema import IdentitySchema, SchemaRegistry, UnknownSchema
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer


class SchemasApi:
    """Endpoints under /schemas (and /admin/schemas on the same port, as Kratos has it)."""

    def __init__(self, schemas: SchemaRegistry) -> None:
        self._schemas = schemas

    def routes(self) -> list[Route]:
        return [
            Route("/schemas", self.list_schemas),
            Route("/schemas/{id}", self.get_schema),
            Route("/admin/schemas", self.list_schemas, include_in_schema=False),
            Route("/admin/schemas/{id}", self.get_schema, include_in_schema=False),
        ]

    @operation(
        Operation(
            "schemas",
            {200: "A page of `{id, schema}`."},
            query={
                "page_size": "How many.",
                "page_token": "From the Link header.",
                "per_page": "How many (older).",
                "page": "Which page, from 0 (older).",
            },
        )
    )
    async def list_schemas(self, request: Request) -> Response:
        """All identity schemas, in the order of the configuration."""
        page = page_of(self._schemas.list_schemas(), request.url.path, request.query_params.multi_items())
        return json_answer([{"id": each.id, "schema": each.document} for each in page.items], headers=page.headers)

    @operation(Operation("schemas", {200: "The JSON Schema itself.", 404: "There is none of this id."}))
    async def get_schema(self, request: Request) -> Response:
        """One identity schema, by its id as it is or in unpadded base64url."""
        return json_answer(self._find(unquote(request.path_params["id"])).document)

    def _find(self, given: str) -> IdentitySchema:
        try:
            return self._schemas.get_schema(given)
        except UnknownSchema:
            return self._schemas.get_schema(_decoded(given))


def _decoded(text: str) -> str:
    """Text in unpadded base64url; anything else comes back as it is."""
    if "=" in text:
        return text
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return text
