"""An identity as the JSON document that a JSON Patch changes, and back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.api.admin.identity_body import read_region
from doorward.api.admin.typed_json import JsonFields
from doorward.identities.model import AddressStatus, Credential, Identity, RecoveryAddress, VerifiableAddress
from doorward.identities.render import admin_identity
from doorward.ids import new_row_id
from doorward.web.body import MalformedBody

CLOSED = frozenset({("id",), ("statechangedat",), ("credentials",)})
CLOSED_BELOW = frozenset({("credentials", "oidc"), ("credentials", "saml")})


def is_denied(path: tuple[str, ...]) -> bool:
    """What a patch may not touch: the id, all credentials at once, and names at social providers."""
    lowered = tuple(part.lower() for part in path)
    return lowered in CLOSED or lowered[:2] in CLOSED_BELOW


def document_of(identity: Identity, base_url: str) -> dict[str, Any]:
    """Everything that an administrator may see, with the secrets of all credentials."""
    body = admin_identity(identity, base_url, frozenset(identity.credentials))
    return {
        **body,
        "credentials": {
            kind: {**each, "config": dict(each["config"])} for kind, each in body.get("credentials", {}).items()
        },
    }


def identity_of(document: Any, before: Identity, at: datetime) -> Identity:
    """Raises MalformedBody for wrong types. What is missing becomes empty; names that nobody knows are ignored."""
    fields = JsonFields(document)
    read_region(fields.text("region"))
    return replace(
        before,
        schema_id=fields.text("schema_id") or "",
        traits=fields.raw("traits"),
        state=fields.text("state") or "",
        state_changed_at=fields.time("state_changed_at") or before.state_changed_at,
        created_at=fields.time("created_at") or before.created_at,
        external_id=fields.text("external_id") or None,
        metadata_public=fields.raw("metadata_public"),
        metadata_admin=fields.raw("metadata_admin"),
        organization_id=fields.uuid("organization_id"),
        verifiable_addresses=tuple(_verifiable(each, at) for each in fields.objects("verifiable_addresses")),
        recovery_addresses=tuple(_recovery(each, at) for each in fields.objects("recovery_addresses")),
        credentials=_credentials(fields.raw("credentials"), before, at),
    )


def _verifiable(given: JsonFields, at: datetime) -> VerifiableAddress:
    is_verified = given.flag("verified") or False
    return VerifiableAddress(
        id=given.uuid("id") or new_row_id(),
        value=given.text("value") or "",
        via=given.text("via") or "",
        verified=is_verified,
        status=given.text("status") or AddressStatus.PENDING,
        verified_at=(given.time("verified_at") or at) if is_verified else None,
        created_at=given.time("created_at") or at,
        updated_at=given.time("updated_at") or at,
    )


def _recovery(given: JsonFields, at: datetime) -> RecoveryAddress:
    return RecoveryAddress(
        id=given.uuid("id") or new_row_id(),
        value=given.text("value") or "",
        via=given.text("via") or "",
        created_at=given.time("created_at") or at,
        updated_at=given.time("updated_at") or at,
    )


def _credentials(given: Any, before: Identity, at: datetime) -> Mapping[str, Credential]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise MalformedBody("credentials has to be an object.")
    return {kind: _credential(kind, JsonFields(each, kind), before, at) for kind, each in given.items()}


def _credential(kind: str, given: JsonFields, before: Identity, at: datetime) -> Credential:
    if given.text("type") != kind:
        raise MalformedBody(f"A credential's type has to be its name: {kind}.")
    config = given.raw("config") or {}
    if not isinstance(config, Mapping):
        raise MalformedBody(f"The config of {kind} has to be an object.")
    identifiers = given.items("identifiers")
    if not all(isinstance(each, str) for each in identifiers):
        raise MalformedBody(f"The identifiers of {kind} have to be texts.")
    old = before.credentials.get(kind)
    if old is not None and dict(old.config) == dict(config) and list(old.identifiers) == list(identifiers):
        return old
    created_at = old.created_at if old else at
    return Credential(kind, tuple(identifiers), dict(config), old.version if old else 0, created_at, at)
