"""Credentials that the schema marks: whoever has a marked trait has the credential, even before there is a secret.

As in Kratos, password, webauthn and code exist with their identifiers from the start: nobody else can take them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.identities.model import Credential, Identity
from doorward.identities.schema import IdentitySchema

MARKED = ("password", "webauthn", "code")
CODE = "code"
# What Kratos's clients see as the version of a credential whose config has today's form.
VERSION = 1


def mark_credentials(schema: IdentitySchema, identity: Identity, at: datetime) -> Identity:
    """The identity with every marked credential, each with the identifiers of its traits.

    Where a schema marks nothing, what is there stays: somebody who was moved to another schema can still sign in.
    """
    credentials = dict(identity.credentials)
    for kind in MARKED:
        identifiers = schema.identifiers(identity.traits, kind)
        if identifiers:
            credentials[kind] = _marked(schema, identity, kind, identifiers, at)
    return replace(identity, credentials=credentials)


def _marked(
    schema: IdentitySchema, identity: Identity, kind: str, identifiers: tuple[str, ...], at: datetime
) -> Credential:
    old = identity.credentials.get(kind)
    config: Mapping[str, Any] = {} if old is None else old.config
    if kind == CODE:
        addresses = [{"channel": via, "address": value} for via, value in schema.code_addresses(identity.traits)]
        config = {**config, "addresses": addresses}
    if old is None:
        return Credential(kind, identifiers, config, VERSION, at, at)
    if set(old.identifiers) == set(identifiers) and old.config == config:
        return old
    return replace(old, identifiers=identifiers, config=config, updated_at=at)
