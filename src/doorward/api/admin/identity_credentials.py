"""Admin API: one way to sign in is taken away from somebody, never the last one."""

from dataclasses import replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.api.admin.identities import PREFIXES, path_id
from doorward.api.admin.identity_house import IdentityHouse
from doorward.api.admin.refusals import kratos_refusals
from doorward.errors import InvalidInput, NotFound
from doorward.identities.first_factors import count_first_factors
from doorward.identities.model import Credential, Identity
from doorward.identities.service import Change
from doorward.storage.contract import Transaction
from doorward.web.flow_request import first_values
from doorward.web.operation import Operation, operation

SECOND = frozenset({"totp", "lookup_secret"})
NAMED = frozenset({"oidc", "saml"})
LAST = "You cannot remove the last first factor credential."


class IdentityCredentialsApi:
    """DELETE /admin/identities/{id}/credentials/{type}."""

    def __init__(self, house: IdentityHouse) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        path = "/identities/{id}/credentials/{type}"
        return [
            Route(prefix + path, self.delete, methods=["DELETE"], include_in_schema=bool(prefix)) for prefix in PREFIXES
        ]

    @operation(
        Operation(
            "identities",
            {204: "It is gone.", 400: "The last one, or one that cannot be taken away.", 404: "There is none."},
            query={"identifier": "Which account at a social provider: `PROVIDER:SUBJECT`."},
        )
    )
    async def delete(self, request: Request) -> Response:
        """Removes a credential; of social accounts the one that is named."""
        house, identity_id = self._house, path_id(request)
        kind = request.path_params["type"]
        name = first_values(request).get("identifier", "")

        def edit(before: Identity, at: datetime) -> Identity:
            return without_credential(before, kind, name, at, is_code_first=house.is_code_first)

        async def rewrite(tx: Transaction) -> Change:
            return await house.identities.rewrite(tx, identity_id, edit, house.cause())

        with kratos_refusals():
            await house.database.transaction(rewrite)
        return Response(status_code=204)


def without_credential(identity: Identity, kind: str, name: str, at: datetime, *, is_code_first: bool) -> Identity:
    """Raises NotFound, InvalidInput (cannot be taken away, or is the last first factor)."""
    if kind == "code" or (kind == "deviceauthn" and not name):
        raise InvalidInput(f"A credential of type {kind} cannot be removed.")
    credential = identity.credentials.get(kind)
    factors = count_first_factors(identity, is_code_first=is_code_first)
    if kind in NAMED and credential is not None:
        kept = _without_provider(credential, name, factors, at)
    elif credential is None:
        raise NotFound(f"This identity has no credential of type {kind}.")
    elif kind == "webauthn":
        kept = _without_second_keys(credential, at)
    elif kind not in SECOND and factors < 2:
        raise InvalidInput(LAST)
    else:
        kept = None
    credentials = {each: value for each, value in identity.credentials.items() if each != kind}
    return replace(identity, credentials=credentials if kept is None else {**credentials, kind: kept})


def _without_provider(credential: Credential, name: str, factors: int, at: datetime) -> Credential:
    if not name:
        raise InvalidInput("Name the account: identifier=PROVIDER:SUBJECT.")
    if factors < 2:
        raise InvalidInput(LAST)
    providers = credential.config.get("providers") or ()
    kept = [each for each in providers if f"{each.get('provider')}:{each.get('subject')}" != name]
    if len(kept) == len(providers):
        raise NotFound("This identity has no such account.")
    identifiers = tuple(each for each in credential.identifiers if each != name)
    return replace(credential, config={**credential.config, "providers": kept}, identifiers=identifiers, updated_at=at)


def _without_second_keys(credential: Credential, at: datetime) -> Credential:
    """Keys that sign in by themselves stay: they are a first factor."""
    keys = [each for each in credential.config.get("credentials") or () if each.get("is_passwordless")]
    return replace(credential, config={**credential.config, "credentials": keys} if keys else {}, updated_at=at)
