"""Identities as JSON, in the shapes that Kratos's clients expect.

GET /admin/identities/{id}, and the public part of it.
"""

from typing import Any

from doorward.clock import rfc3339
from doorward.identities.model import Credential, Identity, RecoveryAddress, VerifiableAddress
from doorward.identities.schema import schema_url


def public_identity(identity: Identity, base_url: str) -> dict[str, Any]:
    """What the person and templates may see: no credentials, no `metadata_admin`."""
    body: dict[str, Any] = {
        "id": str(identity.id),
        "schema_id": identity.schema_id,
        "schema_url": schema_url(base_url, identity.schema_id),
        "state": str(identity.state),
        "state_changed_at": rfc3339(identity.state_changed_at),
        "traits": identity.traits,
        "metadata_public": identity.metadata_public,
        "created_at": rfc3339(identity.created_at),
        "updated_at": rfc3339(identity.updated_at),
        "organization_id": None if identity.organization_id is None else str(identity.organization_id),
    }
    if identity.external_id:
        body["external_id"] = identity.external_id
    if identity.verifiable_addresses:
        body["verifiable_addresses"] = [verifiable_address(each) for each in identity.verifiable_addresses]
    if identity.recovery_addresses:
        body["recovery_addresses"] = [recovery_address(each) for each in identity.recovery_addresses]
    return body


def admin_identity(identity: Identity, base_url: str, reveal: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The administrator's view; a credential's `config` only for the types in `reveal`."""
    body = admin_summary(identity, base_url)
    if identity.credentials:
        body["credentials"] = {
            kind: _credential(credential, kind in reveal) for kind, credential in identity.credentials.items()
        }
    return body


def admin_summary(identity: Identity, base_url: str) -> dict[str, Any]:
    """The administrator's view without credentials, as in lists."""
    return {**public_identity(identity, base_url), "metadata_admin": identity.metadata_admin}


def created_identity(identity: Identity, base_url: str) -> dict[str, Any]:
    """What Kratos answers to a create: as `admin_identity`, but credentials that the schema derives are of version 0
    (but for code), no identifiers are null, and empty `metadata_admin` is left out."""
    body = admin_identity(identity, base_url)
    if body["metadata_admin"] is None:
        del body["metadata_admin"]
    for kind, shown in body.get("credentials", {}).items():
        shown["version"] = shown["version"] if kind == "code" else 0
        shown["identifiers"] = shown["identifiers"] or None
    return body


def verifiable_address(address: VerifiableAddress) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": str(address.id),
        "value": address.value,
        "verified": address.verified,
        "via": address.via,
        "status": address.status,
        "created_at": rfc3339(address.created_at),
        "updated_at": rfc3339(address.updated_at),
    }
    if address.verified_at is not None:
        body["verified_at"] = rfc3339(address.verified_at)
    return body


def recovery_address(address: RecoveryAddress) -> dict[str, Any]:
    return {
        "id": str(address.id),
        "value": address.value,
        "via": address.via,
        "created_at": rfc3339(address.created_at),
        "updated_at": rfc3339(address.updated_at),
    }


def _credential(credential: Credential, is_revealed: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": credential.type,
        "identifiers": list(credential.identifiers),
        "version": credential.version,
        "created_at": rfc3339(credential.created_at),
        "updated_at": rfc3339(credential.updated_at),
    }
    if is_revealed:
        body["config"] = credential.config
    return body
