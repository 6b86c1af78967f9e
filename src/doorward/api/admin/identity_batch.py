"""Admin API: up to a thousand new identities in one transaction. What one of them lacks does not stop the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.credential_body import to_credentials
from doorward.api.admin.identities import PREFIXES, read_value
from doorward.api.admin.identity_body import GivenIdentity, read_new_identity
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.refusals import kratos_refusals
from doorward.api.admin.typed_json import JsonFields
from doorward.errors import Conflict, DoorwardError, InvalidInput
from doorward.flows.errors import UnreadableSubmission
from doorward.identities.draft import Draft
from doorward.identities.service import Change
from doorward.storage.contract import Transaction
from doorward.web.body import MalformedBody
from doorward.web.operation import Operation, operation
from doorward.web.problems import problem_of
from doorward.web.responses import json_answer

IDENTITIES_MAX, PLAIN_MAX = 1000, 200


@dataclass(frozen=True, slots=True)
class Wish:
    """One entry of the batch: `given` None asks for nothing."""

    patch_id: UUID | None
    given: GivenIdentity | None


class IdentityBatchApi:
    """PATCH /admin/identities."""

    def __init__(self, house: IdentityHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [
            Route(f"{prefix}/identities", self.batch, methods=["PATCH"], include_in_schema=bool(prefix))
            for prefix in PREFIXES
        ]

    @operation(
        Operation(
            "identities",
            {200: "What became of each, in order.", 400: "The body; nothing was stored."},
            body='`{"identities": [{"create": …, "patch_id": "…"}]}`, as POST takes one.',
        )
    )
    async def batch(self, request: Request) -> Response:
        """Creates up to 1,000 identities (200 with passwords in plain text) in one transaction."""
        wishes = await self._read(request)
        drafts = [await self._drafted(wish.given) if wish.given else None for wish in wishes]
        stored = iter(await self._stored([each for each in drafts if isinstance(each, Draft)]))
        answers = [
            None if draft is None else _answer(wish, next(stored) if isinstance(draft, Draft) else draft)
            for wish, draft in zip(wishes, drafts, strict=True)
        ]
        return json_answer({"identities": answers})

    async def _read(self, request: Request) -> list[Wish]:
        try:
            entries = JsonFields(await read_value(request)).allow("identities").objects("identities")
            if len(entries) > IDENTITIES_MAX:
                raise InvalidInput(f"At most {IDENTITIES_MAX} identities are taken at once.")
            wishes = [self._wish(entry) for entry in entries]
        except MalformedBody as error:
            # Kratos answers 400 with the code 500 inside; its clients have seen both.
            raise UnreadableSubmission(error.reason) from None
        plain = sum(1 for wish in wishes if wish.given and has_plain_password(wish.given))
        if plain > PLAIN_MAX:
            raise InvalidInput(f"At most {PLAIN_MAX} passwords in plain text are taken at once; send hashes.")
        return wishes

    def _wish(self, entry: JsonFields) -> Wish:
        entry.allow("create", "patch_id")
        given = None
        if entry.has("create"):
            schema_id = self._house.identities.schemas.default_id
            given = read_new_identity(entry.raw("create"), schema_id, self._house.clock.now())
        return Wish(entry.uuid("patch_id"), given)

    async def _drafted(self, given: GivenIdentity) -> Draft | InvalidInput:
        """A bad hash fails the whole batch, bad traits only their own entry, as in Kratos."""
        with kratos_refusals():
            credentials = await to_credentials(given.credentials, self._house.passwords)
        try:
            with kratos_refusals():
                return self._house.identities.draft(given.to_new(credentials))
        except InvalidInput as error:
            return error

    async def _stored(self, drafts: list[Draft]) -> list[Change | None]:
        house = self._house

        async def store_them(tx: Transaction) -> list[Change | None]:
            return await house.identities.create_many(tx, drafts, house.cause())

        return await house.database.transaction(store_them) if drafts else []


def has_plain_password(given: GivenIdentity) -> bool:
    """Whether a password has to be hashed here."""
    password = given.credentials.password
    return password is not None and bool(password.plain) and not password.has_hook


def _answer(wish: Wish, made: Change | InvalidInput | None) -> Mapping[str, Any]:
    named: dict[str, Any] = {} if wish.patch_id is None else {"patch_id": str(wish.patch_id)}
    if isinstance(made, Change):
        return {"action": "create", "identity": str(made.identity.id), **named}
    refused: DoorwardError = Conflict() if made is None else made
    return {"action": "error", "error": problem_of(refused).error, **named}
