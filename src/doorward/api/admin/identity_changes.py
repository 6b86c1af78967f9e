"""Admin API: an identity replaced, patched, deleted. Changes go through the service, so that its actions fire."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.credential_body import merged, read_credentials, to_credentials
from doorward.api.admin.identities import PREFIXES, path_id, read_value
from doorward.api.admin.identity_body import read_state
from doorward.api.admin.identity_document import document_of, identity_of, is_denied
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.json_patch import PatchImpossible, apply_json_patch
from doorward.api.admin.refusals import kratos_refusals
from doorward.api.admin.typed_json import JsonFields
from doorward.errors import InvalidInput, NotFound
from doorward.identities import store
from doorward.identities.draft import NewCredential, make_credential
from doorward.identities.model import Identity
from doorward.identities.render import admin_identity
from doorward.identities.schema import schema_url
from doorward.identities.service import Change, Edit, IdentifierTaken
from doorward.storage.contract import Transaction
from doorward.web.body import MalformedBody
from doorward.web.negotiate import JSON, media_type
from doorward.web.operation import Operation, operation
from doorward.web.responses import json_answer

ANSWERS = {
    200: "The identity.",
    400: "The body, or the traits.",
    404: "There is none of this id.",
    409: "Taken already.",
}


class IdentityChangesApi:
    """PUT, PATCH and DELETE /admin/identities/{id}."""

    def __init__(self, house: IdentityHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [
            Route(f"{prefix}/identities/{{id}}", endpoint, methods=[method], include_in_schema=bool(prefix))
            for prefix in PREFIXES
            for method, endpoint in (("PUT", self.put), ("PATCH", self.patch), ("DELETE", self.delete))
        ]

    @operation(Operation("identities", ANSWERS))
    async def put(self, request: Request) -> Response:
        """Replaces traits, state, metadata and external id; credentials that are given are added."""
        identity_id = path_id(request)
        if media_type(request.headers.get("content-type", "")) != JSON:
            raise InvalidInput("Send the identity as application/json.")
        before = await store.find_identity(self._house.database.reader, identity_id)
        if before is None:
            raise NotFound
        fields, credentials = await self._read_put(request)
        body = self._shown(await self._rewritten(request, self._replacing(fields, credentials)))
        body["schema_url"] = schema_url(self._house.public_url, before.schema_id)
        if body["metadata_admin"] is None:
            del body["metadata_admin"]
        return json_answer(body)

    @operation(Operation("identities", ANSWERS))
    async def patch(self, request: Request) -> Response:
        """Applies a JSON Patch (add, remove, replace) to the identity's document."""
        identity_id = path_id(request)
        if await store.find_identity(self._house.database.reader, identity_id) is None:
            raise NotFound
        try:
            operations = await read_value(request)
        except MalformedBody as error:
            raise InvalidInput(error.reason) from None

        def edit(before: Identity, at: datetime) -> Identity:
            document = document_of(before, self._house.public_url)
            return identity_of(apply_json_patch(document, operations, is_denied), before, at)

        return json_answer(self._shown(await self._rewritten(request, edit)))

    @operation(Operation("identities", {204: "It is gone, with its sessions.", 404: "There is none of this id."}))
    async def delete(self, request: Request) -> Response:
        """Deletes an identity for good; what was not delivered yet is dropped, and the deletion is delivered."""
        house, identity_id = self._house, path_id(request)

        async def delete_it(tx: Transaction) -> Change:
            return await house.identities.delete(tx, identity_id, house.cause())

        with kratos_refusals():
            await house.database.transaction(delete_it)
        return Response(status_code=204)

    async def _read_put(self, request: Request) -> tuple[JsonFields, tuple[NewCredential, ...]]:
        try:
            fields = JsonFields(await read_value(request))
            for name in ("schema_id", "external_id"):
                fields.text(name)
            if not isinstance(fields.raw("traits"), Mapping):
                raise InvalidInput("traits are needed.")
            read_state(fields.text("state"))
            given = read_credentials(fields.fields("credentials"))
        except MalformedBody as error:
            raise InvalidInput(error.reason) from None
        with kratos_refusals():
            return fields, await to_credentials(given, self._house.passwords)

    def _replacing(self, fields: JsonFields, credentials: tuple[NewCredential, ...]) -> Edit:
        schemas = self._house.identities.schemas

        def edit(before: Identity, at: datetime) -> Identity:
            changed = replace(
                before,
                schema_id=fields.text("schema_id") or before.schema_id,
                traits=fields.raw("traits"),
                state=read_state(fields.text("state")) or before.state,
                metadata_public=fields.raw("metadata_public"),
                metadata_admin=fields.raw("metadata_admin"),
                external_id=fields.text("external_id") or None,
            )
            schema = schemas.get_schema(changed.schema_id)
            kept = dict(before.credentials)
            for item in credentials:
                made = make_credential(schema, changed, item, at)
                old = kept.get(item.type)
                if old is not None:
                    doubles = set(old.identifiers) & set(made.identifiers) if item.type in ("oidc", "saml") else set()
                    if doubles:
                        raise IdentifierTaken
                    names = tuple(dict.fromkeys((*old.identifiers, *made.identifiers)))
                    made = replace(
                        old, config=merged(item.type, old.config, item.config), identifiers=names, updated_at=at
                    )
                kept[item.type] = made
            return replace(changed, credentials=kept)

        return edit

    async def _rewritten(self, request: Request, edit: Edit) -> Identity:
        house, identity_id = self._house, path_id(request)

        async def rewrite(tx: Transaction) -> Change:
            return await house.identities.rewrite(tx, identity_id, edit, house.cause())

        try:
            with kratos_refusals():
                return (await house.database.transaction(rewrite)).identity
        except (MalformedBody, PatchImpossible) as error:
            raise InvalidInput(error.reason) from None

    def _shown(self, identity: Identity) -> dict[str, Any]:
        return admin_identity(identity, self._house.public_url)
